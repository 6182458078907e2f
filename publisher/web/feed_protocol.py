"""The short way to a feed: from the head of a request to its answer, without ASGI in between."""

from __future__ import annotations

from typing import Any

from publisher.web.feed_files import FeedFiles
from publisher.web.patience import PatientProtocol

# A request with one of these is more than a question for a document.
UNUSUAL = frozenset((b"content-length", b"transfer-encoding", b"expect", b"upgrade"))
METHODS = (b"GET", b"HEAD")


def feed_protocol(feeds: FeedFiles | None, head_seconds: float) -> type[PatientProtocol]:
    """The protocol of a server: with a short way to these feeds, if any, and with that patience."""
    base = PatientProtocol if feeds is None else FeedProtocol
    return type("Protocol", (base,), {"head_seconds": head_seconds, "feeds": feeds})


class FeedProtocol(PatientProtocol):
    """Answers a plain request for a feed as soon as its head is read.

    Most requests to a newsroom are for feeds, and their answers are in memory; a task, a scope and
    two messages for each would cost more than the answer itself. All that is not plain goes the
    usual way: requests behind one that is under way, with a body, of a reader that does not take
    what it gets, or on a connection that ends.
    """

    feeds: FeedFiles

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._answered = False

    def on_headers_complete(self) -> None:
        """Answer it here, or let the application."""
        asked = dict(self.headers)
        method = self.parser.get_method()
        self._answered = self._is_plain(method, asked)
        if self._answered:
            self._head_is_there()
            self._answer(method, asked)
        else:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request that has its answer waits for nothing."""
        if not self._answered:
            super().on_message_complete()

    def _is_plain(self, method: bytes, asked: dict[bytes, bytes]) -> bool:
        url = self.url
        if not url.startswith(self.feeds.root) or b"%" in url or b"?" in url:
            return False
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy or self.flow.write_paused or self.transport.is_closing():
            return False
        most = self.limit_concurrency
        if most is not None and len(self.connections) >= most:
            return False
        return (
            method in METHODS
            and UNUSUAL.isdisjoint(asked)
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
        )

    def _answer(self, method: bytes, asked: dict[bytes, bytes]) -> None:
        answer = self.feeds.answer(method.decode(), self.url.decode("ascii"), asked)
        lines = [b"%b: %b\r\n" % one for one in self.server_state.default_headers]
        self.transport.write(b"".join((answer.head, *lines, b"\r\n")))
        if answer.body and method == b"GET":
            self.transport.write(answer.body)
        self.server_state.total_requests += 1
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
