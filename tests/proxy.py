"""A network between a program and a server's Unix socket, which can be lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Network:
    """Listens on 127.0.0.1 and passes everything on, while it is there."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._there = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def stall(self) -> None:
        """Swallow everything, and close nothing."""
        self._loop.call_soon_threadsafe(self._there.clear)

    def cut(self) -> None:
        """Break every connection."""
        self._loop.call_soon_threadsafe(self._cut)

    def heal(self) -> None:
        """Be there again."""
        self._loop.call_soon_threadsafe(self._there.set)

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def run(self, ready: threading.Event) -> None:
        """Work until `stop`."""
        asyncio.set_event_loop(self._loop)
        self._there.set()
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()
        self._cut()
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.close()

    def stop(self) -> None:
        """End."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._there.wait()
            far_reader, far_writer = await asyncio.open_unix_connection(self._socket)
            self._writers |= {writer, far_writer}
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._there.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
        self._writers.discard(writer)


@contextmanager
def network(socket: str) -> Iterator[Network]:
    """A network that is there inside the block."""
    one, ready = Network(socket), threading.Event()
    thread = threading.Thread(target=one.run, args=[ready], daemon=True)
    thread.start()
    ready.wait()
    try:
        yield one
    finally:
        one.stop()
        thread.join()
