"""What is stored about a reader: asked for by a button, shown and erased behind a mail's link."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from publisher.errors import LinkError
from publisher.pipeline import own_data, subscribing
from publisher.pipeline.subscribing import Reader
from publisher.tokens import Purpose
from publisher.web.press import Page, Press, Reading
from publisher.web.private import (
    PRIVATE,
    PrivatePages,
    form_of,
    language_of,
    private_page,
    title_of,
)

FILE = {
    **PRIVATE,
    "content-disposition": 'attachment; filename="my-data.json"',
    "x-robots-tag": "noindex",
}


def routes(press: Press) -> list[Route]:
    """Asking, looking, keeping a copy, erasing."""
    pages = OwnData(press)
    return [
        Route("/preferences/{token}/data", pages.ask, methods=["GET", "POST"]),
        Route("/data/{token}", pages.show, methods=["GET", "POST"]),
        Route("/data/{token}/my-data.json", pages.copy),
    ]


class OwnData(PrivatePages):
    """Answers GET and POST."""

    async def ask(self, request: Request) -> Response:
        """Have a mail sent that leads to it all."""
        token, asked, now = request.path_params["token"], request.method == "POST", _now()

        def work() -> Reader:
            if asked:
                return own_data.ask(self._newsroom, token, now)
            return subscribing.look(self._newsroom, Purpose.PREFERENCES, token, now)

        return await self._for(
            request, work, lambda reading, who: _page(reading, "ask_data", who, done=asked)
        )

    async def show(self, request: Request) -> Response:
        """All that is stored; with POST it is erased."""
        token, now = request.path_params["token"], _now()
        work: Callable[[], tuple[Reader, dict[str, Any]]]
        form = await form_of(request) if request.method == "POST" else {}
        if form.get("sure"):

            def work() -> tuple[Reader, dict[str, Any]]:
                return own_data.erase(self._newsroom, token, now), {}
        else:

            def work() -> tuple[Reader, dict[str, Any]]:
                who = subscribing.look(self._newsroom, Purpose.DATA, token, now)
                return who, own_data.everything(self._newsroom, token, now)

        return await self._for(
            request,
            work,
            lambda reading, found: _page(
                reading,
                "own_data",
                found[0],
                known=found[1],
                done=not found[1],
                copy=f"{reading.root}/data/{token}/my-data.json",
            ),
        )

    async def copy(self, request: Request) -> Response:
        """The same as a file that programs can read (GDPR, article 20)."""
        token, now = request.path_params["token"], _now()
        try:
            found = await self._press.in_thread(
                lambda: own_data.everything(self._newsroom, token, now)
            )
        except LinkError as error:
            return await self._no_link(request, error)
        text = json.dumps(found, ensure_ascii=False, indent=2)
        return Response(f"{text}\n", media_type="application/json", headers=FILE)


def _page(reading: Reading, name: str, who: Reader, **context: Any) -> Page:
    language, heading = language_of(reading, who), "What we know about you"
    return private_page(
        reading, name, language, heading, who=who, list_title=title_of(reading, who), **context
    )


def _now() -> datetime:
    return datetime.now(UTC)
