"""JSON Feed 1.1 (jsonfeed.org/version/1.1)."""

from __future__ import annotations

import json
from typing import Any

from publisher.model import Medium
from publisher.syndication.document import Entry, FeedDocument


def json_document(document: FeedDocument) -> bytes:
    """The bytes of a document as JSON Feed; members without a value are left out."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": document.title,
        "home_page_url": document.page,
        "feed_url": document.addresses["json"],
        "description": document.subtitle,
        "icon": document.logo,
        "language": document.language,
        "authors": [{"name": document.publisher}],
        "_publisher": _filled(
            {
                "rights": document.rights,
                "updated": document.updated.isoformat(),
                "prev_archive": document.before.address if document.before else None,
                "deleted": [
                    {"id": stone.uid, "when": stone.when.isoformat()}
                    for stone in document.tombstones
                ],
            }
        ),
    }
    items = [_item(entry, document.full_content and entry.full) for entry in document.entries]
    text = json.dumps({**_filled(feed), "items": items}, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def _item(entry: Entry, full_content: bool) -> dict[str, Any]:
    view = entry.view
    item = {
        "id": view.uid,
        "url": view.url,
        "external_url": view.original_url,
        "title": view.title,
        "content_html": entry.html if full_content else None,
        "content_text": None if full_content else view.summary,
        "summary": view.summary,
        "image": next((m.url for m in view.media if m.type.startswith("image/")), None),
        "date_published": view.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        "authors": [{"name": name} for name in view.authors],
        "tags": [*(category.title for category in view.categories), *view.tags],
        "language": view.language,
        "attachments": [_attachment(medium) for medium in view.media if medium.type],
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


def _attachment(medium: Medium) -> dict[str, Any]:
    return _filled(
        {
            "url": medium.url,
            "mime_type": medium.type,
            "title": medium.alt,
            "size_in_bytes": medium.size,
        }
    )


def _filled(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}
