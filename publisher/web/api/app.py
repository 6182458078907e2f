"""The API as an application of its own: a route for each address, the description, the page."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from publisher.pipeline.newsroom import Newsroom
from publisher.web.api import articles, editions, problems, sections, subscribers, webhooks
from publisher.web.api.openapi import document
from publisher.web.api.operation import AnyOperation
from publisher.web.api.serving import Desk, of_status
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


def api(newsroom: Newsroom) -> Starlette:
    """What answers below `/api/`."""
    desk = Desk(newsroom, f"{newsroom.config.site.url}{PREFIX}")
    data = json.dumps(document(newsroom.config.site, OPERATIONS), ensure_ascii=False).encode()

    async def description(_request: Request) -> Response:
        headers = {"content-type": "application/json", "cache-control": "public, max-age=300"}
        return Response(data, headers=headers)

    async def lost(_request: Request, _error: Exception) -> Response:
        return problems.answer(of_status(404), desk.root)

    by_path: defaultdict[str, list[AnyOperation]] = defaultdict(list)
    for one in OPERATIONS:
        by_path[one.path].append(one)
    routes = [Route(f"{PREFIX}/openapi.json", description)]
    routes += [
        Route(f"{PREFIX}{path}", _endpoint(desk, found), methods=METHODS)
        for path, found in by_path.items()
    ]
    app = Starlette(routes=routes, exception_handlers={404: lost})
    app.router.redirect_slashes = False
    return app


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
