"""The API as an application of its own: a route for each address, the description, the page."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from publisher.pipeline.newsroom import Newsroom
from publisher.render.pages import Head, Link
from publisher.web.api import (
    articles,
    editions,
    problems,
    reference,
    sections,
    subscribers,
    webhooks,
)
from publisher.web.api.openapi import document
from publisher.web.api.operation import AnyOperation
from publisher.web.api.serving import Desk, of_status
from publisher.web.press import Page, Press, Reading
from publisher.web.safety import CLOSES, Refuse

PREFIX = "/api/v1"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
OPERATIONS: tuple[AnyOperation, ...] = (
    *articles.OPERATIONS,
    *sections.OPERATIONS,
    *editions.OPERATIONS,
    *subscribers.OPERATIONS,
    *webhooks.OPERATIONS,
)

Endpoint = Callable[[Request], Awaitable[Response]]


def api(press: Press) -> Starlette:
    """What answers below `/api/`."""
    newsroom = press.newsroom
    desk = Desk(newsroom, f"{newsroom.config.site.url}{PREFIX}")
    described = document(newsroom.config.site, OPERATIONS)
    data = json.dumps(described, ensure_ascii=False).encode()

    async def description(_request: Request) -> Response:
        headers = {"content-type": "application/json", "cache-control": "public, max-age=300"}
        return Response(data, headers=headers)

    async def lost(_request: Request, _error: Exception) -> Response:
        return problems.answer(of_status(404), desk.root)

    by_path: defaultdict[str, list[AnyOperation]] = defaultdict(list)
    for one in OPERATIONS:
        by_path[one.path].append(one)
    routes = [
        Route(f"{PREFIX}/", press.endpoint(lambda reading: _reference(reading, described))),
        Route(f"{PREFIX}/openapi.json", description),
    ]
    routes += [
        Route(f"{PREFIX}{path}", _endpoint(desk, found), methods=METHODS)
        for path, found in by_path.items()
    ]
    app = Starlette(routes=routes, exception_handlers={404: lost})
    app.router.redirect_slashes = False
    return app


def _reference(reading: Reading, described: dict[str, Any]) -> Page:
    site, base = reading.newsroom.config.site, f"{reading.root}{PREFIX}"
    home, here = Link("Home", f"{reading.root}/"), Link("API", f"{base}/")
    shapes = reference.shapes(described)
    return reading.page(
        "pages/api.html",
        Head("API", "en", f"{base}/", crumbs=[home, here]),
        base=base,
        address=f"{site.url}{PREFIX}",
        entries=reference.entries(described),
        shapes=shapes,
        known={one.name for one in shapes},
        kinds_of_problems=problems.KINDS,
    )


def refusal(newsroom: Newsroom) -> Refuse:
    """How a request to the API is refused that is not worth looking into."""
    root = f"{newsroom.config.site.url}{PREFIX}"

    async def refuse(_request: Request, status: int) -> Response:
        return problems.answer(of_status(status, CLOSES), root)

    return refuse


def _endpoint(desk: Desk, operations: Sequence[AnyOperation]) -> Endpoint:
    async def serve(request: Request) -> Response:
        return await desk.serve(request, operations)

    return serve
