"""Pages are made once, with few questions to the store, and sent only to those who lack them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from publisher.pipeline.newsroom import Newsroom
from tests.sites import (
    browser,
    counted_statements,
    newsroom_at,
    page,
    store,
    story,
    titles,
)

DAY = datetime(2018, 2, 15, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, store_url) as made:
        yield made


@pytest.fixture
def client(newsroom: Newsroom) -> TestClient:
    return browser(newsroom)


def test_pages_in_memory_follow_every_change(newsroom: Newsroom, client: TestClient) -> None:
    store(newsroom, story("One"))
    assert titles(page(client, "/")) == ["One"]
    store(newsroom, story("Two", published=DAY + HOUR), prefix="b")
    time.sleep(0.12)  # the log is looked at ten times a second
    assert titles(page(client, "/")) == ["Two", "One"]


def test_a_page_in_memory_asks_the_store_for_nothing_but_the_log(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, story("One"))
    client.get("/")
    time.sleep(0.12)  # the log is looked at ten times a second
    with counted_statements(newsroom) as seen:
        for _ in range(5):
            client.get("/?utm_source=elsewhere")
    assert len(seen) <= 5
    assert all("FROM change" in one for one in seen), seen


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/", 7), ("/media-center/", 9), ("/media-center/2018/02/15/", 9),
        ("/?before=2018-02-10", 9), ("/?after=2018-02-10", 9), ("/articles/story-50", 10),
        ("/search?q=story", 7), ("/sections/", 3), ("/nope", 5),
    ],
)  # fmt: skip
def test_a_page_asks_the_store_as_often_whatever_is_stored(
    newsroom: Newsroom, path: str, most: int
) -> None:
    def number() -> int:
        with counted_statements(newsroom) as seen:
            browser(newsroom).get(path)
        # The end of the log is looked at by time: once, or twice on a slow machine.
        return len([one for one in seen if "FROM change ORDER BY" not in one])

    def some(numbers: range) -> None:
        stories = (
            story(
                f"story {n}",
                category=("Media Center", f"Desk {n % 9}"),
                published=DAY - n * HOUR,
            )
            for n in numbers
        )
        store(newsroom, *stories, prefix=str(numbers[0]))

    some(range(200))
    few = number()
    some(range(200, 600))
    assert number() == few
    assert few <= most


def test_equal_pages_are_not_sent_twice(newsroom: Newsroom, client: TestClient) -> None:
    store(newsroom, story("One", slug="one"))
    answer = client.get("/articles/one", headers={"accept-encoding": "identity"})
    tag = answer.headers["etag"]
    assert tag.startswith('"')
    assert client.get("/articles/one", headers={"if-none-match": tag}).status_code == 200, (
        "another coding is another form"
    )
    plain = {"accept-encoding": "identity"}
    again = client.get("/articles/one", headers={"if-none-match": tag, **plain})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    since = {"if-modified-since": answer.headers["last-modified"]}
    assert client.get("/articles/one", headers=since).status_code == 304
    assert "max-age=60" in answer.headers["cache-control"]
    for coding in ("br", "gzip"):
        coded = client.get("/articles/one", headers={"accept-encoding": coding})
        assert coded.headers["content-encoding"] == coding
        assert coded.headers["etag"] != tag
        assert coded.text == answer.text
    assert client.head("/articles/one").content == b""
