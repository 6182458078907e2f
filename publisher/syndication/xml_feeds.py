"""Atom 1.0 (RFC 4287) and RSS 2.0, through feedgen; the only module that knows it.

feedgen cannot say all that we have to say: languages, every enclosure, `via` links, Dublin Core.
Extensions write those into the elements that it has built. They use plain element names,
since feedgen sets the Atom namespace as an attribute of the root.
"""

from __future__ import annotations

import re
import threading
from typing import Any
from xml.sax.saxutils import quoteattr

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml.etree import SubElement, _Element

from publisher.syndication.document import MEDIA_TYPES, Entry, FeedDocument

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
ATOM = "http://www.w3.org/2005/Atom"
FEED_HISTORY = "http://purl.org/syndication/history/1.0"  # RFC 5005
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"  # RFC 6721
CHAIN = "urn:publisher:archive-chain"
# feedgen sets the locale of the whole process while it writes a date of RSS.
_one_at_a_time = threading.Lock()
_title = re.compile(rb"<title>[^<]*</title>")


class _FeedExtension(BaseExtension):  # type: ignore[misc]
    """What feedgen leaves out at the top of a feed."""

    document: FeedDocument

    def extend_ns(self) -> dict[str, str]:
        spaces = {"dc": DUBLIN_CORE}
        if self.document.tombstones:
            spaces["at"] = TOMBSTONES
        if self.document.archive or self.document.before:
            spaces |= {"fh": FEED_HISTORY, "chain": CHAIN}
        return spaces

    def extend_atom(self, element: _Element) -> _Element:
        document = self.document
        if document.archive:
            SubElement(element, f"{{{FEED_HISTORY}}}archive")
        if document.before:
            _link(element, "prev-archive", document.before.address, MEDIA_TYPES["atom"])
            self._chain(element, document.before.sha256)
        for stone in document.tombstones:
            SubElement(
                element,
                f"{{{TOMBSTONES}}}deleted-entry",
                {"ref": stone.uid, "when": stone.when.isoformat()},
            )
        return element

    def extend_rss(self, element: _Element) -> _Element:
        """RFC 5005 is for RSS, too; its archive documents are Atom, since readers take both."""
        before = self.document.before
        if before:
            values = {"rel": "prev-archive", "href": before.address, "type": MEDIA_TYPES["atom"]}
            SubElement(element[0], f"{{{ATOM}}}link", values)
            self._chain(element[0], before.sha256)
        return element

    def _chain(self, parent: _Element, sha256: str) -> None:
        SubElement(parent, f"{{{CHAIN}}}previous").set("sha256", sha256)


class _EntryExtension(BaseEntryExtension):  # type: ignore[misc]
    """What feedgen leaves out of an entry."""

    entry: Entry

    def extend_atom(self, element: _Element) -> _Element:
        view = self.entry.view
        element.set(XML_LANG, view.language)
        for broken in element.findall("link"):  # feedgen writes them without rel and type
            element.remove(broken)
        _link(element, "alternate", view.url, "text/html")
        for medium in view.media:
            _link(element, "enclosure", medium.url, medium.type, medium.size, medium.alt)
        for source in view.sources:
            if source.url:
                _link(element, "via", source.url, title=source.name)
        if view.original_url:
            _link(element, "via", view.original_url)
        self._dublin_core(element)
        return element

    def extend_rss(self, element: _Element) -> _Element:
        for author in self.entry.view.authors:
            SubElement(element, f"{{{DUBLIN_CORE}}}creator").text = author
        self._dublin_core(element)
        updated = SubElement(element, f"{{{ATOM}}}updated")
        updated.text = self.entry.updated.isoformat()
        return element

    def _dublin_core(self, element: _Element) -> None:
        for source in self.entry.view.sources:
            SubElement(element, f"{{{DUBLIN_CORE}}}source").text = source.name
        SubElement(element, f"{{{DUBLIN_CORE}}}language").text = self.entry.view.language


def xml_documents(document: FeedDocument) -> dict[str, bytes]:
    """The Atom and RSS bytes of a document, for those of the two that it has addresses for."""
    with _one_at_a_time:
        feed = _feed(document)
        written: dict[str, bytes] = {}
        for form in ("atom", "rss"):
            if form in document.addresses:
                feed.link(_links(document, form), replace=True)
                data = feed.atom_str() if form == "atom" else _rss(feed)
                written[form] = data.replace(b"?>\n", _style(document), 1)
        return written


def _style(document: FeedDocument) -> bytes:
    """Readable in a browser, too: Chromium has no XSLT any more, but CSS for XML."""
    sheet = quoteattr(f"{document.root}feed.css")
    return f'?>\n<?xml-stylesheet type="text/css" href={sheet}?>\n'.encode()


def _rss(feed: FeedGenerator) -> bytes:
    # Readers differ in whether they take a title for text or for HTML: as character references,
    # & and < come out right in both kinds (RSS Best Practices Profile, "title").
    return _title.sub(
        lambda m: m[0].replace(b"&amp;", b"&#x26;").replace(b"&lt;", b"&#x3C;"), feed.rss_str()
    )


def _feed(document: FeedDocument) -> FeedGenerator:
    feed = FeedGenerator()
    feed.register_extension("site", _FeedExtension, _EntryExtension)
    feed.site.document = document
    feed.id(document.id)
    feed.title(document.title)
    feed.subtitle(document.subtitle or document.title)
    feed.updated(document.updated)
    feed.pubDate(document.updated)
    feed.language(document.language)
    feed.author(name=document.publisher)
    feed.generator("publisher")
    feed.docs("https://www.rssboard.org/rss-specification")
    if document.rights:
        feed.rights(document.rights)
    if document.logo:
        feed.logo(document.logo)
    for entry in document.entries:
        feed.add_entry(_entry(entry, document.full_content), order="append")
    return feed


def _entry(entry: Entry, full_content: bool) -> FeedEntry:
    view = entry.view
    written = FeedEntry()
    written.register_extension("site", _EntryExtension)
    written.site.entry = entry
    written.id(view.uid)
    written.title(view.title)
    written.link(href=view.url, rel="alternate")
    written.published(view.published)
    written.updated(entry.updated)
    written.author([{"name": name} for name in view.authors])
    written.category(
        [{"term": c.path, "scheme": c.scheme, "label": c.title} for c in view.categories]
        + [{"term": tag, "label": tag} for tag in view.tags]
    )
    written.description(view.summary, isSummary=True)
    if full_content and entry.full:
        written.content(entry.html, type="html")
    for medium in [medium for medium in view.media if medium.type][:1]:  # RSS takes one
        written.enclosure(medium.url, str(medium.size or 0), medium.type)
    return written


def _links(document: FeedDocument, form: str) -> list[dict[str, str]]:
    if document.archive:
        here = document.addresses["atom"].removesuffix("atom.xml")
        return [
            {"href": f"{here}archive/{document.archive}.xml", "rel": "self"},
            {"href": document.addresses["atom"], "rel": "current"},
            {"href": document.page, "rel": "alternate", "type": "text/html"},
        ]
    others = [name for name in document.addresses if name != form]
    return [
        {"href": document.addresses[form], "rel": "self", "type": MEDIA_TYPES[form]},
        *(
            {"href": document.addresses[name], "rel": "alternate", "type": MEDIA_TYPES[name]}
            for name in others
        ),
        # Last, because RSS takes the last alternate as the feed's own page.
        {"href": document.page, "rel": "alternate", "type": "text/html"},
    ]


def _link(
    parent: _Element,
    rel: str,
    href: str,
    media_type: str = "",
    size: int | None = None,
    title: str = "",
) -> None:
    link: dict[str, Any] = {"rel": rel, "href": href}
    link |= {"type": media_type} if media_type else {}
    link |= {"length": str(size)} if size is not None else {}
    link |= {"title": title} if title else {}
    SubElement(parent, "link", link)
