"""The door to the SMTP engine: senders in their threads, the engine in its own."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from publisher.delivery.smtp.engine import Engine
from publisher.delivery.smtp.opening import Manners
from publisher.delivery.smtp.relay import Terms
from publisher.delivery.smtp.transfer import Parcel
from publisher.delivery.transport import Answer, Fate, Item, Letter, Outlet, written


class SmtpTransport:
    """Hands letters to mail servers. Any number of senders may share it."""

    def __init__(self, terms: Sequence[Terms], manners: Manners) -> None:
        self._terms, self._manners = tuple(terms), manners
        self._lock = threading.Lock()
        self._users = 0
        self._thread: _Thread | None = None

    @contextmanager
    def open(self, write: Callable[[Any], Letter]) -> Iterator[Outlet]:
        """See `Transport.open`. Connections live as long as anybody uses them."""
        with self._lock:
            if self._thread is None:
                self._thread = _Thread(self._terms, self._manners)
            self._users += 1
            thread = self._thread
        try:
            yield _Outlet(thread, write)
        finally:
            with self._lock:
                self._users -= 1
                last = not self._users
                if last:
                    self._thread = None
            if last:
                thread.end()


class _Thread:
    """An engine and the thread that it runs in."""

    def __init__(self, terms: Sequence[Terms], manners: Manners) -> None:
        self.loop = _new_loop()
        self.engine = Engine(terms, manners)
        self._thread = threading.Thread(target=self._run, name="smtp", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Take leave of the servers, and end."""
        asyncio.run_coroutine_threadsafe(self.engine.end(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()


class _Outlet:
    """One sender's outlet. What is answered in the engine's thread is collected in the sender's."""

    def __init__(self, thread: _Thread, write: Callable[[Any], Letter]) -> None:
        self._loop, self._engine, self._write = thread.loop, thread.engine, write
        self._answers: deque[Answer] = deque()
        self._ready = threading.Event()
        self._open = 0  # handed over and not answered; changed in the engine's thread alone
        self._least = 1
        self._is_recalled = False
        self.trouble: Exception | None = None

    def hand(self, items: Sequence[tuple[Item, float]]) -> None:
        """See `Outlet.hand`."""
        self._loop.call_soon_threadsafe(self._put, items)

    def collect(self, least: int, seconds: float) -> list[Answer]:
        """See `Outlet.collect`."""
        self._least = least
        if len(self._answers) < least:
            self._ready.wait(seconds)
        self._ready.clear()
        return [self._answers.popleft() for _ in range(len(self._answers))]

    def recall(self) -> None:
        """See `Outlet.recall`."""
        self._loop.call_soon_threadsafe(self._recall)

    def write(self, parcel: Parcel) -> bool:
        """Write the parcel's letter; whether there is one (else it is answered)."""
        try:
            found = written(self._write, parcel.item)
        except Exception as error:  # a template, say: it is raised where the sender is
            self.fail(error)
            found = Answer(parcel.item, Fate.KEPT, said=str(error))
        if isinstance(found, Letter):
            parcel.letter, parcel.is_written = found, True
        else:
            self.answer(found)
        return parcel.is_written

    def answer(self, answer: Answer) -> None:
        """A parcel is done."""
        self._answers.append(answer)
        self._open -= 1
        if not self._open or len(self._answers) >= self._least:
            self._ready.set()

    def fail(self, error: Exception) -> None:
        """Nothing more can leave."""
        self.trouble = self.trouble or error

    def _put(self, items: Sequence[tuple[Item, float]]) -> None:
        self._open += len(items)
        self._queue([Parcel(item, self) for item, wait in items if wait <= 0])
        for item, wait in items:
            if wait > 0:
                self._loop.call_later(wait, self._queue, [Parcel(item, self)])

    def _queue(self, parcels: Sequence[Parcel]) -> None:
        self._engine.put(parcels)
        if self._is_recalled:
            self._engine.recall(self)

    def _recall(self) -> None:
        self._is_recalled = True
        self._engine.recall(self)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # Windows, PyPy
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
