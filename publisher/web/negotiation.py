"""Which form of a document a reader gets, and whether it has it already (RFC 9110). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from email.utils import parsedate_to_datetime
from functools import lru_cache

_refused = re.compile(r"\s*q=0(\.0*)?\s*")


@lru_cache(maxsize=1024)
def accepted_codings(header: str) -> frozenset[str]:
    """The codings of an Accept-Encoding header, without those that it refuses by q=0 (12.5.3)."""
    found = set()
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        if not (weight and _refused.fullmatch(weight)):
            found.add(coding.strip())
    return frozenset(found)


def entity_tags(header: str) -> list[str]:
    """The tags of an If-None-Match header, to be compared weakly (8.8.3.2)."""
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


def is_unchanged(
    tags: str | None, since: str | None, etags: Collection[str], modified: int
) -> bool:
    """Whether a reader that sent If-None-Match and If-Modified-Since has the document.

    If-None-Match wins (13.2.2). `modified` is in seconds since 1970.
    """
    if tags in etags:  # as most readers send it
        return True
    if tags is not None:
        wanted = entity_tags(tags)
        return "*" in wanted or not set(wanted).isdisjoint(etags)
    if since is None:
        return False
    try:
        return modified <= parsedate_to_datetime(since).timestamp()
    except (ValueError, OverflowError):
        return False
