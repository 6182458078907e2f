"""Serves the files under `feeds/` (an ASGI application, outside the framework's routing).

Feed readers ask often and mostly get a 304, so the way to an answer is short: documents and their
headers are kept in memory as they go out, and the folder is looked at ten times a second at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from publisher.syndication.former import leads_to
from publisher.syndication.publish import compressed
from publisher.web.deltas import wants_delta
from publisher.web.feed_documents import CORS, Document, Documents, Form, raw
from publisher.web.negotiation import best_coding, entity_tags, is_unchanged

# A name may come into use again, so that it has moved is not kept for ever.
MOVED = "public, max-age=3600"
# A cache that does not know instance manipulations must not keep a 226 (RFC 3229, 10.8.3).
DELTA = "no-store, im"
_ASKED = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"a-im")
Asked = dict[bytes, bytes]


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
    ) -> None:
        self._documents = Documents(folder, deltas=deltas, hubs=hubs, site_url=site_url)
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            await _say(send, 405, "Feeds can only be read.\n", {"allow": "GET, HEAD"})
            return
        path = scope["path"].removeprefix(self._prefix).removeprefix("/")
        document = self._documents.get(f"{path}index.html" if path[-1:] in ("", "/") else path)
        if document is None:
            await self._lacking(send, path)
            return
        asked = {name: value for name, value in scope["headers"] if name in _ASKED}
        await _answer(send, document, asked, with_body=method == "GET")

    async def _lacking(self, send: Send, path: str) -> None:
        to = leads_to(self._documents.former(), path)
        if to is None:
            await _say(send, 404, "There is no such feed.\n", {})
        elif not to:
            await _say(send, 410, "This feed has ended.\n", {"cache-control": MOVED})
        else:
            place = f"{self._prefix}/{quote(to)}"
            told = {"location": place, "cache-control": MOVED}
            await _say(send, 301, f"This feed is at {quote(to)} now.\n", told)


async def _answer(send: Send, document: Document, asked: Asked, *, with_body: bool) -> None:
    form = document.forms[best_coding(asked, document.forms)]
    if is_unchanged(asked, form.etag, form.modified):
        await send({"type": "http.response.start", "status": 304, "headers": form.unchanged})
        await send({"type": "http.response.body"})
        return
    status, headers, data = 200, form.found, form.data
    if document.versions and wants_delta(asked.get(b"a-im", b"").decode("latin-1")):
        delta = _delta(document, form, entity_tags(asked))
        if delta is not None:
            status, (headers, data) = 226, delta
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data if with_body else b""})


def _delta(
    document: Document, form: Form, tags: list[str]
) -> tuple[list[tuple[bytes, bytes]], bytes] | None:
    """Headers and body of a 226, in the coding of the form that the reader would have got."""
    assert document.versions is not None  # noqa: S101 - the caller has looked
    made = document.versions.delta(tags, document.forms[""].data)
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
    return [*(one for one in form.found if one[0] not in names), *special], data


def _coded(data: bytes, coding: str) -> bytes:
    return compressed(data, coding) if coding else data


async def _say(send: Send, status: int, text: str, headers: dict[str, str]) -> None:
    body = text.encode()
    told = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(body))}
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": raw({**CORS, **told, **headers}),
        }
    )
    await send({"type": "http.response.body", "body": body})
