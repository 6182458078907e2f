"""What cleaning has taken out of an article, for whoever wrote it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from publisher.ingest.raw import RawArticle
from publisher.model import Content

# What the parser adds by itself.
_FRAME = {"html", "head", "body"}


@dataclass(frozen=True, slots=True)
class Removed:
    """One thing that is not as it was given: the field, and what happened."""

    field: str
    what: str


def removed(raw: RawArticle, content: Content) -> tuple[Removed, ...]:
    """What of `raw` is missing in `content`, or was replaced. That addresses are made complete,
    and the white space of plain texts made regular, is not told."""
    return (*_from_body(raw.body, content.body), *_from_fields(raw, content))


def _from_body(raw: str, cleaned: str) -> Iterator[Removed]:
    before, after = _markup(raw), _markup(cleaned)
    for name, number in (before - after).items():
        times = f" ({number} times)" if number > 1 else ""
        yield Removed("body", f"{name} was removed{times}")


def _markup(html: str) -> Counter[str]:
    """How often each element and each attribute stands there."""
    found: Counter[str] = Counter()
    if "<" not in html:
        return found
    parser = etree.HTMLParser(recover=True, no_network=True, encoding="utf-8")
    # The parser stops at a NUL character; cleaning drops it.
    plain = html.replace("\0", "").encode("utf-8", "replace")
    for element in etree.fromstring(b"<div>" + plain + b"</div>", parser).iter():
        if isinstance(element.tag, str) and element.tag not in _FRAME:
            found[f"<{element.tag}>"] += 1
            found.update(f"{name!s} of <{element.tag}>" for name in element.attrib)
    return found


def _from_fields(raw: RawArticle, content: Content) -> Iterator[Removed]:
    for field in ("title", "summary", "correction"):
        given = " ".join((getattr(raw, field) or "").split())
        if given and getattr(content, field) != given:
            yield Removed(field, "markup, entities or unusable characters were taken out")
    for field in ("sources", "authors", "tags", "media", "aliases"):
        lost = len(getattr(raw, field)) - len(getattr(content, field))
        if lost > 0:
            yield Removed(field, f"{lost} of its entries: empty, repeated or without an address")
    if raw.url and not content.url:
        yield Removed("url", "it is no http, https, mailto or tel address")
    if raw.language and raw.language.strip().replace("_", "-") != content.language:
        yield Removed("language", f"it is no language tag; {content.language} was taken")
    if sum(bool(one.url) for one in raw.sources) > sum(bool(one.url) for one in content.sources):
        yield Removed("sources", "the address of a source cannot be used")
