"""Atom 1.0 (RFC 4287) and RSS 2.0, through feedgen; the only module that knows it.

feedgen cannot say all that we have to say: `xml_elements` writes the rest into what it has built.
"""

from __future__ import annotations

import re
import threading
from html import escape
from xml.sax.saxutils import quoteattr

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml.etree import _Element

from publisher.syndication import xml_elements
from publisher.syndication.document import MEDIA_TYPES, Entry, FeedDocument

# feedgen sets the locale of the whole process while it writes a date of RSS.
_one_at_a_time = threading.Lock()
_title = re.compile(rb"<title>[^<]*</title>")


class _FeedExtension(BaseExtension):  # type: ignore[misc]
    """What feedgen leaves out at the top of a feed."""

    document: FeedDocument
    form: str

    def extend_ns(self) -> dict[str, str]:
        return xml_elements.namespaces(self.document, self.form)

    def extend_atom(self, element: _Element) -> _Element:
        xml_elements.atom_feed(element, self.document)
        return element

    def extend_rss(self, element: _Element) -> _Element:
        xml_elements.rss_channel(element[0], self.document)
        return element


class _EntryExtension(BaseEntryExtension):  # type: ignore[misc]
    """What feedgen leaves out of an entry."""

    entry: Entry

    def extend_atom(self, element: _Element) -> _Element:
        xml_elements.atom_entry(element, self.entry)
        return element

    def extend_rss(self, element: _Element) -> _Element:
        xml_elements.rss_item(element, self.entry)
        return element


def xml_documents(document: FeedDocument) -> dict[str, bytes]:
    """The Atom and RSS bytes of a document, for those of the two that it has addresses for."""
    with _one_at_a_time:
        feed = _feed(document)
        written: dict[str, bytes] = {}
        for form in ("atom", "rss"):
            if form in document.addresses:
                feed.site.form = form
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
    feed.rights(document.rights or None)
    feed.icon(document.icon or None)
    feed.logo(document.logo or None)
    for entry in document.entries:
        feed.add_entry(_entry(entry), order="append")
    return feed


def _entry(entry: Entry) -> FeedEntry:
    view = entry.view
    written = FeedEntry()
    written.register_extension("site", _EntryExtension)
    written.site.entry = entry
    written.id(view.uid)
    written.title(view.title)
    written.link(href=view.url, rel="alternate")
    written.updated(entry.updated)
    written.author([{"name": name} for name in view.authors])
    written.category(
        [{"term": c.path, "scheme": c.scheme, "label": c.title} for c in view.categories]
        + [{"term": tag, "label": tag} for tag in view.tags]
    )
    if not entry.full:
        written.summary(entry.short, type="html")
        return written
    if view.summary:
        written.description(escape(view.summary, quote=False))  # RSS takes it for HTML
        written.summary(view.summary, type="text")
    written.content(entry.html, type="html")
    return written


def _links(document: FeedDocument, form: str) -> list[dict[str, str]]:
    if document.archive:
        here = document.addresses["atom"].removesuffix("atom.xml")
        atom = {"type": MEDIA_TYPES["atom"]}
        return [
            {"href": f"{here}archive/{document.archive}.xml", "rel": "self", **atom},
            {"href": document.addresses["atom"], "rel": "current", **atom},
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
