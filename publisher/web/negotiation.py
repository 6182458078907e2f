"""What of a request decides which form of a document goes out, and whether it goes out at all.

Pure; used by everything that answers with documents. Headers are as ASGI has them: names in small
letters and values, both bytes.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache

from publisher.syndication.publish import CODINGS

_refused = re.compile(r"\s*q=0(\.0*)?\s*")


def best_coding(asked: Mapping[bytes, bytes], offered: Container[str]) -> str:
    """The content coding that makes the smallest form that the reader takes (RFC 9110, 12.5.3).

    `""` is the form without one, which is always offered.
    """
    header = asked.get(b"accept-encoding")
    if header:
        accepted = _accepted(header.decode("latin-1"))
        for coding in CODINGS:
            if coding in accepted and coding in offered:
                return coding
    return ""


def entity_tags(asked: Mapping[bytes, bytes]) -> list[str]:
    """The tags of If-None-Match, to be compared weakly (RFC 9110, 8.8.3.2)."""
    header = asked.get(b"if-none-match", b"").decode("latin-1")
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


@lru_cache(maxsize=1024)
def _accepted(header: str) -> frozenset[str]:
    """The codings of an Accept-Encoding header, without those that it refuses by q=0."""
    found = set()
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        if not (weight and _refused.fullmatch(weight)):
            found.add(coding.strip())
    return frozenset(found)


def is_unchanged(asked: Mapping[bytes, bytes], etag: str, modified: float | None) -> bool:
    """Whether the reader has the form with this validator already: 304 then.

    If-None-Match wins over If-Modified-Since (RFC 9110, 13.2.2). `modified` is in seconds since
    1970, None where a time does not tell one state from the next.
    """
    tags = asked.get(b"if-none-match")
    if tags is not None:
        wanted = entity_tags(asked)
        return etag in wanted or "*" in wanted
    since = asked.get(b"if-modified-since")
    if since is None or modified is None:
        return False
    try:
        return modified <= parsedate_to_datetime(since.decode("latin-1")).timestamp()
    except (ValueError, OverflowError):
        return False
