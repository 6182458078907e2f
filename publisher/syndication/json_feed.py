"""JSON Feed 1.1 (jsonfeed.org/version/1.1)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from publisher.model import Medium
from publisher.syndication.document import UNKNOWN_TYPE, Entry, FeedDocument

# For people who read a feed and wonder; the format asks for such a word.
ABOUT = "what JSON Feed has no member for; docs/feeds.md of the software publisher explains it"


def json_document(document: FeedDocument) -> bytes:
    """The bytes of a document as JSON Feed; members without a value are left out."""
    return as_bytes(json_feed(document))


def as_bytes(feed: dict[str, Any]) -> bytes:
    """A JSON Feed as it is written."""
    return json.dumps(feed, ensure_ascii=False, separators=(",", ":")).encode()


def json_feed(document: FeedDocument) -> dict[str, Any]:
    """What a document says as JSON Feed."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": document.title,
        "home_page_url": document.page,
        "feed_url": document.addresses["json"],
        "description": document.subtitle,
        "icon": document.icon or document.logo,
        "favicon": document.icon,
        "language": document.language,
        "authors": [{"name": document.publisher}],
        "hubs": [{"type": "WebSub", "url": hub} for hub in document.hubs],
        "_publisher": _filled(
            {
                "about": ABOUT,
                "rights": document.rights,
                "license": document.license,
                "logo": document.logo,
                "updated": document.updated.isoformat(),
                "prev_archive": document.before.address if document.before else None,
                "deleted": [
                    {"id": stone.uid, "when": stone.when.isoformat()}
                    for stone in document.tombstones
                ],
            }
        ),
    }
    items = [_item(entry) for entry in document.entries]
    return {**_filled(feed), "items": items}


def _item(entry: Entry) -> dict[str, Any]:
    view = entry.view
    item = {
        "id": view.uid,
        "url": view.url,
        "external_url": view.original_url,
        "title": view.title,
        "content_html": entry.content,
        "summary": view.summary,
        "image": entry.picture.url if entry.picture else None,
        "date_published": view.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        "authors": [{"name": name} for name in view.authors],
        "tags": [*(category.title for category in view.categories), *view.tags],
        "language": view.language,
        "attachments": list(_attachments(view.media)),
        "_publisher": _filled(
            {
                "categories": [
                    {"path": category.path, "title": category.title} for category in view.categories
                ],
                "sources": [_filled({"name": s.name, "url": s.url}) for s in view.sources],
                "correction": view.correction,
            }
        ),
    }
    return _filled(item)


def _attachments(media: Sequence[Medium]) -> Iterator[dict[str, Any]]:
    # Two attachments with the same title would be two forms of the same thing.
    titles = Counter(medium.alt for medium in media)
    for medium in media:
        picture = {"alt": medium.alt, "width": medium.width, "height": medium.height}
        yield _filled(
            {
                "url": medium.url,
                "mime_type": medium.type or UNKNOWN_TYPE,
                "title": medium.alt if titles[medium.alt] == 1 else None,
                "size_in_bytes": medium.size,
                "_publisher": _filled(picture),
            }
        )


def _filled(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}
