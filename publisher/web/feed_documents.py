"""Feed documents in memory, as they go out: each with its codings, validators and headers."""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path

from publisher.syndication.document import FILES, MEDIA_TYPES
from publisher.syndication.former import OURS, Former, read_former
from publisher.syndication.publish import CODINGS
from publisher.syndication.websub import address_of, link_header
from publisher.web.deltas import Versions

TYPES = {FILES[form]: f"{MEDIA_TYPES[form]}; charset=utf-8" for form in FILES} | {
    "index.html": "text/html; charset=utf-8",
    "index.opml": "text/x-opml; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "feed.css": "text/css; charset=utf-8",
}
# The formats that a delta can be made of.
XML_FEEDS = (FILES["atom"], FILES["rss"])
LIVE = "public, max-age=60, stale-while-revalidate=300"
ARCHIVE = "public, max-age=31536000, immutable"
CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Last-Modified, Link, IM, Delta-Base",
}
PAGE = {
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
}
KEPT_BYTES = 64_000_000
LOOK_SECONDS = 0.1
_archive_name = re.compile(r"[1-9]\d{0,9}\.xml")

PHRASES = {status.value: status.phrase.encode() for status in HTTPStatus}

RawHeaders = list[tuple[bytes, bytes]]
Stamp = tuple[int, int]


def raw(headers: dict[str, str]) -> RawHeaders:
    """Headers as ASGI has them."""
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; `head` are its status line and headers as they go out, but for the date."""

    status: int
    headers: RawHeaders
    body: bytes
    head: bytes


def answer_of(status: int, headers: RawHeaders, body: bytes = b"") -> Answer:
    """An answer with its head made (RFC 9112, section 4)."""
    lines = b"".join(b"%b: %b\r\n" % one for one in headers)
    return Answer(status, headers, body, b"HTTP/1.1 %d %b\r\n%b" % (status, PHRASES[status], lines))


@dataclass(frozen=True, slots=True)
class Form:
    """A document in one content coding: the answer with it, and the one that it is unchanged."""

    coding: str
    etag: str
    modified: int
    found: Answer
    unchanged: Answer


@dataclass(slots=True)
class Document:
    """A document in all its codings (`""` is none), as it was when last looked at.

    `versions` are those that readers may still have, where deltas are made of it.
    """

    forms: dict[str, Form]
    stamps: tuple[Stamp | None, ...]
    looked: float
    versions: Versions | None = None
    deltas: dict[tuple[str, str], bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return sum(len(form.found.body) for form in self.forms.values())

    @property
    def etags(self) -> list[str]:
        """The entity tags of all its codings."""
        return [form.etag for form in self.forms.values()]


class Documents:
    """The documents of a folder; each is read again where its files have changed."""

    def __init__(
        self,
        folder: Path,
        *,
        deltas: bool = False,
        hubs: Sequence[str] = (),
        site_url: str = "",
    ) -> None:
        self._folder = folder
        self._hubs, self._site_url = hubs, site_url
        self._deltas = deltas
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._size = 0
        self._former: Former = {}
        self._former_stamp: Stamp | None = None
        self._former_looked = 0.0

    def get(self, path: str) -> Document | None:
        """The document of a path below the folder; None if there is none that readers may have."""
        media_type = media_type_of(path)
        if media_type is None:
            return None
        now = time.monotonic()
        known = self._kept.get(path)
        if known is not None and now - known.looked < LOOK_SECONDS:
            return known
        try:
            stamps = tuple(self._stamp(path + ending) for ending in ("", *CODINGS.values()))
            if known is not None and known.stamps == stamps:
                known.looked = now
                self._kept.move_to_end(path)
                return known
            forms = self._read(path, stamps, media_type)
            made = Document(forms, stamps, now, self._versions(path, forms, known))
            return self._keep(path, made)
        except (OSError, ValueError):
            return None

    def former(self) -> Former:
        """Where feeds lead that have moved."""
        now = time.monotonic()
        if now - self._former_looked >= LOOK_SECONDS:
            self._former_looked = now
            try:
                stamp = self._stamp(OURS)
                if stamp != self._former_stamp:
                    data = (self._folder / OURS).read_bytes() if stamp else b"{}"
                    self._former, self._former_stamp = read_former(data), stamp
            except (OSError, ValueError):
                self._former = {}
        return self._former

    def _stamp(self, path: str) -> Stamp | None:
        try:
            status = (self._folder / path).stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_size

    def _read(
        self, path: str, stamps: tuple[Stamp | None, ...], media_type: str
    ) -> dict[str, Form]:
        plain, *compressed = stamps
        if plain is None:
            raise FileNotFoundError(path)
        forms = {"": self._form(path, path, "", plain[0], media_type)}
        for (coding, ending), stamp in zip(CODINGS.items(), compressed, strict=True):
            # A form that is older than the document is from before its last change.
            if stamp is not None and stamp[0] >= plain[0]:
                forms[coding] = self._form(path, path + ending, coding, plain[0], media_type)
        return forms

    def _form(self, path: str, file: str, coding: str, modified_ns: int, media_type: str) -> Form:
        data = (self._folder / file).read_bytes()
        etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        modified = modified_ns // 1_000_000_000
        shared = {
            **CORS,
            "etag": etag,
            "last-modified": formatdate(modified, usegmt=True),
            "cache-control": ARCHIVE if is_archive(path) else LIVE,
            # A cache must keep the answers apart that depend on what a reader has.
            "vary": "accept-encoding, a-im, if-none-match"
            if self._has_deltas(path)
            else "accept-encoding",
        }
        found = {**shared, "content-type": media_type, "content-length": str(len(data))}
        found |= {"content-encoding": coding} if coding else {}
        found |= PAGE if path.endswith(".html") else {}
        found |= self._links(path)
        return Form(
            coding, etag, modified, answer_of(200, raw(found), data), answer_of(304, raw(shared))
        )

    def _links(self, path: str) -> dict[str, str]:
        """Where partners can subscribe to a live document (WebSub, section 4)."""
        if not self._hubs or path.rpartition("/")[2] not in FILES.values():
            return {}
        return {"link": link_header(self._hubs, address_of(path, self._site_url))}

    def _versions(
        self, path: str, forms: dict[str, Form], before: Document | None
    ) -> Versions | None:
        if not self._has_deltas(path):
            return None
        versions = (before and before.versions) or Versions()
        versions.remember([form.etag for form in forms.values()], forms[""].found.body)
        return versions

    def _has_deltas(self, path: str) -> bool:
        return self._deltas and path.rpartition("/")[2] in XML_FEEDS

    def _keep(self, path: str, document: Document) -> Document:
        before = self._kept.pop(path, None)
        self._size += document.size - (before.size if before else 0)
        self._kept[path] = document
        while self._size > KEPT_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._size -= oldest.size
        return document


def is_archive(path: str) -> bool:
    """Whether a path is that of an archive document."""
    return path.split("/")[-2:-1] == ["archive"]


def media_type_of(path: str) -> str | None:
    """The type of a feed document; None for any other path, such as one that leads elsewhere."""
    *folders, name = path.split("/")
    if any(not folder or folder.startswith(".") for folder in folders):
        return None
    if is_archive(path):
        return TYPES[FILES["atom"]] if _archive_name.fullmatch(name) else None
    return TYPES.get(name)
