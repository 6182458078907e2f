"""JSON and JSON lines: one object an article, with the names of our own fields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from publisher.errors import RejectedError
from publisher.ingest.frontmatter import FrontMatter
from publisher.ingest.raw import RawArticle
from publisher.ingest.records import category_chain, media_of, sources_of

_decoder = json.JSONDecoder()
_SPACE = " \t\r\n"


def read(text: str, origin: str) -> Iterator[RawArticle | RejectedError]:
    """The articles of a JSON document: a list of objects, one object, or {"articles": […]}.

    They are decoded one after the other, so that a broken one does not hide those before it.
    """
    start = _list_start(text)
    if start is None:
        yield from _whole(text, origin)
        return
    position, line, counted = start, 1, 0
    while True:
        while position < len(text) and text[position] in _SPACE + ",":
            position += 1
        line += text.count("\n", counted, position)
        counted = position
        if position >= len(text) or text[position] == "]":
            return
        try:
            value, position = _decoder.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError) as error:
            at = error.lineno if isinstance(error, json.JSONDecodeError) else line
            yield RejectedError(origin, at, f"not JSON from here on: {_reason(error)}")
            return
        yield article(value, origin, line)


def read_lines(lines: Iterable[str], origin: str) -> Iterator[RawArticle | RejectedError]:
    """The articles of JSON lines; a broken line is a reject of its own."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            yield RejectedError(origin, number, f"not JSON: {_reason(error)}")
            continue
        yield article(value, origin, number)


def article(value: Any, origin: str, line: int) -> RawArticle | RejectedError:
    """One object as an article."""
    if not isinstance(value, dict):
        return RejectedError(origin, line, 'an article is an object, such as {"title": …}')
    fields = FrontMatter(origin, value, dict.fromkeys(value, line), "", line)
    try:
        return _article(fields, line)
    except RejectedError as reject:
        return reject
    except ValueError as error:
        return RejectedError(origin, line, str(error))


def _article(fields: FrontMatter, line: int) -> RawArticle:
    body = fields.text("body", "content_html", "html", "content") or ""
    plain = fields.text("content_text", "text")
    if not body and plain:
        parts = (part for part in plain.split("\n\n") if part.strip())
        body = "".join(f"<p>{escape(part, quote=False)}</p>" for part in parts)
    titles = fields.texts("category", "categories")
    return RawArticle(
        origin=fields.origin,
        line=line,
        external_id=_key(fields, body),
        title=fields.text("title", "headline"),
        summary=fields.text("summary", "description"),
        body=body,
        published=fields.moment("published", "date_published", "date", "pubDate"),
        expires=fields.moment("expires"),
        category=category_chain(titles[0]) if len(titles) == 1 else titles,
        language=fields.text("language", "lang"),
        slug=fields.text("slug"),
        sources=sources_of(fields.first("sources", "source")[1]),
        authors=_names(fields.first("authors", "author")[1]),
        tags=fields.texts("tags", "topics"),
        media=media_of(fields.first("media", "attachments", "image")[1]),
        aliases=fields.texts("aliases"),
        url=fields.text("external_url", "source_url"),
        correction=fields.text("correction"),
        translation_key=fields.text("translation_key", "translationKey"),
        base_url=fields.text("url"),
    )


def _key(fields: FrontMatter, body: str) -> str:
    known = fields.text("id", "external_id", "guid", "url")
    if known:
        return known
    said = f"{fields.text('title')}\n{fields.first('published', 'date')[1]}\n{body[:200]}"
    return f"json:{hashlib.sha256(said.encode(errors='replace')).hexdigest()[:24]}"


def _names(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    names = (one.get("name") if isinstance(one, dict) else one for one in values)
    return tuple(name for name in names if isinstance(name, str) and name)


def _list_start(text: str) -> int | None:
    """Where the first article of a list stands: in `[` or behind `"articles": [`."""
    stripped = text.lstrip(_SPACE + "\ufeff")
    offset = len(text) - len(stripped)
    if stripped.startswith("["):
        return offset + 1
    if stripped.startswith("{"):
        for name in ('"articles"', '"items"'):
            at = stripped.find(name)
            rest = stripped[at + len(name) :].lstrip(_SPACE) if 0 <= at < 2000 else ""
            if rest.startswith(":") and rest[1:].lstrip(_SPACE).startswith("["):
                return text.index("[", offset + at) + 1
    return None


def _whole(text: str, origin: str) -> Iterator[RawArticle | RejectedError]:
    try:
        value = json.loads(text.removeprefix("\ufeff"))
    except (json.JSONDecodeError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        yield RejectedError(origin, line, f"not JSON: {_reason(error)}")
        return
    yield article(value, origin, 1)


def _reason(error: Exception) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
