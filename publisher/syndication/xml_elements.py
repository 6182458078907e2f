"""Elements of XML feeds that feedgen has no words for, written with lxml.

`atom` is what the names of Atom's own elements begin with: its namespace in RSS, nothing in an
Atom document, whose default namespace feedgen sets as if it were an attribute of the root.
"""

from __future__ import annotations

from email.utils import format_datetime

from lxml.etree import SubElement, _Element

from publisher.model import Medium
from publisher.syndication.document import MEDIA_TYPES, UNKNOWN_TYPE, Entry, FeedDocument

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
ATOM = "http://www.w3.org/2005/Atom"
FEED_HISTORY = "http://purl.org/syndication/history/1.0"  # RFC 5005
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"  # RFC 6721
MEDIA = "http://search.yahoo.com/mrss/"  # www.rssboard.org/media-rss
CHAIN = "urn:publisher:archive-chain"
ARTICLE = "urn:publisher:article"
IN_ATOM, IN_RSS = "", f"{{{ATOM}}}"


def namespaces(document: FeedDocument, form: str) -> dict[str, str]:
    """Prefix → namespace of what the document uses in that format."""
    used = {"dc": DUBLIN_CORE}
    if any(entry.view.media for entry in document.entries):
        used["media"] = MEDIA
    if any(entry.view.correction for entry in document.entries):
        used["publisher"] = ARTICLE
    if form == "atom" and document.tombstones:
        used["at"] = TOMBSTONES
    if form == "atom" and (document.archive or document.before):
        used["fh"] = FEED_HISTORY
    if document.archive or document.before:
        used["chain"] = CHAIN
    return used


def atom_feed(feed: _Element, document: FeedDocument) -> None:
    """What a feed says besides feedgen's elements, as Atom."""
    _title(feed)
    subtitle = feed.find("subtitle")
    if subtitle is not None and not document.subtitle:  # feedgen needs one for RSS
        feed.remove(subtitle)
    if document.archive:
        SubElement(feed, f"{{{FEED_HISTORY}}}archive")
    _feed_links(feed, document, IN_ATOM)
    for stone in document.tombstones:
        values = {"ref": stone.uid, "when": stone.when.isoformat()}
        SubElement(feed, f"{{{TOMBSTONES}}}deleted-entry", values)


def rss_channel(channel: _Element, document: FeedDocument) -> None:
    """The same as RSS."""
    _text(channel, f"{{{DUBLIN_CORE}}}publisher", document.publisher)
    _text(channel, f"{{{ATOM}}}icon", document.icon)
    _feed_links(channel, document, IN_RSS)


def _feed_links(parent: _Element, document: FeedDocument, atom: str) -> None:
    if document.license:
        _link(parent, atom, "license", document.license)
    for hub in document.hubs:
        _link(parent, atom, "hub", hub)
    if document.before:
        before = document.before.address
        _link(parent, atom, "prev-archive", before, type=MEDIA_TYPES["atom"])
        SubElement(parent, f"{{{CHAIN}}}previous", {"sha256": document.before.sha256})


def atom_entry(written: _Element, entry: Entry) -> None:
    """What an entry says besides feedgen's elements, as Atom."""
    view = entry.view
    written.set(XML_LANG, view.language)
    _title(written)
    for broken in written.findall("link"):  # feedgen leaves their rel and type out
        written.remove(broken)
    _text(written, "published", view.published.isoformat())
    _link(written, IN_ATOM, "alternate", view.url, type="text/html")
    for medium in view.media:
        _link(
            written, IN_ATOM, "enclosure", medium.url,
            type=medium.type, length=_number(medium.size), title=medium.alt,
        )  # fmt: skip
    _both(written, entry, IN_ATOM)


def rss_item(written: _Element, entry: Entry) -> None:
    """The same as RSS."""
    view = entry.view
    written.set(XML_LANG, view.language)
    _text(written, "pubDate", format_datetime(view.published))
    for author in view.authors:
        _text(written, f"{{{DUBLIN_CORE}}}creator", author)
    for medium in view.media[:1]:  # RSS takes one; Media RSS says them all
        kind = {"length": str(medium.size or 0), "type": medium.type or UNKNOWN_TYPE}
        SubElement(written, "enclosure", {"url": medium.url, **kind})
    _both(written, entry, IN_RSS)
    _text(written, f"{{{ATOM}}}updated", entry.updated.isoformat())


def _title(element: _Element) -> None:
    title = element.find("title")
    if title is not None:
        title.set("type", "text")  # as it is anyway, for readers that would guess


def _both(written: _Element, entry: Entry, atom: str) -> None:
    view = entry.view
    for source in view.sources:
        _text(written, f"{{{DUBLIN_CORE}}}source", source.name)
        if source.url:
            _link(written, atom, "via", source.url, title=source.name)
    if view.original_url:
        _link(written, atom, "via", view.original_url)
    _text(written, f"{{{DUBLIN_CORE}}}language", view.language)
    _text(written, f"{{{ARTICLE}}}correction", view.correction or "")
    for medium in view.media:
        _medium(written, medium)
    if entry.picture:
        _element(written, f"{{{MEDIA}}}thumbnail", url=entry.picture.url, **_size(entry.picture))


def _medium(parent: _Element, medium: Medium) -> None:
    """One medium as Media RSS.

    Its alternative text is a title: feedparser takes `media:description` for the entry's own.
    """
    written = _element(
        parent, f"{{{MEDIA}}}content", url=medium.url, type=medium.type, medium=_kind(medium.type),
        fileSize=_number(medium.size), **_size(medium),
    )  # fmt: skip
    if medium.alt:
        SubElement(written, f"{{{MEDIA}}}title", {"type": "plain"}).text = medium.alt


def _kind(media_type: str) -> str:
    major = media_type.partition("/")[0]
    if major in ("image", "audio", "video"):
        return major
    return "document" if major else ""


def _size(medium: Medium) -> dict[str, str]:
    return {"width": _number(medium.width), "height": _number(medium.height)}


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _link(parent: _Element, atom: str, rel: str, href: str, **attributes: str) -> None:
    _element(parent, f"{atom}link", rel=rel, href=href, **attributes)


def _element(parent: _Element, name: str, **attributes: str) -> _Element:
    return SubElement(parent, name, {key: value for key, value in attributes.items() if value})


def _text(parent: _Element, name: str, text: str) -> None:
    if text:
        SubElement(parent, name).text = text
