"""The desk as an application: every room's doors, behind the guard."""

from __future__ import annotations

from collections import Counter
from types import ModuleType
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from publisher.web import errors
from publisher.web.desk import (
    articles,
    deliveries,
    editions,
    health,
    overview,
    programs,
    shapes,
    subscribers,
)
from publisher.web.desk.guard import Guard
from publisher.web.desk.look import Face
from publisher.web.desk.progress import Progress
from publisher.web.press import Press

ROOMS: tuple[ModuleType, ...] = (
    overview, articles, shapes, editions, deliveries, subscribers, health,
    programs,
)  # fmt: skip


def desk(press: Press, answers: Counter[tuple[str, int]]) -> Starlette:
    """Everything below `/desk/`; `answers` are those that were counted since the start."""
    face = Face(press)
    shared: dict[str, Any] = {"answers": answers, "sent": {}}
    guard = Guard(press, face, shared)

    async def front(_request: Request) -> Response:
        return RedirectResponse(f"{face.root}/", 301)

    routes: list[BaseRoute] = [Route("/desk", front), *guard.routes]
    routes += [guard.route(door) for room in ROOMS for door in room.DOORS]
    routes.append(Progress(press, guard).route)
    app = Starlette(routes=routes, exception_handlers=errors.handlers(press))
    app.router.redirect_slashes = False
    return app
