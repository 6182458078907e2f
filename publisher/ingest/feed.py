"""RSS, Atom and JSON Feed, from a file or an address."""

from __future__ import annotations

import json
import re
from calendar import timegm
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import feedparser

from publisher.errors import RejectedError
from publisher.ingest.jsonfile import article as json_article
from publisher.ingest.raw import RawArticle
from publisher.model import Medium, Source

# Entities defined in the document itself are how a small file grows to gigabytes; feeds need none.
_entity = re.compile(rb"<!(?:ENTITY|DOCTYPE[^>]*\[)", re.IGNORECASE)


def is_json_feed(data: bytes) -> bool:
    """Whether the document says that it is a JSON Feed."""
    return b"https://jsonfeed.org/version/" in data[:1000]


def read(data: bytes, origin: str) -> Iterator[RawArticle | RejectedError]:
    """Every entry of a feed; relative links are resolved against the feed's own address."""
    if is_json_feed(data):
        yield from _json_feed(data, origin)
        return
    if _entity.search(data):
        yield RejectedError(origin, 1, "it defines XML entities, which no feed needs; refused")
        return
    parsed = feedparser.parse(BytesIO(data), response_headers=_headers(origin))
    if not parsed.entries:
        error = parsed.get("bozo_exception")
        line = _line(error, data)
        reason = f"it cannot be read: {error}" if parsed.bozo else "it has no entries"
        yield RejectedError(origin, line, reason)
        return
    scope = parsed.feed.get("id") or parsed.feed.get("link") or origin
    language = parsed.feed.get("language")
    for number, entry in enumerate(parsed.entries, 1):
        yield _entry(entry, number, origin, scope, language)
    if parsed.bozo and _broken(parsed.bozo_exception):
        error = parsed.bozo_exception
        yield RejectedError(
            origin, _line(error, data),
            f"it breaks off here ({error.getMessage()}); entries after this line may be missing",
        )  # fmt: skip


def _headers(origin: str) -> dict[str, str]:
    return {"content-location": origin} if origin.startswith(("http://", "https://")) else {}


def _line(error: Any, data: bytes) -> int:
    line = error.getLineNumber() or 1 if _broken(error) else 1
    # feedparser puts a declaration, a line of its own, above a document that has none.
    return int(line) if b"<?xml" in data[:200] else max(1, line - 1)


def _broken(error: object) -> bool:
    return hasattr(error, "getLineNumber")  # a SAX error, not a note on the encoding


def _entry(
    entry: Any, number: int, origin: str, scope: str, language: str | None
) -> RawArticle | RejectedError:
    key = entry.get("id") or entry.get("link")
    if not key:
        return RejectedError(origin, 0, f"entry {number} has neither an id nor a link")
    content = max((c.get("value", "") for c in entry.get("content", [])), key=len, default="")
    summary = entry.get("summary", "")
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    source = entry.get("source") or {}
    name = source.get("title")
    return RawArticle(
        origin=origin,
        line=0,
        external_id=f"{scope}#{key}",
        title=entry.get("title"),
        body=content or summary,
        summary=summary if content else None,
        published=_moment(moment),
        language=entry.get("language") or _content_language(entry) or language,
        sources=(Source(name, source.get("link") or source.get("href")),) if name else (),
        authors=tuple(a["name"] for a in entry.get("authors", []) if a.get("name")),
        tags=tuple(t.get("label") or t["term"] for t in entry.get("tags", []) if t.get("term")),
        media=tuple(_enclosures(entry)),
        url=entry.get("link"),
        base_url=entry.get("link"),
    )


def _moment(parsed: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None


def _content_language(entry: Any) -> str | None:
    return next((c.get("language") for c in entry.get("content", []) if c.get("language")), None)


def _enclosures(entry: Any) -> Iterator[Medium]:
    for one in entry.get("enclosures", []):
        if one.get("href"):
            length = str(one.get("length", ""))
            size = (
                int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None
            )
            yield Medium(one["href"], one.get("type", ""), size=size)


def _json_feed(data: bytes, origin: str) -> Iterator[RawArticle | RejectedError]:
    try:
        feed = json.loads(data)
    except (ValueError, RecursionError) as error:
        yield RejectedError(origin, getattr(error, "lineno", 1), f"it is not JSON: {error}")
        return
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list) or not items:
        yield RejectedError(origin, 1, "it has no items")
        return
    scope = str(feed.get("feed_url") or feed.get("home_page_url") or origin)
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict) or not item.get("id"):
            yield RejectedError(origin, 0, f"item {number} has no id")
            continue
        known = {
            **item,
            "id": f"{scope}#{item['id']}",
            "language": item.get("language") or feed.get("language"),
            "external_url": item.get("external_url") or item.get("url"),
        }
        yield json_article(known, origin, 0)
