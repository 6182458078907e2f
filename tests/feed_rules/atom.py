"""Atom 1.0: the grammar of RFC 4287 (atom.rng), and what its text demands besides.

Of the extensions: RFC 5005 (archives), RFC 6721 (what was deleted).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lxml import etree

from tests.feed_rules.values import relative_links

ATOM = "{http://www.w3.org/2005/Atom}"
AT = "{http://purl.org/atompub/tombstones/1.0}"
FH = "{http://purl.org/syndication/history/1.0}"


def problems(data: bytes) -> list[str]:
    """Everything that is wrong with an Atom document."""
    try:
        root = etree.fromstring(data)
    except etree.XMLSyntaxError as error:
        return [f"not well-formed: {error}"]
    grammar = _grammar()
    if not grammar.validate(root):
        return [f"line {one.line}: {one.message}" for one in grammar.error_log]
    return [*_feed(root), *_entries(root), *_history(root), *_tombstones(root)]


@cache
def _grammar() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(Path(__file__).with_name("atom.rng")))


def _feed(root: etree._Element) -> Iterator[str]:
    if not links(root, "self"):
        yield "4.1.1: a feed should have a link to itself"
    if links(root, "self") and len(set(links(root, "self"))) > 1:
        yield "4.1.1: more than one link to itself"
    yield from _alternates(root, "the feed")
    authored = root.find(f"{ATOM}author") is not None
    if not authored and any(e.find(f"{ATOM}author") is None for e in root.iter(f"{ATOM}entry")):
        yield "4.1.1: neither the feed nor each of its entries has an author"


def _entries(root: etree._Element) -> Iterator[str]:
    counted = Counter(entry.findtext(f"{ATOM}id") for entry in root.iter(f"{ATOM}entry"))
    for uid, number in counted.items():
        if number > 1:
            yield f"4.1.1: {uid} stands {number} times"
    updates = Counter(entry.findtext(f"{ATOM}updated") for entry in root.iter(f"{ATOM}entry"))
    for moment, number in updates.items():
        if number > 1:
            yield f"{number} entries were updated at {moment}: readers cannot order them"
    for entry in root.iter(f"{ATOM}entry"):
        yield from _entry(entry, entry.findtext(f"{ATOM}id") or "")


def _entry(entry: etree._Element, uid: str) -> Iterator[str]:
    content = entry.find(f"{ATOM}content")
    if content is None and not links(entry, "alternate"):
        yield f"4.1.2: {uid} has neither content nor an alternate link"
    if content is not None and content.get("src") and entry.find(f"{ATOM}summary") is None:
        yield f"4.1.2: {uid} has content elsewhere and no summary"
    yield from _alternates(entry, uid)
    if not entry.findtext(f"{ATOM}title"):
        yield f"4.2.14: {uid} has an empty title"
    moved = entry.findtext(f"{ATOM}published") or ""
    if moved > (entry.findtext(f"{ATOM}updated") or ""):
        yield f"4.2.15: {uid} was updated before it was published"
    for element in entry.iterchildren(f"{ATOM}content", f"{ATOM}summary"):
        if element.get("type") == "html":
            for address in relative_links(element.text or ""):
                yield f"{uid} holds a relative address: {address!r}"


def _alternates(parent: etree._Element, name: str) -> Iterator[str]:
    kinds = Counter(
        (link.get("type"), link.get("hreflang"))
        for link in parent.findall(f"{ATOM}link")
        if link.get("rel", "alternate") == "alternate"
    )
    for kind, number in kinds.items():
        if number > 1:
            yield f"4.1: {name} has {number} alternate links of the kind {kind}"


def _history(root: etree._Element) -> Iterator[str]:
    if root.find(f"{FH}archive") is not None:
        if not links(root, "current"):
            yield "RFC 5005, 4: an archive document should link to the current one"
        if root.find(f"{FH}complete") is not None:
            yield "RFC 5005, 4: a document is an archive or complete, not both"
        if links(root, "hub"):
            yield "an archive document never changes, so it needs no hub"
    for rel in ("prev-archive", "next-archive", "current"):
        if len(links(root, rel)) > 1:
            yield f"RFC 5005: more than one link {rel}"


def _tombstones(root: etree._Element) -> Iterator[str]:
    shown = {entry.findtext(f"{ATOM}id") for entry in root.iter(f"{ATOM}entry")}
    gone = Counter(stone.get("ref") for stone in root.iter(f"{AT}deleted-entry"))
    for uid, number in gone.items():
        if number > 1:
            yield f"RFC 6721: {number} tombstones of {uid}"
        if uid in shown:
            yield f"RFC 6721: {uid} is both there and deleted"
    if not gone and AT.strip("{}") in root.nsmap.values():
        yield "the namespace of tombstones is declared and not used"


def links(parent: etree._Element, rel: str) -> list[str]:
    """Where the links of that relation lead."""
    found = parent.findall(f"{ATOM}link")
    return [str(one.get("href")) for one in found if one.get("rel", "alternate") == rel]
