"""Pages for what cannot be answered: in the site's look and language, and without a word about
how the software works."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from publisher.errors import PublisherError, StoreError
from publisher.render.pages import Head, Link
from publisher.render.translations import words
from publisher.web.press import NOT_KEPT, MovedError, Page, Press, Reading

log = logging.getLogger(__name__)

# What each status means to a reader: a heading, and what to do.
TEXTS = {
    400: ("This request cannot be understood", "Go back and try again."),
    404: (
        "This page does not exist",
        "Perhaps the address was mistyped. The search may find what you are looking for.",
    ),
    405: ("This cannot be done here", "This page can only be read."),
    408: ("This took too long", "Check your connection and try again."),
    410: ("This page is no longer here", "It was removed for good."),
    413: ("This is too large", "Send less at once."),
    414: ("This address is too long", "Shorten it, or begin at the home page."),
    500: ("Something went wrong here", "It is not your fault. Try again in a while."),
    503: ("One moment, please", "This page is being brought up to date. Try again at once."),
}
OTHERWISE = 400


def handlers(press: Press) -> dict[Any, Callable[[Request, Any], Any]]:
    """What answers where an endpoint raises, by what it raises."""

    async def http(request: Request, error: HTTPException) -> Response:
        return await respond(press, request, error.status_code, dict(error.headers or {}))

    async def moved(_request: Request, error: MovedError) -> Response:
        headers = {"cache-control": "public, max-age=3600"}
        return RedirectResponse(error.address, 301, headers)

    async def failed(request: Request, error: PublisherError) -> Response:
        log.error("%s %r: %s", request.method, request.scope["path"], error)
        if isinstance(error, StoreError):
            return await respond(press, request, 503, {"retry-after": "5"})
        return await respond(press, request, 500, {})

    async def unexpected(request: Request, _error: Exception) -> Response:
        return await respond(press, request, 500, {})

    return {
        HTTPException: http,
        MovedError: moved,
        PublisherError: failed,
        Exception: unexpected,  # Starlette logs it, with its traceback, after the answer
    }


async def respond(press: Press, request: Request, status: int, headers: dict[str, str]) -> Response:
    """The page of a status; plain text where not even that can be made."""
    try:
        answer = await press.respond(
            request, lambda reading: error_page(reading, status), ("error", status), {}
        )
    except Exception:
        log.exception("the page for status %d could not be made", status)
        heading, advice = TEXTS.get(status, TEXTS[OTHERWISE])
        answer = PlainTextResponse(f"{heading}. {advice}\n", status)
    if status not in (404, 410):  # the others say something about this one request
        answer.headers["cache-control"] = NOT_KEPT
    answer.headers.update(headers)
    return answer


def error_page(reading: Reading, status: int) -> Page:
    """The page of a status."""
    site = reading.newsroom.config.site
    say = words(site.language).text
    heading, advice = TEXTS.get(status, TEXTS[OTHERWISE])
    way = [Link(say("Home"), f"{reading.root}/")]
    return reading.page(
        "pages/error.html",
        Head(say(heading), site.language, crumbs=way, hidden=True),
        status=status,
        heading=say(heading),
        advice=say(advice),
    )
