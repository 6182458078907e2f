"""What front matter and JSON have in common: loosely typed values into our own."""

from __future__ import annotations

import re
from typing import Any

from publisher.model import Medium, Source

_separator = re.compile(r"\s*[›»>/|]\s*")


def category_chain(text: str) -> tuple[str, ...]:
    """“Media Center › News” as its titles, top first."""
    return tuple(title for title in _separator.split(text.strip()) if title)


def sources_of(value: Any) -> tuple[Source, ...]:
    """A name, “A + B”, or a list of names and of {name, url}. Raises ValueError."""
    if value in (None, ""):
        return ()
    if isinstance(value, str):
        return tuple(Source(part.strip()) for part in re.split(r"\s\+\s", value) if part.strip())
    values = value if isinstance(value, list) else [value]
    return tuple(_source(one) for one in values)


def _source(value: Any) -> Source:
    if isinstance(value, str):
        return Source(value)
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        url = value.get("url")
        return Source(value["name"], url if isinstance(url, str) else None)
    raise ValueError("a source is a name, or a name with a url")


def media_of(value: Any) -> tuple[Medium, ...]:
    """An address, or {url, type, alt, width, height, size}, or a list. Raises ValueError."""
    if value in (None, ""):
        return ()
    values = value if isinstance(value, list) else [value]
    found = (_medium(one) for one in values)
    return tuple(medium for medium in found if medium is not None)


def _medium(value: Any) -> Medium | None:
    if isinstance(value, str):
        # A bare word is a key of the site's own picture store, not an address.
        return Medium(value) if "/" in value or "." in value else None
    if not isinstance(value, dict):
        raise ValueError("an image is an address, or a table with url and alt")
    address = next((value[key] for key in ("url", "src", "href") if value.get(key)), None)
    if not isinstance(address, str):
        raise ValueError("an image needs a url")
    return Medium(
        url=address,
        type=_text(value, "type", "mime_type"),
        alt=_text(value, "alt", "title"),
        size=_number(value, "size", "length", "size_in_bytes"),
        width=_number(value, "width"),
        height=_number(value, "height"),
    )


def _text(value: dict[str, Any], *keys: str) -> str:
    return next((str(value[key]) for key in keys if isinstance(value.get(key), str)), "")


def _number(value: dict[str, Any], *keys: str) -> int | None:
    for key in keys:
        text = str(value.get(key, ""))
        if text.isascii() and text.isdigit() and len(text) < 16:
            return int(text)
    return None
