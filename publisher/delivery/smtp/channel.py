"""One connection to a server: bytes out, replies in, and never a wait without an end."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from publisher.delivery.smtp.replies import GarbageError, Parser, Reply

# A server that does not read makes us wait from so many unsent bytes on.
HIGH_WATER = 256 * 1024
CLOSE_SECONDS = 1.0


class LostError(Exception):
    """The connection is gone, and why."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server may take, in seconds: the proportions of RFC 5321, 4.5.3.2."""

    command: float  # connecting, greeting, EHLO, MAIL and RCPT: 5 minutes there
    data: float  # 2
    block: float  # 3
    final: float  # 10

    @classmethod
    def of(cls, seconds: float) -> Patience:
        """Scaled so that a command may take so long."""
        return cls(seconds, seconds * 2 / 5, seconds * 3 / 5, seconds * 2)


class Channel(asyncio.Protocol):
    """Writes commands and gives their replies one by one, in the order in which they come."""

    _transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._parser = Parser()
        self._replies: deque[Reply] = deque()
        self._owed = 1  # the greeting
        self._waiter: asyncio.Future[None] | None = None
        self._gone: asyncio.Future[None] = loop.create_future()
        self._is_full = False
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.lost = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER)

    def data_received(self, data: bytes) -> None:
        """Bytes have come in."""
        try:
            replies = self._parser.feed(data)
        except GarbageError as error:
            self.fail(str(error))
            return
        self._owed -= len(replies)
        if self._owed < 0:
            # Only a farewell may come unasked (421); anything else would answer for what follows.
            last = replies[-1]
            del replies[self._owed :]
            self._owed = 0
            self.fail(f"it said without being asked: {last.text}")
        self._replies.extend(replies)
        if replies:  # a server that sends a byte now and then is not waited for any longer
            self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """It is closed, by whomever."""
        self.lost = self.lost or (f"{error}" if error else "the server closed the connection")
        if not self._gone.done():
            self._gone.set_result(None)
        self._wake()

    def pause_writing(self) -> None:
        """The server does not read as fast as we write."""
        self._is_full = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._is_full = False
        self._wake()

    @property
    def has_reply(self) -> bool:
        """Whether a reply is there without waiting."""
        return bool(self._replies)

    def info(self, name: str) -> Any:
        """What the connection tells of itself, such as `peername` and `ssl_object`."""
        return self._transport.get_extra_info(name)

    @property
    def local_address(self) -> str:
        """Our end's address."""
        return str(self._transport.get_extra_info("sockname", ("",))[0])

    def write(self, data: bytes, replies: int) -> None:
        """Send bytes that will be answered by so many replies. Raises LostError."""
        if self.lost:
            raise LostError(self.lost)
        self._owed += replies
        self._transport.write(data)

    async def reply(self, seconds: float) -> Reply:
        """The next reply. Raises LostError, also if there is none after so many seconds."""
        if not self._replies:
            await self._until(lambda: bool(self._replies), seconds)
        if not self._replies:
            raise LostError(self.lost)
        return self._replies.popleft()

    async def replies(self, number: int, seconds: float) -> list[Reply]:
        """The next replies; fewer, if the connection ends before they are all there."""
        if len(self._replies) < number:
            await self._until(lambda: len(self._replies) >= number, seconds)
        return [self._replies.popleft() for _ in range(min(number, len(self._replies)))]

    async def drained(self, seconds: float) -> None:
        """Wait until nearly all that was written has left. Raises LostError."""
        await self._until(lambda: not self._is_full, seconds)
        if self.lost:
            raise LostError(self.lost)

    async def ask(self, command: bytes, seconds: float) -> Reply:
        """Send one command; its reply. Raises LostError."""
        self.write(command, 1)
        return await self.reply(seconds)

    async def start_tls(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Go on under TLS. Raises LostError, OSError or TimeoutError."""
        if self.lost or self.has_reply or not self._parser.is_empty:
            # What was slipped in before TLS would be taken for the server's own (CVE-2011-0411).
            raise LostError(self.lost or "the server said more than it may before TLS")
        async with asyncio.timeout(seconds):
            made = await self._loop.start_tls(self._transport, self, context, server_hostname=host)
        if made is None:
            raise LostError(self.lost or "the server closed the connection")
        self.connection_made(made)

    def fail(self, reason: str) -> None:
        """Give the connection up."""
        self.lost = self.lost or reason
        self._transport.abort()
        self._wake()

    async def leave(self) -> None:
        """Close it, in order if the server does its part, and see it closed."""
        self.lost = self.lost or "closed"
        if self._timer is not None:
            self._timer.cancel()
        self._transport.close()
        await asyncio.wait([self._gone], timeout=CLOSE_SECONDS)
        if not self._gone.done():
            self._transport.abort()
            await asyncio.wait([self._gone], timeout=CLOSE_SECONDS)

    async def _until(self, is_so: Callable[[], bool], seconds: float) -> None:
        """Wait until it is so, or the connection is lost: at the latest after so many seconds."""
        self._deadline = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._deadline:
            self._set_timer()
        while not self.lost and not is_so():
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._on_time)

    def _on_time(self) -> None:
        # One timer for the whole connection: it looks whether the wait of now is over.
        self._timer = None
        if self._waiter is None:
            return
        if self._deadline > self._loop.time():
            self._set_timer()
        else:
            self.fail("the server was silent for too long")
