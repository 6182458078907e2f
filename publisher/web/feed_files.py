"""Serves the files under `feeds/` (an ASGI application, outside the framework's routing).

Feed readers ask often and mostly get a 304, so the way to an answer is short: documents and their
headers are kept in memory as they go out, and the folder is looked at ten times a second at most.
An answer needs nothing to wait for, so our server asks for it without ASGI in between
(publisher/web/feed_protocol.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from publisher.syndication.former import leads_to
from publisher.syndication.publish import compressed
from publisher.web.deltas import wants_delta
from publisher.web.feed_documents import CORS, Answer, Document, Documents, Form, answer_of, raw
from publisher.web.negotiation import best_coding, entity_tags, is_unchanged

# A name may come into use again, so that it has moved is not kept for ever.
MOVED = "public, max-age=3600"
# A cache that does not know instance manipulations must not keep a 226 (RFC 3229, 10.8.3).
DELTA = "no-store, im"
Asked = Mapping[bytes, bytes]


class FeedFiles:
    """GET and HEAD for feed documents, with validators; nothing else of the folder is shown."""

    def __init__(
        self,
        folder: Path,
        prefix: str = "",
        *,
        deltas: bool = False,
        hubs: Sequence[str] = (),
        site_url: str = "",
        answers: Counter[tuple[str, int]] | None = None,
    ) -> None:
        self._documents = Documents(folder, deltas=deltas, hubs=hubs, site_url=site_url)
        self._prefix = prefix
        self.root = f"{prefix}/".encode()
        self._answers: Counter[tuple[str, int]] = Counter() if answers is None else answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method = scope["method"]
        answer = self.answer(method, scope["path"], dict(scope["headers"]))
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        )
        body = b"" if method == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    def answer(self, method: str, path: str, asked: Asked) -> Answer:
        """What a request gets; `asked` are its headers, names in small letters.

        The body is there for HEAD as well, and must be left out then.
        """
        given = self._given(method, path, asked)
        self._answers["feed", given.status] += 1
        return given

    def _given(self, method: str, path: str, asked: Asked) -> Answer:
        if method not in ("GET", "HEAD"):
            return _say(405, "Feeds can only be read.\n", {"allow": "GET, HEAD"})
        path = path.removeprefix(self._prefix).removeprefix("/")
        document = self._documents.get(f"{path}index.html" if path[-1:] in ("", "/") else path)
        return self._lacking(path) if document is None else _answer(document, asked)

    def _lacking(self, path: str) -> Answer:
        to = leads_to(self._documents.former(), path)
        if to is None:
            return _say(404, "There is no such feed.\n", {})
        if not to:
            return _say(410, "This feed has ended.\n", {"cache-control": MOVED})
        told = {"location": f"{self._prefix}/{quote(to)}", "cache-control": MOVED}
        return _say(301, f"This feed is at {quote(to)} now.\n", told)


def _answer(document: Document, asked: Asked) -> Answer:
    form = document.forms[best_coding(asked, document.forms)]
    if is_unchanged(asked, form.etag, form.modified):
        return form.unchanged
    if document.versions and wants_delta(asked.get(b"a-im", b"").decode("latin-1")):
        return _delta(document, form, entity_tags(asked)) or form.found
    return form.found


def _delta(document: Document, form: Form, tags: list[str]) -> Answer | None:
    """A 226, in the coding of the form that the reader would have got."""
    assert document.versions is not None  # noqa: S101 - the caller has looked
    made = document.versions.delta(tags, document.forms[""].found.body)
    if made is None:
        return None
    base, plain = made
    if (base, form.coding) not in document.deltas:
        document.deltas[base, form.coding] = _coded(plain, form.coding)
    data = document.deltas[base, form.coding]
    special = raw(
        {"im": "feed", "delta-base": base, "cache-control": DELTA, "content-length": str(len(data))}
    )
    names = {name for name, _ in special}
    kept = [one for one in form.found.headers if one[0] not in names]
    return answer_of(226, [*kept, *special], data)


def _coded(data: bytes, coding: str) -> bytes:
    return compressed(data, coding) if coding else data


def _say(status: int, text: str, headers: dict[str, str]) -> Answer:
    body = text.encode()
    told = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(body))}
    return answer_of(status, raw({**CORS, **told, **headers}), body)
