"""Two readers that people use, lemon24's `reader` and feedparser, against our server over HTTP.

Whatever the newsroom does, they never get an article twice, and never miss one that a feed shows.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import feedparser
import feedparser_sgmllib
import pytest
from sqlalchemy import select

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.model import Article
from publisher.pipeline.build import syndicate
from publisher.pipeline.newsroom import Newsroom
from publisher.web.app import application
from tests.http_server import Server, serving
from tests.test_publishing import CONTENT, NOW, sql, store

# `reader` 3.26 brings a feedparser of its own, which asks for the package that this one replaces.
sys.modules.setdefault("sgmllib", feedparser_sgmllib)
from reader import Reader, make_reader  # noqa: E402

FORMATS = ("atom.xml", "rss.xml", "feed.json")


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    site = {"title": "News", "url": "https://news.example"}
    with opened(
        Config.model_validate({"root": tmp_path, "site": site, "store": {"url": store_url}})
    ) as made:
        yield made


@pytest.fixture
def server(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr("publisher.web.feed_documents.LOOK_SECONDS", 0.0)
    with serving(application(newsroom)) as served:
        yield served


@pytest.fixture(params=FORMATS)
def feed(request: pytest.FixtureRequest, server: Server) -> str:
    """The address of the feed of everything, in one of its formats."""
    return f"{server.address}/feeds/{request.param}"


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = make_reader(str(tmp_path / "reader.sqlite"))
    yield made
    made.close()


def stories(prefix: str, number: int, **values: Any) -> list[Any]:
    return [
        replace(CONTENT, title=f"{prefix} {n}", slug=f"{prefix}-{n}", **values)
        for n in range(number)
    ]


def poll(reader: Reader, address: str) -> int:
    """Let the reader look at one feed now; how many entries were new or changed."""
    updated = reader.update_feed(address)
    return updated.new + updated.modified if updated else 0


def entries(reader: Reader, address: str) -> dict[str, Any]:
    found = list(reader.get_entries(feed=address))
    assert len({one.id for one in found}) == len(found)
    return {one.id: one for one in found}


def text_of(html: str) -> str:
    """Without markup: feedparser takes attributes away that it does not know, such as `dir`."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def stored(newsroom: Newsroom, *, public: bool = True) -> dict[str, Article]:
    """The stored articles by their uid; those that are public, or all."""
    with newsroom.store.read() as session:
        found = session.scalars(select(Article)).all()
        return {one.uid or "": one for one in found if one.is_public(NOW) or not public}


def check(newsroom: Newsroom, reader: Reader, feed: str, removed: int = 0) -> None:
    """The reader has each article once, as it is now; `removed` ones it has had before."""
    poll(reader, feed)
    has, public = entries(reader, feed), stored(newsroom)
    assert public.keys() <= has.keys(), "none is missing"
    assert len(has) == len(public) + removed, "none is there twice"
    for uid, article in public.items():
        assert has[uid].title == article.title
        assert has[uid].link == f"https://news.example/articles/{article.slug}"


def test_a_reader_has_every_article_once_whatever_the_newsroom_does(
    newsroom: Newsroom, reader: Reader, feed: str
) -> None:
    store(newsroom, *stories("first", 25), replace(CONTENT, slug="game", category=("Sport",)))
    syndicate(newsroom, NOW)
    reader.add_feed(feed)
    check(newsroom, reader, feed)
    for number, statement in enumerate(
        (
            "UPDATE article SET title = 'Edited', body = '<p>Edited.</p>' WHERE slug = 'first-3'",
            "UPDATE article SET correction = 'It was two.', title = 'Two' WHERE slug = 'first-4'",
            "UPDATE article SET slug = 'moved' WHERE slug = 'first-5'",
            "UPDATE article SET category_id = (SELECT id FROM category WHERE path = 'sport')"
            " WHERE slug = 'first-8'",
        )
    ):
        sql(newsroom, statement)
        syndicate(newsroom, NOW + timedelta(minutes=number))
        check(newsroom, reader, feed)
    store(newsroom, *stories("late", 2, published=NOW - timedelta(days=900)), prefix="late")
    syndicate(newsroom, NOW)
    check(newsroom, reader, feed)
    sql(newsroom, "UPDATE article SET retracted = '2024-05-02 11:00:00' WHERE slug = 'first-6'")
    sql(newsroom, "UPDATE article SET title = 'After it' WHERE slug = 'first-7'")
    syndicate(newsroom, NOW)
    check(newsroom, reader, feed, removed=1)
    store(newsroom, *stories("bulk", 130, body="<p>Short.</p>"), prefix="bulk")
    syndicate(newsroom, NOW)
    check(newsroom, reader, feed, removed=1)
    assert entries(reader, feed).keys() == stored(newsroom, public=False).keys()


def test_a_reader_that_has_everything_is_told_so_in_a_304(
    newsroom: Newsroom, server: Server, reader: Reader, feed: str
) -> None:
    store(newsroom, *stories("first", 25))
    syndicate(newsroom, NOW)
    reader.add_feed(feed)
    poll(reader, feed)
    (first,) = server.taken()
    assert (first.status, first.asked["a-im"]) == (200, "feed")
    assert first.said["content-encoding"] in first.asked["accept-encoding"]
    for _ in range(2):
        assert poll(reader, feed) == 0
        (again,) = server.taken()
        assert again.status == 304
        assert again.asked["if-none-match"] == first.said["etag"]
        assert again.asked["if-modified-since"] == first.said["last-modified"]
    sql(newsroom, "UPDATE article SET title = 'Edited' WHERE slug = 'first-3'")
    syndicate(newsroom, NOW)
    assert poll(reader, feed) == 1
    (changed,) = server.taken()
    assert changed.status == 200
    assert changed.said["etag"] != first.said["etag"]


def test_a_move_out_of_a_category_is_not_a_second_article(
    newsroom: Newsroom, server: Server, reader: Reader
) -> None:
    store(newsroom, *stories("first", 5), replace(CONTENT, slug="game", category=("Sport",)))
    syndicate(newsroom, NOW)
    town, sport = (f"{server.address}/feeds/{name}/atom.xml" for name in ("town", "sport"))
    for address in (town, sport):
        reader.add_feed(address)
        poll(reader, address)
    sql(
        newsroom,
        "UPDATE article SET category_id = (SELECT id FROM category WHERE path = 'sport')"
        " WHERE slug = 'first-0'",
    )
    syndicate(newsroom, NOW)
    for address, number in ((town, 5), (sport, 2)):
        poll(reader, address)
        assert len(entries(reader, address)) == number
    moved = entries(reader, town).keys() & entries(reader, sport).keys()
    assert moved == {uid for uid, one in stored(newsroom).items() if one.slug == "first-0"}


def test_every_format_tells_a_reader_the_same(
    newsroom: Newsroom, server: Server, reader: Reader
) -> None:
    store(newsroom, *stories("first", 4))
    syndicate(newsroom, NOW)
    told = []
    for name in FORMATS:
        address = f"{server.address}/feeds/{name}"
        reader.add_feed(address)
        poll(reader, address)
        told.append(
            {
                (one.id, one.link, one.title, one.published, text_of(one.content[0].value))
                for one in entries(reader, address).values()
            }
        )
    assert told[0] == told[1] == told[2]
    assert len(told[0]) == 4


def test_feedparser_gets_a_304_by_either_validator(newsroom: Newsroom, server: Server) -> None:
    store(newsroom, *stories("first", 4))
    syndicate(newsroom, NOW)
    address = f"{server.address}/feeds/rss.xml"
    first = feedparser.parse(address)
    assert (first.status, first.bozo, len(first.entries)) == (200, False, 4)
    ways: list[Callable[[], Any]] = [
        lambda: feedparser.parse(address, etag=first.etag),
        lambda: feedparser.parse(address, modified=first.modified),
        lambda: feedparser.parse(address, etag=first.etag, modified=first.modified),
    ]
    server.taken()
    for ask in ways:
        answer = ask()
        assert (answer.status, answer.entries) == (304, [])
    assert [one.status for one in server.taken()] == [304, 304, 304]
    sql(newsroom, "UPDATE article SET title = 'Edited' WHERE slug = 'first-3'")
    syndicate(newsroom, NOW)
    assert feedparser.parse(address, etag=first.etag).status == 200
