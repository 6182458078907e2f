"""Documents made of the store, kept in memory with their compressed forms, and their answers."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formatdate
from threading import Lock

from starlette.requests import Request
from starlette.responses import Response

from publisher.syndication.publish import CODINGS, compressed
from publisher.web.feed_documents import LIVE
from publisher.web.negotiation import best_coding, is_unchanged


@dataclass(frozen=True, slots=True)
class Form:
    """The bytes of a document in one content coding, and their validator."""

    data: bytes
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", f'"{hashlib.sha256(self.data).hexdigest()[:32]}"')


@dataclass(frozen=True, slots=True)
class Document:
    """A document in each of its content codings (`""` is none).

    It is right while what it was made from has the same `version`, from the moment `made` on, and
    before `until` where time alone can change it. `modified` is when what it says last changed.
    """

    forms: dict[str, Form]
    version: int
    made: datetime
    modified: datetime | None = None
    until: datetime | None = None

    def is_right(self, version: int, now: datetime) -> bool:
        """Whether it can be shown now. A clock that was put back proves nothing."""
        in_time = self.made <= now and (self.until is None or now < self.until)
        return in_time and version == self.version

    @property
    def size(self) -> int:
        """What it takes in memory, in bytes."""
        return sum(len(form.data) for form in self.forms.values())


def forms_of(data: bytes) -> dict[str, Form]:
    """A document's bytes as they are, and compressed."""
    packed = {coding: Form(compressed(data, coding)) for coding in CODINGS}
    return {"": Form(data), **packed}


class Kept:
    """Documents by name; the ones that nobody has asked for longest make room for others."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(
        self, name: str, version: int, now: datetime, make: Callable[[datetime], Document | None]
    ) -> Document | None:
        """The document of that name and version; made as of `now`, once, if it is not there."""
        with self._lock:
            known = self._documents.get(name)
            if known is not None and known.is_right(version, now):
                self._documents.move_to_end(name)
                return known
            document = make(now)
            if document is not None:
                self._keep(name, document)
            return document

    def _keep(self, name: str, document: Document) -> None:
        before = self._documents.pop(name, None)
        self._size += document.size - (before.size if before else 0)
        self._documents[name] = document
        while self._size > self._largest and len(self._documents) > 1:
            _, oldest = self._documents.popitem(last=False)
            self._size -= oldest.size


def answer(request: Request, document: Document, media_type: str, now: datetime) -> Response:
    """200 or 304, in the smallest form that the reader takes.

    Last-Modified counts whole seconds, so while the second of the last change is not over it would
    not tell one state from the next, and it is left out; as it is where a clock was put back, since
    it must not lie in the future (RFC 9110, 8.8.2).
    """
    asked = dict(request.scope["headers"])
    coding = best_coding(asked, document.forms)
    form = document.forms[coding]
    modified = None
    if document.modified is not None and int(document.modified.timestamp()) < int(now.timestamp()):
        modified = int(document.modified.timestamp())
    headers = {"etag": form.etag, "cache-control": LIVE, "vary": "accept-encoding"}
    if modified is not None:
        headers["last-modified"] = formatdate(modified, usegmt=True)
    if is_unchanged(asked, form.etag, modified):
        return Response(status_code=304, headers=headers)
    headers |= {"content-type": media_type, "content-length": str(len(form.data))}
    headers |= {"content-encoding": coding} if coding else {}
    return Response(form.data if request.method == "GET" else b"", headers=headers)
