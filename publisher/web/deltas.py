"""Feed deltas: only the entries that a reader has not seen (RFC 3229, with the IM `feed`).

A delta is made of bytes of the document itself, so that it says nothing else. It is only made
where it is sure to lose nothing: a live document shows every change since its newest archive
document, so between two versions that name the same archive no entry can have come and gone.
Versions are remembered as long as the server runs; whoever has an older one gets it all.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass, field

REMEMBERED = 64
# What is written from text has no "<" of its own, so these can only be the elements.
_entry = re.compile(rb"\n?[ \t]*<(entry|item)[ >].*?</\1>", re.DOTALL)
_archive = re.compile(rb'<chain:previous [^>]*sha256="(\w+)"')
_accepted = re.compile(r"\s*feed\s*(;\s*q=(0\.\d*[1-9]\d*|1(\.0+)?)\s*)?", re.IGNORECASE)


def wants_delta(header: str) -> bool:
    """Whether an A-IM header asks for the instance manipulation `feed`."""
    return any(_accepted.fullmatch(part) for part in header.split(","))


@dataclass(frozen=True, slots=True)
class Version:
    """What one version of a document showed: the hashes of its entries, and its archive."""

    entries: frozenset[bytes]
    archive: bytes


@dataclass(slots=True)
class Versions:
    """The versions of one document that readers may have, by entity tag."""

    known: OrderedDict[str, Version] = field(default_factory=OrderedDict)

    def remember(self, etags: list[str], data: bytes) -> None:
        """Note what the document shows now; each coding of it has a tag of its own."""
        version = Version(frozenset(_hash(one[0]) for one in _entry.finditer(data)), _chain(data))
        for etag in etags:
            self.known[etag] = version
            self.known.move_to_end(etag)
        while len(self.known) > REMEMBERED:
            self.known.popitem(last=False)

    def delta(self, tags: list[str], data: bytes) -> tuple[str, bytes] | None:
        """For a reader that has one of `tags`: that tag, and the document without the entries
        that it has; None where that could lose something."""
        for tag in tags:
            version = self.known.get(tag)
            if version is not None and version.archive == _chain(data):
                return tag, _without(data, version.entries)
        return None


def _without(data: bytes, seen: frozenset[bytes]) -> bytes:
    return _entry.sub(lambda one: b"" if _hash(one[0]) in seen else one[0], data)


def _hash(entry: bytes) -> bytes:
    return hashlib.sha256(entry.strip()).digest()


def _chain(data: bytes) -> bytes:
    found = _archive.search(data)
    return found[1] if found else b""
