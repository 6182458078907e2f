"""How far an edition is, told as it goes: server-sent events, for as long as somebody looks on."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from publisher.model import Edition
from publisher.store import deliveries
from publisher.store import editions as stored
from publisher.web.desk.asked import day_of, list_of
from publisher.web.desk.editions import told
from publisher.web.desk.guard import Guard
from publisher.web.desk.look import NO_STORE
from publisher.web.press import Press

PAUSE_SECONDS = 1.0
# Counting a large ledger takes a while, and must not be all that the store does.
TIMES_AS_LONG = 10
# Then the browser asks again by itself, and has to be signed in still.
LONGEST_SECONDS = 60.0


class Progress:
    """Streams what the ledger says."""

    def __init__(self, press: Press, guard: Guard) -> None:
        self._press, self._guard, self._newsroom = press, guard, press.newsroom

    @property
    def route(self) -> Route:
        """Where it is told."""
        return Route("/desk/editions/{list}/{day}/progress", self._serve)

    async def _serve(self, request: Request) -> StreamingResponse:
        who = await self._guard.who(request)
        if who is None:
            raise HTTPException(401)
        edition = await self._press.in_thread(lambda: self._edition(request.path_params))
        headers = {**NO_STORE, "x-accel-buffering": "no"}
        return StreamingResponse(
            self._events(edition.id), headers=headers, media_type="text/event-stream"
        )

    def _edition(self, path: Any) -> Edition:
        one, day = list_of(self._newsroom, path), day_of(path)
        with self._newsroom.store.read() as session:
            found = stored.find(session, one.name, day)
        if found is None:
            raise HTTPException(404)
        return found

    async def _events(self, edition_id: int) -> AsyncIterator[str]:
        last, end = "", time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < end:
            begun = time.monotonic()
            said = json.dumps(await self._press.in_thread(lambda: self._said(edition_id)))
            if said != last:
                yield f"event: progress\ndata: {said}\n\n"
                last = said
            took = time.monotonic() - begun
            await anyio.sleep(max(PAUSE_SECONDS, TIMES_AS_LONG * took))

    def _said(self, edition_id: int) -> dict[str, Any]:
        with self._newsroom.store.read() as session:
            edition = session.get(Edition, edition_id)
            state = edition.state if edition else "gone"
            return told(state, deliveries.count_by_state(session, edition_id))
