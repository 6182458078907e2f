"""How bytes that do not change for a while are answered: validators, codings, conditions."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

import brotli
from starlette.requests import Request
from starlette.responses import Response

from publisher.web.conditions import accepted, is_known

BROTLI_QUALITY = 5
GZIP_LEVEL = 6
# Less than this fits into one packet anyway.
WORTH_IT = 800


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes with their entity tag; compressed when somebody first asks for it."""

    data: bytes
    tag: str
    modified: datetime | None = None
    _forms: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, data: bytes, modified: datetime | None = None) -> Kept:
        """Bytes whose tag is made from them alone, so that equal pages have equal tags."""
        seconds = modified.astimezone(UTC).replace(microsecond=0) if modified else None
        return cls(data, hashlib.sha256(data).hexdigest()[:32], seconds)

    @property
    def size(self) -> int:
        """Bytes in memory, in all codings."""
        return len(self.data) + sum(map(len, self._forms.values()))

    def form(self, coding: str) -> bytes:
        """The bytes in a content coding; "" is none."""
        if not coding:
            return self.data
        if coding not in self._forms:
            self._forms[coding] = (
                brotli.compress(self.data, quality=BROTLI_QUALITY)
                if coding == "br"
                else gzip.compress(self.data, GZIP_LEVEL, mtime=0)
            )
        return self._forms[coding]

    def etag(self, coding: str) -> str:
        """The strong entity tag of that form."""
        return f'"{self.tag}-{coding}"' if coding else f'"{self.tag}"'


def answer(request: Request, kept: Kept, headers: dict[str, str], status: int = 200) -> Response:
    """The whole of it in the best coding, or 304 where the asker has it already."""
    coding = _best_coding(request.headers.get("accept-encoding", ""), len(kept.data))
    told = {"etag": kept.etag(coding), "vary": "accept-encoding", **headers}
    if kept.modified is not None:
        told["last-modified"] = format_datetime(kept.modified, usegmt=True)
    if status == 200 and _is_known(request, kept, coding):
        told.pop("content-type", None)
        return Response(status_code=304, headers=told)
    if coding:
        told["content-encoding"] = coding
    body = kept.form(coding)
    told["content-length"] = str(len(body))
    return Response(b"" if request.method == "HEAD" else body, status, told)


def _best_coding(header: str, size: int) -> str:
    taken = accepted(header) if size >= WORTH_IT else set()
    return next((coding for coding in ("br", "gzip") if coding in taken), "")


def _is_known(request: Request, kept: Kept, coding: str) -> bool:
    asked = request.headers
    modified = kept.modified.timestamp() if kept.modified else None
    return is_known(
        asked.get("if-none-match"), asked.get("if-modified-since"), kept.etag(coding), modified
    )
