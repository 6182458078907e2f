"""A real HTTP server of ours in a thread, which remembers what it was asked and what it said."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

START_SECONDS = 20


@dataclass(frozen=True)
class Exchange:
    """One request, by its path and headers, and the status and headers of the answer."""

    path: str
    asked: dict[str, str]
    status: int
    said: dict[str, str]


@dataclass
class Server:
    """The address of a server, and its exchanges since they were last taken."""

    address: str
    _exchanges: list[Exchange] = field(default_factory=list)

    def taken(self) -> list[Exchange]:
        """The exchanges since the last call."""
        found, self._exchanges = self._exchanges, []
        return found

    def remembering(self, application: ASGIApp) -> ASGIApp:
        """The same application, whose exchanges are remembered."""

        async def remember(scope: Scope, receive: Receive, send: Send) -> None:
            async def note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    asked, said = _headers(scope["headers"]), _headers(message["headers"])
                    self._exchanges.append(Exchange(scope["path"], asked, message["status"], said))
                await send(message)

            await application(scope, receive, note)

        return remember


@contextmanager
def serving(application: ASGIApp) -> Iterator[Server]:
    """The server of an application, on a free port of this machine, until the end of the block."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        served = Server(f"http://127.0.0.1:{listener.getsockname()[1]}")
        config = uvicorn.Config(
            served.remembering(application), log_config=None, lifespan="off", server_header=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until = time.monotonic() + START_SECONDS
        while not server.started:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.005)
        try:
            yield served
        finally:
            server.should_exit = True
            thread.join()


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode().lower(): value.decode("latin-1") for name, value in raw}
