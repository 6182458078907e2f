"""How long, and for how much, a connection is waited for."""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

# All header lines of a request together; no browser sends a tenth of it.
LONGEST_HEAD = 64_000


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol for programs that send their requests slowly or without an end.

    uvicorn waits for the head of a request for ever, and keeps all of it. Here a head has
    `head_seconds` from the moment that the connection is made or that its first byte comes, and
    `LONGEST_HEAD` bytes.
    """

    head_seconds = 15.0

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._in_head = False
        # Whether the bytes at hand also hold the end of a head before this one.
        self._is_shared = False
        self._head_timer: TimerHandle | None = None
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take some bytes; too many before the head is complete end the connection."""
        self._is_shared = False
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            # Most heads come in one piece, and need no timer.
            if self._head_timer is None:
                self._await_head()
            self._head_bytes += 0 if self._is_shared else len(data)
            if self._head_bytes > LONGEST_HEAD:
                self._refuse(431, "The head of the request is too large.")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """The head is complete; how long its body takes is the application's to say."""
        self._head_is_there()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._in_head = True
        self._head_timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def _head_is_there(self) -> None:
        self._in_head, self._is_shared, self._head_bytes = False, True, 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            self._refuse(408, "The request took too long.")

    def _refuse(self, status: int, text: str) -> None:
        self._head_is_there()
        head = f"content-type: text/plain; charset=utf-8\r\ncontent-length: {len(text) + 1}\r\n"
        self.transport.write(
            STATUS_LINE[status] + f"{head}connection: close\r\n\r\n{text}\n".encode()
        )
        self.transport.close()
