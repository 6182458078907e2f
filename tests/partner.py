"""Partners for tests: real HTTP servers on this machine, with good and bad manners."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Received:
    """One request that a partner got; `at` is by the clock of this machine."""

    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: bytes
    at: float


class Handler(BaseHTTPRequestHandler):
    """Keeps the request, then does what the partner's manners for its path are."""

    server: Server

    def do_GET(self) -> None:
        self._take(b"")

    def do_POST(self) -> None:
        self._take(self.rfile.read(int(self.headers["Content-Length"])))

    def _take(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        received = Received(self.command, parts.path, query, self.headers, body, time.time())
        partner = self.server.partner
        with partner.changed:
            partner.received.append(received)
            partner.changed.notify_all()
        with contextlib.suppress(ConnectionError):  # who asked need not wait for the whole answer
            partner.manners.get(parts.path, polite)(self, received)

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


Manners = Callable[[Handler, Received], None]


def polite(handler: Handler, received: Received) -> None:
    """Echo the challenge; take what is sent."""
    handler.say(200, received.query.get("hub.challenge", "").encode())


def in_turn(*manners: Manners) -> Manners:
    """One manner after the other, and the last one from then on."""
    left = list(manners)

    def behave(handler: Handler, received: Received) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(handler, received)

    return behave


def answering(status: int, body: bytes = b"", **headers: str) -> Manners:
    """Always this answer."""
    return lambda handler, _received: handler.say(status, body, **headers)


def only(method: str, manners: Manners) -> Manners:
    """These manners for one method, politeness for the others."""

    def behave(handler: Handler, received: Received) -> None:
        (manners if received.method == method else polite)(handler, received)

    return behave


def silent(handler: Handler, _received: Received) -> None:
    """Never answer, until the test is over."""
    handler.server.partner.over.wait(30)


def dripping(handler: Handler, _received: Received) -> None:
    """A head that comes letter by letter, and never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.partner.over.wait(0.05):
        handler.wfile.write(b"z")


def closing(handler: Handler, _received: Received) -> None:
    """Hang up without a word."""
    handler.close_connection = True


def babbling(handler: Handler, _received: Received) -> None:
    """Something that is no HTTP."""
    handler.wfile.write(b"220 mail.example ESMTP\r\n\r\n")


def endless(handler: Handler, received: Received) -> None:
    """An answer that begins as it should, and has no end."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(received.query.get("hub.challenge", "").encode())
    while not handler.server.partner.over.is_set():
        handler.wfile.write(b"z" * 65536)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, partner: Partner) -> None:
        self.partner = partner
        super().__init__((host, 0), Handler)

    def handle_error(self, *arguments: object) -> None:
        """Quiet."""


@dataclass
class Partner:
    """A server, what it has got, and how it behaves at each path (politely, if not said)."""

    address: str = ""
    received: list[Received] = field(default_factory=list)
    manners: dict[str, Manners] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)
    over: threading.Event = field(default_factory=threading.Event)

    def got(self, method: str, path: str | None = None) -> list[Received]:
        """What it has got by this method (at this path)."""
        return [r for r in list(self.received) if r.method == method and path in (None, r.path)]

    def wait_for(self, method: str, path: str, number: int, seconds: float = 30) -> list[Received]:
        """The same, once there are so many of them."""
        with self.changed:
            enough = self.changed.wait_for(lambda: len(self.got(method, path)) >= number, seconds)
        assert enough, f"{len(self.got(method, path))} of {number} {method} {path} in {seconds} s"
        return self.got(method, path)


@contextlib.contextmanager
def partner(host: str = "127.0.0.1", certificate: Path | None = None) -> Iterator[Partner]:
    """A partner whose server runs inside the block; with a certificate it speaks TLS."""
    made = Partner()
    server = Server(host, made)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    made.address = f"http://{host}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
