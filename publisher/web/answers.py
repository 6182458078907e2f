"""How bytes that do not change for a while are answered: validators, codings, conditions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import Response

from publisher.syndication.publish import CODINGS, compressed
from publisher.web.negotiation import best_coding, is_unchanged

# Less than this fits into one packet anyway.
WORTH_IT = 800


@dataclass(frozen=True, slots=True)
class Payload:
    """Bytes with their entity tag; compressed when somebody first asks for it."""

    data: bytes
    tag: str
    modified: datetime | None = None
    _forms: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, data: bytes, modified: datetime | None = None) -> Payload:
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
            self._forms[coding] = compressed(self.data, coding)
        return self._forms[coding]

    def etag(self, coding: str) -> str:
        """The strong entity tag of that form."""
        return f'"{self.tag}-{coding}"' if coding else f'"{self.tag}"'


def answer(request: Request, kept: Payload, headers: dict[str, str], status: int = 200) -> Response:
    """The whole of it in the best coding, or 304 where the asker has it already."""
    coding = coding_for(request, kept)
    modified = _told(kept.modified)
    told = {"etag": kept.etag(coding), "vary": "accept-encoding", **headers}
    if modified is not None:
        told["last-modified"] = format_datetime(modified, usegmt=True)
    if status == 200 and _is_known(request, kept.etag(coding), modified):
        told.pop("content-type", None)
        return Response(status_code=304, headers=told)
    if coding:
        told["content-encoding"] = coding
    body = kept.form(coding)
    told["content-length"] = str(len(body))
    return Response(b"" if request.method == "HEAD" else body, status, told)


def coding_for(request: Request, kept: Payload) -> str:
    """The content coding in which the asker gets it."""
    asked = dict(request.scope["headers"])
    return best_coding(asked, CODINGS if len(kept.data) >= WORTH_IT else ())


def _told(modified: datetime | None) -> datetime | None:
    """Last-Modified counts whole seconds: in the second of the change itself it would not tell one
    state from the next, and it must not lie in the future (RFC 9110, 8.8.2)."""
    is_past = modified is not None and modified < datetime.now(UTC).replace(microsecond=0)
    return modified if is_past else None


def _is_known(request: Request, etag: str, modified: datetime | None) -> bool:
    seconds = modified.timestamp() if modified else None
    return is_unchanged(dict(request.scope["headers"]), etag, seconds)
