"""Reads a feed document of any format into the same record, as a reader would.

Atom and RSS through feedparser, with its cleaning off, so that nothing is lost by the reading.
What feedparser keeps only one of, or drops, is read from the XML itself: repeated `dc:source`,
and titles inside `media:content`.
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

import feedparser
from lxml import etree

from publisher.model import Medium, Source
from publisher.syndication.document import UNKNOWN_TYPE, Entry, FeedDocument

DC_SOURCE = "{http://purl.org/dc/elements/1.1/}source"
MEDIA = "{http://search.yahoo.com/mrss/}"
ATOM = "{http://www.w3.org/2005/Atom}"
TOMBSTONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"


@dataclass(frozen=True)
class EntryRecord:
    """What a reader knows of an article. `categories` are (path, title), top first."""

    id: str
    url: str
    title: str
    summary: str
    content: str
    authors: tuple[str, ...]
    categories: tuple[tuple[str, str], ...]
    tags: tuple[str, ...]
    sources: tuple[Source, ...]
    media: tuple[Medium, ...]
    picture: str
    language: str
    published: datetime
    updated: str
    correction: str
    original_url: str


@dataclass(frozen=True)
class FeedRecord:
    """What a reader knows of a feed; `deleted` are (id, when)."""

    title: str
    subtitle: str
    page: str
    address: str
    language: str
    publisher: str
    rights: str
    license: str
    icon: str
    logo: str
    hubs: tuple[str, ...]
    before: str
    deleted: tuple[tuple[str, str], ...]
    entries: tuple[EntryRecord, ...]


def of_document(document: FeedDocument, form: str) -> FeedRecord:
    """The record that a document stands for, whatever its format."""
    return FeedRecord(
        title=document.title,
        subtitle=document.subtitle,
        page=document.page,
        address=_address(document, form),
        language=document.language,
        publisher=document.publisher,
        rights=document.rights,
        license=document.license,
        icon=document.icon,
        logo=document.logo,
        hubs=document.hubs,
        before=document.before.address if document.before else "",
        deleted=tuple((stone.uid, stone.when.isoformat()) for stone in document.tombstones),
        entries=tuple(map(_of_entry, document.entries)),
    )


def _address(document: FeedDocument, form: str) -> str:
    address = document.addresses[form]
    if document.archive:
        return address.removesuffix("atom.xml") + f"archive/{document.archive}.xml"
    return address


def _of_entry(entry: Entry) -> EntryRecord:
    view = entry.view
    return EntryRecord(
        id=view.uid,
        url=view.url,
        title=view.title,
        summary=view.summary,
        content=entry.content,
        authors=view.authors,
        categories=tuple((one.path, one.title) for one in view.categories),
        tags=view.tags,
        sources=view.sources,
        media=view.media,
        picture=entry.picture.url if entry.picture else "",
        language=view.language,
        published=view.published,
        updated=entry.updated.isoformat(),
        correction=view.correction or "",
        original_url=view.original_url or "",
    )


def read_json(data: bytes) -> FeedRecord:
    """JSON Feed 1.1, with the extension `_publisher`."""
    feed = json.loads(data)
    more = feed["_publisher"]
    return FeedRecord(
        title=feed["title"],
        subtitle=feed.get("description", ""),
        page=feed["home_page_url"],
        address=feed["feed_url"],
        language=feed["language"],
        publisher=feed["authors"][0]["name"],
        rights=more.get("rights", ""),
        license=more.get("license", ""),
        icon=feed.get("favicon", ""),
        logo=more.get("logo", ""),
        hubs=tuple(hub["url"] for hub in feed.get("hubs", ())),
        before=more.get("prev_archive", ""),
        deleted=tuple((one["id"], one["when"]) for one in more.get("deleted", ())),
        entries=tuple(map(_json_entry, feed["items"])),
    )


def _json_entry(item: dict[str, Any]) -> EntryRecord:
    more = item["_publisher"]
    categories = tuple((one["path"], one["title"]) for one in more["categories"])
    return EntryRecord(
        id=item["id"],
        url=item["url"],
        title=item["title"],
        summary=item.get("summary", ""),
        content=item["content_html"],
        authors=tuple(author["name"] for author in item.get("authors", ())),
        categories=categories,
        tags=tuple(item["tags"][len(categories) :]),
        sources=tuple(Source(**source) for source in more.get("sources", ())),
        media=tuple(map(_json_medium, item.get("attachments", ()))),
        picture=item.get("image", ""),
        language=item["language"],
        published=datetime.fromisoformat(item["date_published"]),
        updated=item["date_modified"],
        correction=more.get("correction", ""),
        original_url=item.get("external_url", ""),
    )


def _json_medium(one: dict[str, Any]) -> Medium:
    kind = "" if one["mime_type"] == UNKNOWN_TYPE else one["mime_type"]
    size = one.get("size_in_bytes")
    return Medium(url=one["url"], type=kind, size=size, **one.get("_publisher", {}))


def read_atom(data: bytes) -> FeedRecord:
    """Atom 1.0."""
    root = etree.fromstring(data)
    gone = tuple((str(one.get("ref")), str(one.get("when"))) for one in root.iter(TOMBSTONE))
    return _xml(data, root.findall(f"{ATOM}entry"), _atom_texts, gone)


def read_rss(data: bytes) -> FeedRecord:
    """RSS 2.0."""
    root = etree.fromstring(data)
    return _xml(data, root.findall("channel/item"), _rss_texts, ())


def _xml(
    data: bytes,
    elements: Sequence[etree._Element],
    texts: Callable[[Any], tuple[str, str]],
    deleted: tuple[tuple[str, str], ...],
) -> FeedRecord:
    parsed = feedparser.parse(data, sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo, parsed.bozo_exception
    feed = parsed.feed
    links = [(link.rel, link.href) for link in feed.links]

    def one_of(rel: str) -> str:
        return next((href for name, href in links if name == rel), "")

    return FeedRecord(
        title=feed.title,
        subtitle=feed.get("subtitle", ""),
        page=feed.link,
        address=one_of("self"),
        language=feed.language,
        publisher=feed.author if "author" in feed else feed.publisher,
        rights=feed.get("rights", ""),
        license=one_of("license"),
        icon=feed.get("icon", ""),
        logo=feed.get("logo", "") or feed.get("image", {}).get("href", ""),
        hubs=tuple(href for rel, href in links if rel == "hub"),
        before=one_of("prev-archive"),
        deleted=deleted,
        entries=tuple(map(_xml_entry, parsed.entries, elements, map(texts, parsed.entries))),
    )


def _atom_texts(entry: Any) -> tuple[str, str]:
    """Its summary as text, and its content; one that has no content has an HTML summary."""
    if "content" not in entry:
        return "", entry.summary
    # feedparser takes the content for a summary where there is none.
    return entry.summary if "summary_detail" in entry else "", entry.content[0].value


def _rss_texts(entry: Any) -> tuple[str, str]:
    """The same; a description is HTML, and the content where there is no other."""
    if "content" not in entry:
        return "", entry.summary
    return unescape(entry.summary), entry.content[0].value


def _xml_entry(entry: Any, element: etree._Element, texts: tuple[str, str]) -> EntryRecord:
    summary, content = texts
    tags = [(tag.term, tag.scheme, tag.label or tag.term) for tag in entry.get("tags", ())]
    via = [(link.get("title"), link.href) for link in entry.links if link.rel == "via"]
    return EntryRecord(
        id=entry.id,
        url=entry.link,
        title=entry.title,
        summary=summary,
        content=content,
        authors=tuple(author.name for author in entry.get("authors", ())),
        categories=tuple((term, label) for term, scheme, label in tags if scheme),
        tags=tuple(term for term, scheme, _ in tags if not scheme),
        sources=_sources([one.text or "" for one in element.findall(DC_SOURCE)], via),
        media=tuple(map(_xml_medium, element.findall(f"{MEDIA}content"))),
        picture=entry.media_thumbnail[0]["url"] if "media_thumbnail" in entry else "",
        language=entry.language,
        published=datetime.fromtimestamp(calendar.timegm(entry.published_parsed), UTC),
        updated=entry.updated,
        correction=entry.get("publisher_correction", ""),
        original_url=next((href for title, href in via if not title), ""),
    )


def _sources(names: Sequence[str], via: Sequence[tuple[str | None, str]]) -> tuple[Source, ...]:
    """The link to a source carries its name."""
    addresses = {title: href for title, href in reversed(via) if title}
    return tuple(Source(name, addresses.get(name)) for name in names)


def _xml_medium(element: etree._Element) -> Medium:
    counts = {"size": "fileSize", "width": "width", "height": "height"}
    return Medium(
        url=element.get("url", ""),
        type=element.get("type", ""),
        alt=element.findtext(f"{MEDIA}title") or "",
        **{name: int(element.get(key, "")) for name, key in counts.items() if element.get(key)},
    )
