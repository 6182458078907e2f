"""Whatever is asked for, the answer is a page with the right status: never a failure of ours."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, unquote

import anyio
import brotli
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message

from publisher.pipeline.newsroom import Newsroom
from publisher.web.app import application
from tests.sites import newsroom_at, store, story

fuzz = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
EXPECTED = {200, 301, 304, 400, 404, 405, 410, 413, 414}


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        coding = self.headers.get("content-encoding", "")
        plain = {"br": brotli.decompress, "gzip": gzip.decompress}.get(coding, bytes)(self.body)
        return str(plain.decode())


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, store_url) as made:
        moments = [datetime(2018, 2, 15, 9, tzinfo=UTC) - timedelta(days=n) for n in range(60)]
        store(
            made,
            *(story(f"Ferry {n}", slug=f"f{n}", published=one) for n, one in enumerate(moments)),
            story("خبر", slug="خبر", language="ar", category=("أخبار",)),
        )
        yield made


@pytest.fixture
def app(newsroom: Newsroom) -> ASGIApp:
    return application(newsroom)


def ask(
    app: ASGIApp,
    raw_path: bytes,
    query: bytes = b"",
    method: str = "GET",
    headers: list[tuple[bytes, bytes]] | None = None,
    body: bytes = b"",
) -> Answer:
    """What the application answers, asked as a server asks it; what it raises is raised."""
    scope: dict[str, Any] = {
        "type": "http", "method": method, "path": unquote(raw_path.decode("latin-1")),
        "raw_path": raw_path, "query_string": query, "headers": headers or [],
        "http_version": "1.1", "scheme": "http", "server": ("x", 80), "root_path": "",
        "client": ("203.0.113.9", 1), "state": {}, "asgi": {"version": "3.0"},
    }  # fmt: skip
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    anyio.run(app, scope, receive, send)
    told = {name.decode().lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], told, b"".join(one.get("body", b"") for one in sent[1:]))


def check(answer: Answer) -> None:
    assert answer.status in EXPECTED, answer
    text = answer.text
    assert "Traceback" not in text
    assert "publisher/" not in text
    if answer.status == 301:
        assert re.match(r"/(?!/)", answer.headers["location"])


numbers = st.integers(-1, 100_000).map(str) | st.sampled_from(["02", "2018", "15", "0000", "٢٠"])
day_paths = st.tuples(
    st.sampled_from(["", "media-center/", "media-center/coalition-news/", "nope/", "%C3%A9/"]),
    st.lists(numbers, min_size=1, max_size=4).map("/".join),
    st.sampled_from(["", "/", "//", "/?page=9999999999999999"]),
).map("".join)
odd_bytes = st.binary(max_size=60).map(quote_from_bytes)
odd_texts = st.text(max_size=60).map(lambda text: quote_from_bytes(text.encode(errors="replace")))
broken = st.sampled_from(
    ["%", "%0", "%zz", "%00", "%ff%fe", "..%2f..%2fetc", "%2e%2e/", ";a=b", "~"]
)
OWN = ["articles", "media", "static", "embed", "embed/frame", "embed/json", "embed/article"]
paths = st.lists(
    day_paths | odd_bytes | odd_texts | broken | st.sampled_from(OWN),
    max_size=4,
).map("/".join)
values = st.one_of(
    odd_bytes, odd_texts, broken,
    st.sampled_from([
        "2018-02-10", "2018-02-31", "0001-01-01", "9999-12-31", "99999-01-01", "20180210T090000Z-5",
        "20180210T090000Z-999999999999999999", "20189910T090000Z-5", "٢٠١٨-٠٢-١٠", "title-5",
        "text-18446744073709551615", "media-center", "ferry", "%22ferry+9", "-ferry", "f*",
    ]),
)  # fmt: skip
names = st.sampled_from(
    "before after q category from to x %00 feed count tag language accent url maxwidth".split()
)
queries = st.lists(st.tuples(names, values).map("=".join), max_size=5).map("&".join)


@fuzz
@given(path=paths, query=queries)
def test_any_path_is_answered(app: ASGIApp, path: str, query: str) -> None:
    check(ask(app, b"/" + path.encode(), query.encode()))


@fuzz
@given(
    path=st.sampled_from(
        [
            "/",
            "/media-center/",
            "/2018/02/15/",
            "/search",
            "/articles/f1",
            "/embed/",
            "/oembed",
            "/embed/fragment/",
            "/embed/frame/media-center/",
            "/embed/json/",
            "/embed/article/f1",
        ]
    ),
    query=queries | st.binary(max_size=80).map(lambda raw: raw.decode("latin-1")),
)
def test_any_query_is_answered(app: ASGIApp, path: str, query: str) -> None:
    check(ask(app, path.encode(), query.encode("latin-1", "replace")))


@fuzz
@given(
    method=st.sampled_from(["HEAD", "POST", "PUT", "PATCH", "OPTIONS", "TRACE", "FOO", "get", ""]),
    path=paths,
    headers=st.lists(
        st.tuples(
            st.sampled_from([
                b"accept-encoding", b"if-none-match", b"if-modified-since", b"content-length",
                b"range", b"host", b"x-forwarded-for", b"cookie", b"accept-language",
            ]),
            st.binary(max_size=40) | st.sampled_from([
                b"*", b"br;q=0", b"Thu, 01 Jan 1970 00:00:00 GMT", b"Thu, 99 Foo 99999 99:99 GMT",
                b"bytes=0-5", b"-1", b"99999999999999999999", b"identity;q=0, *;q=0",
            ]),
        ),
        max_size=4,
    ),
)  # fmt: skip
def test_any_method_and_header_is_answered(
    app: ASGIApp, method: str, path: str, headers: list[tuple[bytes, bytes]]
) -> None:
    check(ask(app, b"/" + path.encode(), b"", method, headers, b"a=b"))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/2018/02/31/", 404), ("/2018/13/01/", 404), ("/0000/01/01/", 404), ("/99999/01/01/", 404),
        ("/0001/01/01/", 404), ("/9999/12/31/", 404), ("/2018/2/15/", 404), ("/2018/02/15/", 200),
        ("/2018/02/16/", 404), ("/2018/02/15/x/", 404), ("/nope/2018/02/15/", 404),
        ("/media-center/2018/02/15/", 200), ("/media-center/../", 404), ("/media-center//", 404),
        ("/articles/", 404), ("/articles/f1/", 404), ("/articles/%00", 404),
        ("/articles/..%2f", 404),
        ("/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1/", 200), ("/articles/%D8%AE%D8%A8%D8%B1", 200),
        ("/?before=nope", 404), ("/?before=2018-02-31", 404), ("/?before=9999-12-31", 404),
        ("/?before=9999-12-30", 200), ("/?before=0001-01-01", 200), ("/?after=2018-02-10", 200),
        ("/?page=99999999999", 200), ("/search?q=%00", 200), ("/search?category=nope&q=x", 200),
        ("/" + "a" * 3900, 404), ("/" + "a" * 4001, 414), ("/media/..%2fnewsroom.db", 404),
        ("/media/%2e%2e/config.toml", 404), ("/static/..%2f..%2fapp.py", 404),
    ],
)  # fmt: skip
def test_an_odd_address_has_the_right_status(app: ASGIApp, path: str, status: int) -> None:
    raw, _, query = path.partition("?")
    answer = ask(app, raw.encode(), query.encode())
    check(answer)
    assert answer.status == status
