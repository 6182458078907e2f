"""What holds for every answer but those of feeds: headers that keep a page to itself, and limits.

An endpoint that needs another policy, such as an embed, sets that header itself; only what is
missing is added. Its form is refused here if it is too large or comes too slowly.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from publisher.config import Config
from publisher.web.errors import respond
from publisher.web.feed_documents import CORS
from publisher.web.press import Press

# Far more than any address of ours has; browsers and proxies cut off at 8,000 and less.
LONGEST_ADDRESS = 4_000
# No address of ours has these; some of them a database or a file system would stumble over.
_impossible = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffd]")
YEAR = 31_536_000


def elsewhere(config: Config) -> str:
    """Where pictures may come from, as a policy has it."""
    return "https:" if urlsplit(config.site.url).scheme == "https" else "https: http:"


def page_headers(config: Config) -> dict[str, str]:
    """The headers of a page. Pictures may come from anywhere, since articles name them; nothing
    else does, and no script runs at all."""
    anywhere = elsewhere(config)
    policy = {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": f"'self' {anywhere}",
        "media-src": f"'self' {anywhere}",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    headers = {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "x-content-type-options": "nosniff",
        "referrer-policy": "strict-origin-when-cross-origin",
        "permissions-policy": "browsing-topics=(), camera=(), geolocation=(), microphone=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if urlsplit(config.site.url).scheme == "https":
        headers["strict-transport-security"] = f"max-age={YEAR}"
    return headers


def media_headers(config: Config) -> dict[str, str]:
    """The headers of a picture or film: readers of feeds and mails show it too, and a drawing with
    a script in it (SVG) does nothing."""
    return page_headers(config) | {
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "cross-origin-resource-policy": "cross-origin",
    }


def embed_headers(config: Config) -> dict[str, str]:
    """The headers of what partners show in their pages: any page may read it, as it may feeds."""
    return page_headers(config) | CORS | {"cross-origin-resource-policy": "cross-origin"}


def frame_policy(config: Config) -> str:
    """The policy of a page for frames: it may be framed, and runs the one script that tells its
    height. The script makes no markup, which Trusted Types hold it to."""
    policy = page_headers(config)["content-security-policy"]
    policy = policy.replace("frame-ancestors 'none'", "frame-ancestors *")
    policy = policy.replace("form-action 'self'", "form-action 'none'")
    return f"{policy}; script-src 'self'; require-trusted-types-for 'script'"


def builder_policy(config: Config) -> str:
    """The policy of the page where partners choose: it shows a frame of ours, and its script asks
    for that page again."""
    policy = page_headers(config)["content-security-policy"]
    more = ("script-src 'self'", "connect-src 'self'", "frame-src 'self'")
    return "; ".join([policy, *more, "require-trusted-types-for 'script'"])


# Answers a request that is refused, by its status.
Refuse = Callable[[Request, int], Awaitable[Response]]
CLOSES = {"connection": "close"}


def as_page(press: Press) -> Refuse:
    """Refuses with a page of the site."""

    async def refuse(request: Request, status: int) -> Response:
        return await respond(press, request, status, CLOSES)

    return refuse


class Safety:
    """Wraps the applications that answer everything but feeds."""

    def __init__(
        self,
        app: ASGIApp,
        press: Press,
        max_body_bytes: int | None = None,
        refuse: Refuse | None = None,
    ) -> None:
        config = press.newsroom.config
        self._app, self._refuse = app, refuse or as_page(press)
        self._pages = _raw(page_headers(config))
        self._others = {
            "/media/": _raw(media_headers(config)),
            "/embed/": _raw(embed_headers(config)),
            "/oembed": _raw(embed_headers(config)),
        }
        self._max_bytes = max_body_bytes or config.web.max_body_bytes
        self._seconds = config.web.request_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        found = (one for part, one in self._others.items() if scope["path"].startswith(part))
        headers = next(found, self._pages)

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                added = [(name, value) for name, value in headers if name not in given]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        status = self._refusal(scope)
        if status:
            request = Request(scope, receive)
            answer = await self._refuse(request, status)
            await answer(scope, receive, send_safely)
            return
        limited = _Body(receive, self._max_bytes, self._seconds)
        await self._app(scope, limited.receive, send_safely)

    def _refusal(self, scope: Scope) -> int:
        """The status of a request that is not worth looking into; 0 for all others."""
        if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
            return 414
        if _impossible.search(scope["path"]):
            return 404
        told = dict(scope["headers"]).get(b"content-length", b"0")
        # Every digit was looked at by the server; anything else is no number at all.
        return 413 if not told.isdigit() or int(told) > self._max_bytes else 0


class _Body:
    """The body of a request, as long as it is neither too large nor too slow."""

    def __init__(self, receive: Receive, max_bytes: int, seconds: float) -> None:
        self._receive = receive
        self._left = max_bytes
        self._end = time.monotonic() + seconds
        self._is_read = False

    async def receive(self) -> Message:
        """The next part of it. Raises HTTPException (408, 413)."""
        if self._is_read:  # what comes now is only word that the asker has gone
            return await self._receive()
        with anyio.move_on_after(max(0.0, self._end - time.monotonic())) as limit:
            message = await self._receive()
        if limit.cancelled_caught:
            raise HTTPException(408, headers={"connection": "close"})
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413, headers={"connection": "close"})
        self._is_read = not message.get("more_body", False)
        return message


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
