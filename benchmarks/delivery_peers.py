"""Who else can send mail, and where it goes: Postfix's test programs and Python's libraries."""

from __future__ import annotations

import asyncio
import smtplib
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.message import EmailMessage
from functools import partial
from typing import cast

import aiosmtplib

from benchmarks.bench_serving import free_port

SENDER, RECIPIENT = "news@news.example", "reader{}@example.org"
HOST = "127.0.0.1"
# The letter for the reader of that number: the same bytes for all, or a message of its own.
Make = Callable[[int], bytes | EmailMessage]


@contextmanager
def sink() -> Iterator[int]:
    """Postfix's smtp-sink, which takes everything and throws it away; its port."""
    port = free_port()
    process = subprocess.Popen(["smtp-sink", "-u", "nobody", f"{HOST}:{port}", "1000"])
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def far_away(port: int, round_trip: float) -> Iterator[int]:
    """The same server at the end of a long line, in seconds for there and back; its port."""
    mine = free_port()
    command = [sys.executable, "-m", __name__, str(mine), str(port), str(round_trip / 2)]
    process = subprocess.Popen(command)
    try:
        _wait(mine)
        yield mine
    finally:
        process.terminate()
        process.wait(10)


def smtp_source(port: int, number: int, size: int, connections: int, *options: str) -> float:
    """Microseconds a message with Postfix's own load generator."""
    command = ["smtp-source", "-s", str(connections), "-m", str(number), "-l", str(size), *options]
    addresses = ["-f", SENDER, "-t", RECIPIENT.format(1)]
    start = time.perf_counter()
    subprocess.run([*command, *addresses, f"{HOST}:{port}"], check=True)
    return (time.perf_counter() - start) / number * 1e6


def built(html: str, text: str, who: int) -> EmailMessage:
    """A letter to one reader as the standard library builds it, with links of the reader's own."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = SENDER, RECIPIENT.format(who), "News of today"
    made["Message-ID"] = f"<{who}@news.example>"
    link = f"https://news.example/unsubscribe/{who:050}"
    made["List-Unsubscribe"] = f"<{link}>"
    made.set_content(text.replace("@@UNSUBSCRIBE@@", link))
    made.add_alternative(html.replace("@@UNSUBSCRIBE@@", link), subtype="html")
    return made


def threaded_smtplib(port: int, number: int, make: Make, connections: int) -> float:
    """Microseconds a message with smtplib, a thread and a connection each."""
    share = number // connections

    def work(first: int) -> None:
        with smtplib.SMTP(HOST, port) as server:
            for n in range(first, first + share):
                letter = make(n)
                if isinstance(letter, bytes):
                    server.sendmail(SENDER, [RECIPIENT.format(n)], letter)
                else:
                    server.send_message(letter)

    start = time.perf_counter()
    with ThreadPoolExecutor(connections) as threads:
        list(threads.map(work, range(0, share * connections, share)))
    return (time.perf_counter() - start) / (share * connections) * 1e6


def with_aiosmtplib(port: int, number: int, make: Make, connections: int) -> float:
    """Microseconds a message with aiosmtplib, a task and a connection each."""
    share = number // connections

    async def work(first: int) -> None:
        async with aiosmtplib.SMTP(hostname=HOST, port=port) as server:
            for n in range(first, first + share):
                letter = make(n)
                if isinstance(letter, bytes):
                    await server.sendmail(SENDER, [RECIPIENT.format(n)], letter)
                else:
                    await server.send_message(letter)

    async def all_of_it() -> None:
        await asyncio.gather(*map(work, range(0, share * connections, share)))

    start = time.perf_counter()
    asyncio.run(all_of_it())
    return (time.perf_counter() - start) / (share * connections) * 1e6


class _Late(asyncio.Protocol):
    """One end of a long line: what comes in here goes out at the other end later."""

    def __init__(self, delay: float, other: _Late | None = None) -> None:
        self.delay, self.other = delay, other
        self.loop = asyncio.get_running_loop()
        self.out: asyncio.Transport | None = None
        self.held: deque[tuple[float, bytes | None]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.out = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._hold(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._hold(None)

    def _hold(self, data: bytes | None) -> None:
        self.held.append((self.loop.time() + self.delay, data))
        if len(self.held) == 1:
            self.loop.call_at(self.held[0][0], self._let_go)

    def _let_go(self) -> None:
        # Timers alone would not keep the order.
        while self.held and self.held[0][0] <= self.loop.time():
            data = self.held.popleft()[1]
            if self.other is None or self.other.out is None or self.other.out.is_closing():
                continue
            if data is None:
                self.other.out.close()
            else:
                self.other.out.write(data)
        if self.held:
            self.loop.call_at(self.held[0][0], self._let_go)


class _Near(_Late):
    """The end that clients connect to."""

    def __init__(self, port: int, delay: float) -> None:
        super().__init__(delay)
        self.port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.dialling = self.loop.create_task(self._dial())

    async def _dial(self) -> None:
        far = partial(_Late, self.delay, self)
        _, self.other = await self.loop.create_connection(far, HOST, self.port)


async def _long_line(mine: int, port: int, delay: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(_Near, port, delay), HOST, mine)
    await server.serve_forever()


def _wait(port: int) -> None:
    import socket

    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return


if __name__ == "__main__":
    import uvloop

    uvloop.run(_long_line(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
