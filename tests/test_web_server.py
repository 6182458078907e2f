"""Nobody can wear the server out: large and slow requests, proxies, bytes that are no request."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from publisher.config import Web
from publisher.pipeline.newsroom import Newsroom
from publisher.web.app import application
from publisher.web.errors import TEXTS, handlers
from publisher.web.patience import LONGEST_HEAD
from publisher.web.press import Press
from publisher.web.safety import Safety
from publisher.web.server import server
from tests.sites import newsroom_at, store, story


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, web={"max_body_bytes": 1000, "request_seconds": 1}) as made:
        store(made, story("One", slug="one"))
        yield made


def app_of(newsroom: Newsroom) -> ASGIApp:
    """The application with a form, as those have that come later."""

    async def form(request: Request) -> Response:
        return PlainTextResponse(f"{len(await request.body())} bytes")

    async def client(request: Request) -> Response:
        assert request.client is not None
        return PlainTextResponse(f"{request.client.host} {request.url.scheme}")

    press = Press(newsroom)
    routes = [Route("/form", form, methods=["POST"]), Route("/client", client)]
    forms = Safety(Starlette(routes=routes, exception_handlers=handlers(press)), press)
    rest = application(newsroom)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and scope["path"] in ("/form", "/client")
        await (forms if ours else rest)(scope, receive, send)

    return serve


@contextmanager
def running(app: ASGIApp, web: Web) -> Iterator[int]:
    """A real server on a free port, which is given."""
    made = server(app, web)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    try:
        until = time.monotonic() + 10
        while not made.started and time.monotonic() < until:
            time.sleep(0.01)
        yield made.servers[0].sockets[0].getsockname()[1]
    finally:
        made.should_exit = True
        thread.join(10)


@pytest.fixture
def port(newsroom: Newsroom) -> Iterator[int]:
    with running(app_of(newsroom), Web(port=0, request_seconds=1, max_body_bytes=1000)) as found:
        yield found


def say(port: int, *parts: bytes, pause: float = 0.0) -> str:
    """What the server answers to these bytes, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        for part in parts:
            try:
                connection.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                break
            time.sleep(pause)
        found = b""
        try:
            while data := connection.recv(65536):
                found += data
        except ConnectionResetError:
            pass
        return found.decode()


def test_a_form_that_is_too_large_is_refused(port: int) -> None:
    head = b"POST /form HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    assert say(port, head + b"Content-Length: 3\r\n\r\nabc").endswith("3 bytes")
    answer = say(port, head + b"Content-Length: 10000000\r\n\r\n")
    assert answer.startswith("HTTP/1.1 413 ")
    assert TEXTS[413][0] in answer
    chunk = b"200\r\n" + b"x" * 512 + b"\r\n"
    answer = say(port, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 4 + b"0\r\n\r\n")
    assert answer.startswith("HTTP/1.1 413 ")


def test_a_form_that_comes_too_slowly_is_refused(port: int) -> None:
    start = time.monotonic()
    head = b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    answer = say(port, head, *[b"x"] * 5, pause=0.3)
    assert answer.startswith("HTTP/1.1 408 ")
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("parts", [[], [b"GET / HTTP/1.1\r\nHost: x\r\n"] + [b"a: b\r\n"] * 9])
def test_a_head_that_never_ends_is_given_up(port: int, parts: list[bytes]) -> None:
    start = time.monotonic()
    answer = say(port, *parts, pause=0.2)
    assert answer.startswith("HTTP/1.1 408 ")
    assert time.monotonic() - start < 5


def test_a_head_without_limits_is_refused(port: int) -> None:
    start = b"GET / HTTP/1.1\r\nHost: x\r\n"
    many = [b"a: b\r\n" * 1000] * (LONGEST_HEAD // 6000 + 2)
    assert say(port, start, *many).startswith("HTTP/1.1 431 ")
    assert say(port, start + b"a: " + b"b" * (LONGEST_HEAD + 1)).startswith("HTTP/1.1 431 ")


def test_a_connection_that_is_kept_has_the_same_time_for_each_head(port: int) -> None:
    get = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = say(port, get, get, b"GET / HT", pause=0.4)
    assert answer.count("HTTP/1.1 200 OK") == 2
    assert "HTTP/1.1 408 " in answer


@pytest.mark.parametrize(
    "line",
    [b"GET /\xff HTTP/1.1", b"GET * HTTP/1.1", b"FOO / HTTP/1.1", b"GET /%zz%ff HTTP/1.1",
     b"GET http://[::1 HTTP/1.1", b"GET /\x00 HTTP/1.1", b"\x16\x03\x01"],
)  # fmt: skip
def test_bytes_that_are_no_request_are_an_error_of_the_asker(port: int, line: bytes) -> None:
    answer = say(port, line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert re.match(r"HTTP/1\.1 4\d\d ", answer), answer
    assert "Traceback" not in answer


@pytest.mark.parametrize(
    ("trusted", "told"),
    [((), "127.0.0.1 http"), (("10.0.0.0/8",), "127.0.0.1 http"),
     (("127.0.0.1",), "203.0.113.9 https"), (("127.0.0.0/8", "203.0.113.9"), "198.51.100.7 https")],
)  # fmt: skip
def test_only_proxies_of_the_config_are_believed(
    newsroom: Newsroom, trusted: tuple[str, ...], told: str
) -> None:
    request = (
        b"GET /client HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-Proto: https\r\n"
        b"X-Forwarded-For: 198.51.100.7, 203.0.113.9\r\n\r\n"
    )
    with running(app_of(newsroom), Web(port=0, trusted_proxies=trusted)) as found:
        assert say(found, request).endswith(told)


def test_more_connections_than_the_config_allows_are_told_to_come_again(
    newsroom: Newsroom,
) -> None:
    with running(app_of(newsroom), Web(port=0, connections=10)) as found:
        others = [socket.create_connection(("127.0.0.1", found)) for _ in range(12)]
        time.sleep(0.2)
        get = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert say(found, get).startswith("HTTP/1.1 503 ")
        for one in others:
            one.close()
        time.sleep(0.2)
        assert say(found, get).startswith("HTTP/1.1 200 ")


def test_the_body_of_a_request_that_nobody_reads_is_no_harm(newsroom: Newsroom) -> None:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        raise AssertionError("nobody reads it")

    scope = {
        "type": "http", "method": "GET", "path": "/healthz", "raw_path": b"/healthz",
        "query_string": b"", "headers": [(b"content-length", b"500")], "http_version": "1.1",
        "scheme": "http", "server": ("x", 80), "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    anyio.run(application(newsroom), scope, receive, send)
    assert messages[0]["status"] == 200
