"""Serves the files under `feeds/` (an ASGI application, outside the framework's routing)."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from publisher.syndication.document import FILES, MEDIA_TYPES

TYPES = {FILES[form]: f"{MEDIA_TYPES[form]}; charset=utf-8" for form in FILES}
CACHE = "public, max-age=60, stale-while-revalidate=300"
CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Last-Modified, Link",
}
KEPT = 2000


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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            headers = {**CORS, "allow": "GET, HEAD"}
            return PlainTextResponse("Feeds can only be read.\n", 405, headers)
        path = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
        file = self._file(path)
        if file is None:
            return PlainTextResponse("There is no such feed.\n", 404, CORS)
        headers = {
            **CORS,
            "etag": file.etag,
            "last-modified": formatdate(file.modified, usegmt=True),
            "cache-control": CACHE,
        }
        if _unchanged(Headers(scope=scope), file):
            return Response(None, 304, headers)
        return Response(file.data, 200, headers, TYPES[path.rpartition("/")[2]])

    def _file(self, path: str) -> _File | None:
        """The file of a path below the folder, from memory where it has not changed since."""
        parts = path.split("/")
        if parts[-1] not in TYPES or any(not part or part.startswith(".") for part in parts):
            return None
        try:
            place = self._folder.joinpath(*parts)
            status = place.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._files.get(path)
            if known is None or known.stamp != stamp:
                data = place.read_bytes()
                etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
                known = self._files[path] = _File(stamp, data, etag, status.st_mtime)
        except (OSError, ValueError):
            return None
        self._files.move_to_end(path)
        while len(self._files) > KEPT:
            self._files.popitem(last=False)
        return known


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
