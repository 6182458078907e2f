"""Serves the files under `feeds/` (an ASGI application, outside the framework's routing).

Feed readers ask often and mostly get a 304, so the way to an answer is short: documents and their
headers are kept in memory as they go out, and the folder is looked at ten times a second at most.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from starlette.types import Receive, Scope, Send

from publisher.syndication.document import FILES, MEDIA_TYPES
from publisher.syndication.publish import CODINGS
from publisher.web.conditions import accepted, is_known

TYPES = {FILES[form]: f"{MEDIA_TYPES[form]}; charset=utf-8" for form in FILES} | {
    "index.html": "text/html; charset=utf-8",
    "index.opml": "text/x-opml; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "feed.css": "text/css; charset=utf-8",
}
LIVE = "public, max-age=60, stale-while-revalidate=300"
ARCHIVE = "public, max-age=31536000, immutable"
CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Last-Modified, Link",
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

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Form:
    """A document in one content coding, with its headers as they go out."""

    data: bytes
    etag: str
    modified: int
    found: RawHeaders
    unchanged: RawHeaders


@dataclass(slots=True)
class _Document:
    """A document in all its codings (`""` is none), as it was when last looked at."""

    forms: dict[str, _Form]
    stamps: tuple[tuple[int, int] | None, ...]
    looked: float

    @property
    def size(self) -> int:
        return sum(len(form.data) for form in self.forms.values())


class FeedFiles:
    """GET and HEAD for feed documents, with validators; nothing else of the folder is shown."""

    def __init__(self, folder: Path, prefix: str = "") -> None:
        self._folder = folder
        self._prefix = prefix
        self._kept: OrderedDict[str, _Document] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            await _say(send, 405, "Feeds can only be read.\n", {"allow": "GET, HEAD"})
            return
        path = scope["path"].removeprefix(self._prefix).removeprefix("/")
        document = self._document(f"{path}index.html" if path[-1:] in ("", "/") else path)
        if document is None:
            await _say(send, 404, "There is no such feed.\n", {})
            return
        asked = {name: value for name, value in scope["headers"] if name in _ASKED}
        form = _best(document.forms, asked.get(b"accept-encoding", b"").decode("latin-1"))
        if _unchanged(asked, form):
            await send({"type": "http.response.start", "status": 304, "headers": form.unchanged})
            await send({"type": "http.response.body"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": form.found})
        body = form.data if method == "GET" else b""
        await send({"type": "http.response.body", "body": body})

    def _document(self, path: str) -> _Document | None:
        """The document of a path below the folder, read again where its files have changed."""
        media_type = _media_type(path)
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
            return self._keep(path, _Document(self._read(path, stamps, media_type), stamps, now))
        except (OSError, ValueError):
            return None

    def _stamp(self, path: str) -> tuple[int, int] | None:
        try:
            status = (self._folder / path).stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_size

    def _read(
        self, path: str, stamps: tuple[tuple[int, int] | None, ...], media_type: str
    ) -> dict[str, _Form]:
        plain, *compressed = stamps
        if plain is None:
            raise FileNotFoundError(path)
        forms = {"": self._form(path, path, "", plain[0], media_type)}
        for (coding, ending), stamp in zip(CODINGS.items(), compressed, strict=True):
            # A form that is older than the document is from before its last change.
            if stamp is not None and stamp[0] >= plain[0]:
                forms[coding] = self._form(path, path + ending, coding, plain[0], media_type)
        return forms

    def _form(self, path: str, file: str, coding: str, modified_ns: int, media_type: str) -> _Form:
        data = (self._folder / file).read_bytes()
        etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        modified = modified_ns // 1_000_000_000
        shared = {
            **CORS,
            "etag": etag,
            "last-modified": formatdate(modified, usegmt=True),
            "cache-control": ARCHIVE if _is_archive(path) else LIVE,
            "vary": "accept-encoding",
        }
        found = {**shared, "content-type": media_type, "content-length": str(len(data))}
        found |= {"content-encoding": coding} if coding else {}
        found |= PAGE if path.endswith(".html") else {}
        return _Form(data, etag, modified, _raw(found), _raw(shared))

    def _keep(self, path: str, document: _Document) -> _Document:
        before = self._kept.pop(path, None)
        self._size += document.size - (before.size if before else 0)
        self._kept[path] = document
        while self._size > KEPT_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._size -= oldest.size
        return document


_ASKED = (b"accept-encoding", b"if-none-match", b"if-modified-since")


def _raw(headers: dict[str, str]) -> RawHeaders:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


async def _say(send: Send, status: int, text: str, headers: dict[str, str]) -> None:
    told = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(text))}
    raw = _raw({**CORS, **told, **headers})
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": text.encode()})


def _is_archive(path: str) -> bool:
    return path.split("/")[-2:-1] == ["archive"]


def _media_type(path: str) -> str | None:
    """The type of a feed document; None for any other path, such as one that leads elsewhere."""
    *folders, name = path.split("/")
    if any(not folder or folder.startswith(".") for folder in folders):
        return None
    if _is_archive(path):
        return TYPES[FILES["atom"]] if _archive_name.fullmatch(name) else None
    return TYPES.get(name)


def _best(forms: dict[str, _Form], header: str) -> _Form:
    """The smallest form that the reader takes (RFC 9110, 12.5.3)."""
    if header:
        taken = accepted(header)
        for coding in CODINGS:
            if coding in taken and coding in forms:
                return forms[coding]
    return forms[""]


def _unchanged(asked: dict[bytes, bytes], form: _Form) -> bool:
    tags, since = asked.get(b"if-none-match"), asked.get(b"if-modified-since")
    return is_known(
        tags.decode("latin-1") if tags is not None else None,
        since.decode("latin-1") if since is not None else None,
        form.etag,
        form.modified,
    )
