"""What a request says about what it has and what it takes (RFC 9110, 12.5.3 and 13.2.2)."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

_refused = re.compile(r"\s*q=0(\.0*)?\s*")


def accepted(header: str) -> set[str]:
    """The codings of an Accept-Encoding header, without those that it refuses by q=0."""
    found = set()
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        if not (weight and _refused.fullmatch(weight)):
            found.add(coding.strip())
    return found


def is_known(tags: str | None, since: str | None, etag: str, modified: float | None) -> bool:
    """Whether the asker has this already: If-None-Match wins over If-Modified-Since."""
    if tags is not None:
        wanted = [tag.strip().removeprefix("W/") for tag in tags.split(",")]
        return etag in wanted or "*" in wanted
    if since is None or modified is None:
        return False
    try:
        return modified <= parsedate_to_datetime(since).timestamp()
    except (ValueError, OverflowError):
        return False
