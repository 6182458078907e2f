"""Serves the files under `feeds/` (an ASGI application, outside the framework's routing)."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from publisher.syndication.document import FILES, MEDIA_TYPES
from publisher.syndication.publish import CODINGS

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
_archive_name = re.compile(r"[1-9]\d{0,9}\.xml")


@dataclass(frozen=True, slots=True)
class _File:
    stamp: tuple[int, int]
    data: bytes
    etag: str
    modified: float


class FeedFiles:
    """GET and HEAD for feed documents, with validators; nothing else of the folder is shown."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: OrderedDict[str, _File] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            headers = {**CORS, "allow": "GET, HEAD"}
            return PlainTextResponse("Feeds can only be read.\n", 405, headers)
        path = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
        path = f"{path}index.html" if path == "" or path.endswith("/") else path
        media_type = _media_type(path)
        request = Headers(scope=scope)
        coding, file = self._best(path, request) if media_type else ("", None)
        if file is None or media_type is None:
            return PlainTextResponse("There is no such feed.\n", 404, CORS)
        headers = {
            **CORS,
            "etag": file.etag,
            "last-modified": formatdate(file.modified, usegmt=True),
            "cache-control": ARCHIVE if _is_archive(path) else LIVE,
            "vary": "accept-encoding",
            **(PAGE if path.endswith(".html") else {}),
        }
        if _unchanged(request, file):
            return Response(None, 304, headers)
        if coding:
            headers["content-encoding"] = coding
        return Response(file.data, 200, headers, media_type)

    def _best(self, path: str, request: Headers) -> tuple[str, _File | None]:
        """The smallest form of a document that the reader takes, and its coding."""
        plain = self._file(path)
        if plain is None:
            return "", None
        accepted = _accepted(request.get("accept-encoding", ""))
        for coding, ending in CODINGS.items():
            found = self._file(path + ending) if coding in accepted else None
            # A form that is older than the document is from before its last change.
            if found is not None and found.stamp[0] >= plain.stamp[0]:
                return coding, found
        return "", plain

    def _file(self, path: str) -> _File | None:
        """A file below the folder, from memory where it has not changed since."""
        try:
            place = self._folder / path
            status = place.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._files.get(path)
            if known is None or known.stamp != stamp:
                data = place.read_bytes()
                etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
                known = self._keep(path, _File(stamp, data, etag, status.st_mtime))
        except (OSError, ValueError):
            return None
        self._files.move_to_end(path)
        return known

    def _keep(self, path: str, file: _File) -> _File:
        before = self._files.pop(path, None)
        self._size += len(file.data) - (len(before.data) if before else 0)
        self._files[path] = file
        while self._size > KEPT_BYTES and len(self._files) > 1:
            _, oldest = self._files.popitem(last=False)
            self._size -= len(oldest.data)
        return file


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


def _accepted(header: str) -> set[str]:
    """The codings that a reader takes (RFC 9110, 12.5.3); one with q=0 is refused."""
    found = set()
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        if not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight):
            found.add(coding.strip())
    return found


def _unchanged(headers: Headers, file: _File) -> bool:
    """RFC 9110, 13.2.2: If-None-Match wins over If-Modified-Since."""
    tags = headers.get("if-none-match")
    if tags is not None:
        wanted = [tag.strip().removeprefix("W/") for tag in tags.split(",")]
        return "*" in wanted or file.etag in wanted
    since = headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return int(file.modified) <= parsedate_to_datetime(since).timestamp()
    except (ValueError, OverflowError):
        return False
