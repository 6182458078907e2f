"""A feed on the short way is answered as on the long one, in turn, and to those who take it."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import IO

import pytest
import uvicorn
from starlette.testclient import TestClient

from publisher.config import Web
from publisher.pipeline.build import syndicate
from publisher.web.app import Application, application
from publisher.web.server import server
from tests.sites import NOW, newsroom_at, store, story

LONG = "Words that fill a feed. " * 4000


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    folder = tmp_path_factory.mktemp("site")
    with newsroom_at(folder, web={"connections": 20}) as made:
        store(made, story("One", slug="one", body=f"<p>{LONG}</p>"))
        syndicate(made, NOW)
        yield application(made)


@pytest.fixture(scope="module")
def running(app: Application) -> Iterator[uvicorn.Server]:
    made = server(app, Web(port=0, connections=20), app.feeds)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not made.started and time.monotonic() < until:
        time.sleep(0.01)
    yield made
    made.should_exit = True
    thread.join(10)


@pytest.fixture
def connection(running: uvicorn.Server) -> Iterator[socket.socket]:
    with closing(connect(running)) as made:
        yield made


def connect(running: uvicorn.Server) -> socket.socket:
    """A connection to the server."""
    return socket.create_connection(("127.0.0.1", port_of(running)), 10)


def port_of(running: uvicorn.Server) -> int:
    """Where the server listens."""
    return int(running.servers[0].sockets[0].getsockname()[1])


class Reply:
    """One answer, read from a connection's bytes."""

    def __init__(self, file: IO[bytes], method: str = "GET") -> None:
        self.status = int(file.readline().split()[1])
        self.headers = dict[str, str]()
        while line := file.readline().decode().rstrip("\r\n"):
            name, _, value = line.partition(": ")
            assert self.headers.setdefault(name, value) == value, "no header comes twice"
        bare = method == "HEAD" or self.status == 304
        self.body = b"" if bare else file.read(int(self.headers["content-length"]))


def ask(connection: socket.socket, requests: str, methods: list[str]) -> list[Reply]:
    """Send requests in one piece, and read their answers."""
    connection.sendall(requests.encode())
    with connection.makefile("rb") as file:
        return [Reply(file, method) for method in methods]


def request(path: str, method: str = "GET", more: str = "") -> str:
    """The head of a request."""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n"


PATHS = (
    "/feeds/atom.xml",
    "/feeds/",
    "/feeds/index.opml",
    "/feeds/none.xml",
    "/feeds/../x",
    "/feeds",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    "asked",
    [{}, {"accept-encoding": "br"}, {"if-none-match": "*"}, {"accept-encoding": "gzip;q=0"}],
)
def test_both_ways_give_the_same_answer(
    app: Application, connection: socket.socket, path: str, method: str, asked: dict[str, str]
) -> None:
    asked = {"accept-encoding": "", **asked}
    more = "".join(f"{name}: {value}\r\n" for name, value in asked.items())
    [short] = ask(connection, request(path, method, more), [method])
    client = TestClient(app.feeds if path != "/feeds" else app, follow_redirects=False)
    with client.stream(method, path, headers=asked) as long:
        assert short.status == long.status_code
        assert short.body == b"".join(long.iter_raw())
        assert short.headers.pop("date")
        assert short.headers == dict(long.headers)


def test_every_answer_is_counted_once_whatever_way_it_takes(connection: socket.socket) -> None:
    def counted() -> dict[str, float]:
        (told,) = ask(connection, request("/metrics"), ["GET"])
        lines = re.findall(r'answers_total{kind="feed",status="(\d+)"} (\S+)', told.body.decode())
        return {status: float(number) for status, number in lines}

    before = counted()
    asked = ["/feeds/atom.xml", "/feeds/atom.xml?x", "/feeds/none", "/feeds/%6eone"]
    ask(connection, "".join(map(request, asked)), ["GET"] * 4)
    etag = "If-None-Match: *\r\n"
    ask(connection, request("/feeds/atom.xml", more=etag), ["HEAD"])
    after = counted()
    more = {status: number - before.get(status, 0) for status, number in after.items()}
    assert {status: number for status, number in more.items() if number} == {
        "200": 2, "404": 2, "304": 1,
    }  # fmt: skip


def test_answers_come_in_the_order_of_the_questions(connection: socket.socket) -> None:
    asked = ["/feeds/atom.xml", "/", "/feeds/rss.xml", "/articles/one", "/feeds/none", "/feeds/"]
    pages = ask(connection, "".join(map(request, asked)), ["GET"] * len(asked))
    kinds = [page.headers["content-type"].partition(";")[0] for page in pages]
    html = "text/html"
    assert kinds == ["application/atom+xml", html, "application/rss+xml", html, "text/plain", html]
    assert [page.status for page in pages] == [200, 200, 200, 200, 404, 200]


@pytest.mark.parametrize(
    ("head", "version"), [("Connection: close\r\n", "1.1"), ("", "1.0"), ("X: y\r\n", "1.0")]
)
def test_a_connection_that_ends_is_ended(
    connection: socket.socket, head: str, version: str
) -> None:
    text = request("/feeds/atom.xml", more=head).replace("HTTP/1.1", f"HTTP/{version}")
    connection.sendall(text.encode())
    with connection.makefile("rb") as file:
        whole = file.read()
    assert whole.count(b"HTTP/1.1 200 OK") == 1
    assert whole.endswith(b"</feed>")


def test_a_body_that_nobody_wants_is_not_taken_for_a_request(connection: socket.socket) -> None:
    body = request("/feeds/rss.xml")
    first = request("/feeds/atom.xml", more=f"Content-Length: {len(body)}\r\n") + body
    replies = ask(connection, first + request("/feeds/feed.json"), ["GET", "GET"])
    assert [one.headers["content-type"].partition(";")[0] for one in replies] == [
        "application/atom+xml", "application/feed+json",
    ]  # fmt: skip


def test_a_head_that_comes_letter_by_letter_gets_its_answer(connection: socket.socket) -> None:
    for letter in request("/feeds/atom.xml"):
        connection.sendall(letter.encode())
    with connection.makefile("rb") as file:
        assert Reply(file).status == 200


def test_who_asks_much_and_reads_nothing_is_not_answered_ahead(
    running: uvicorn.Server, connection: socket.socket
) -> None:
    """The server keeps what one connection has not taken: a few answers, not all of them."""
    asked = request("/feeds/atom.xml").encode()
    before = running.server_state.total_requests
    connection.setblocking(False)
    sent, stalled = 0, 0
    while stalled < 20 and sent < 2000 * len(asked):
        try:
            sent += connection.send((asked * 2)[sent % len(asked) :])
            stalled = 0
        except BlockingIOError:
            stalled += 1
            time.sleep(0.05)
    assert running.server_state.total_requests - before < 500
    connection.settimeout(30)
    number = -(-sent // len(asked))
    rest = asked * number
    sender = threading.Thread(target=connection.sendall, args=[rest[sent:]], daemon=True)
    sender.start()
    with connection.makefile("rb") as file:
        assert {Reply(file).status for _ in range(number)} == {200}
    sender.join(10)


def test_one_connection_too_many_is_told_so_and_the_others_are_served(
    running: uvicorn.Server, connection: socket.socket
) -> None:
    many = [connect(running) for _ in range(25)]
    try:
        time.sleep(0.2)
        [told] = ask(many[-1], request("/feeds/atom.xml"), ["GET"])
        assert told.status == 503
    finally:
        for one in many:
            one.close()
    time.sleep(0.2)
    [served] = ask(connection, request("/feeds/atom.xml"), ["GET"])
    assert served.status == 200


def test_a_connection_on_which_nothing_more_is_asked_is_closed(connection: socket.socket) -> None:
    [first] = ask(connection, request("/feeds/atom.xml"), ["GET"])
    connection.settimeout(8)
    assert first.status == 200
    assert connection.recv(1) == b"", "uvicorn closes it after five seconds"


def test_every_answer_has_the_date(connection: socket.socket) -> None:
    [one] = ask(connection, request("/feeds/atom.xml"), ["GET"])
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", one.headers["date"])
