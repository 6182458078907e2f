"""JSON Feed 1.1 (www.jsonfeed.org/version/1.1)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from tests.feed_rules.values import (
    is_absolute,
    is_language,
    is_media_type,
    is_rfc3339,
    relative_links,
)

Check = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


FEED: dict[str, Check] = {
    "version": "https://jsonfeed.org/version/1.1".__eq__,
    "title": _is_text, "home_page_url": is_absolute, "feed_url": is_absolute,
    "description": _is_text, "user_comment": _is_text, "next_url": is_absolute,
    "icon": is_absolute, "favicon": is_absolute, "authors": _is_list, "language": is_language,
    "expired": _is_truth, "hubs": _is_list, "items": _is_list,
}  # fmt: skip
ITEM: dict[str, Check] = {
    "id": lambda value: isinstance(value, str) and bool(value.strip()),
    "url": is_absolute, "external_url": is_absolute, "title": _is_text, "content_html": _is_text,
    "content_text": _is_text, "summary": _is_text, "image": is_absolute,
    "banner_image": is_absolute, "date_published": is_rfc3339, "date_modified": is_rfc3339,
    "authors": _is_list, "tags": lambda value: _is_list(value) and all(map(_is_text, value)),
    "language": is_language, "attachments": _is_list,
}  # fmt: skip
AUTHOR: dict[str, Check] = {"name": _is_text, "url": is_absolute, "avatar": is_absolute}
ATTACHMENT: dict[str, Check] = {
    "url": is_absolute, "mime_type": is_media_type, "title": _is_text,
    "size_in_bytes": _is_number, "duration_in_seconds": _is_number,
}  # fmt: skip
HUB: dict[str, Check] = {"type": _is_text, "url": is_absolute}


def problems(data: bytes) -> list[str]:
    """Everything that is wrong with a JSON Feed."""
    try:
        feed = json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except ValueError as error:
        return [f"not JSON: {error}"]
    if not isinstance(feed, dict):
        return ["it is no object"]
    needed = ("version", "title", "home_page_url", "feed_url", "items")
    found = [*_members(feed, FEED, "feed", needed), *_nothing_empty(feed, "feed")]
    found += [said for author in feed.get("authors", ()) for said in _author(author, "feed")]
    for hub in feed.get("hubs", ()):
        found += _members(hub, HUB, "hub", ("type", "url"))
    ids = Counter(item.get("id") for item in feed.get("items", ()))
    found += [f"the id {one} stands {number} times" for one, number in ids.items() if number > 1]
    for item in feed.get("items", ()):
        found += _item(item, str(item.get("id")))
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _item(item: dict[str, Any], name: str) -> Iterator[str]:
    yield from _members(item, ITEM, name, ("id",))
    if not {"content_html", "content_text"} & item.keys():
        yield f"{name}: neither content_html nor content_text"
    for address in relative_links(item.get("content_html", "")):
        yield f"{name}: content_html holds a relative address: {address!r}"
    if item.get("date_published", "") > item.get("date_modified", "9"):
        yield f"{name}: modified before it was published"
    for author in item.get("authors", ()):
        yield from _author(author, name)
    attachments = item.get("attachments", ())
    for one in attachments:
        yield from _members(one, ATTACHMENT, f"{name}, attachment", ("url", "mime_type"))
    titles = Counter(one["title"] for one in attachments if "title" in one)
    for title, number in titles.items():
        if number > 1:
            yield f"{name}: {number} attachments called {title!r} would be the same thing"


def _author(author: Any, name: str) -> Iterator[str]:
    yield from _members(author, AUTHOR, f"{name}, author")
    if not (isinstance(author, dict) and set(AUTHOR) & author.keys()):
        yield f"{name}: an author says nothing"


def _members(
    value: Any, checks: dict[str, Check], name: str, needed: tuple[str, ...] = ()
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{name}: {value!r} is no object"
        return
    for key in needed:
        if key not in value:
            yield f"{name}: {key} is missing"
    for key, one in value.items():
        if key.startswith("_"):
            if not (isinstance(one, dict) and key[1:2].isalpha() and "." not in key):
                yield f"{name}: {key} is no extension"
        elif key not in checks:
            yield f"{name}: there is no member {key}"
        elif not checks[key](one):
            yield f"{name}: {key} is wrong: {one!r}"


def _nothing_empty(value: Any, name: str) -> Iterator[str]:
    """A member without a value is left out: null says nothing, and breaks readers."""
    if value is None or (value in ("", [], {}) and name != "feed.items"):
        yield f"{name} is empty"
    pairs: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(value, dict):
        pairs = iter(value.items())
    elif isinstance(value, list):
        pairs = iter(enumerate(value))
    for key, one in pairs:
        yield from _nothing_empty(one, f"{name}.{key}")
