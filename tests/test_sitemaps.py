"""The sitemap lists every public page and no other, in parts that stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from starlette.testclient import TestClient

from publisher.bootstrap import opened
from publisher.model import Article, Medium
from publisher.pipeline.newsroom import Newsroom
from publisher.store import sitemap as stored
from tests.crawler import Clock, client_of, config, crawl, read, sequence_all, slugs
from tests.test_change_log import NOW, sql, store

LATER = NOW + timedelta(hours=5)
ARTICLES = "/sitemaps/articles-1.xml"


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with opened(config(tmp_path, store_url)) as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(newsroom: Newsroom, clock: Clock) -> TestClient:
    return client_of(newsroom, clock)


@contextmanager
def counted(newsroom: Newsroom) -> Iterator[list[str]]:
    """The statements that are executed inside the block."""
    found: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    event.listen(newsroom.store.engine, "before_cursor_execute", note)
    yield found
    event.remove(newsroom.store.engine, "before_cursor_execute", note)


def test_an_empty_site_has_its_own_page(client: TestClient) -> None:
    (part,) = crawl(client).values()
    assert [(one.address, one.changed) for one in part] == [("https://news.example/", "")]


def test_every_public_page_is_listed_once(newsroom: Newsroom, client: TestClient) -> None:
    store(newsroom, 3)
    store(newsroom, 1, "embargoed", published=LATER)
    store(newsroom, 1, "expired", expires=NOW)
    store(newsroom, 2, "other", category=("Sport",))
    sequence_all(newsroom, NOW)
    sql(newsroom, "UPDATE article SET retracted = '2024-05-02 11:00:00' WHERE slug = 'a-1'")
    sql(newsroom, "DELETE FROM article WHERE slug = 'other-1'")
    sequence_all(newsroom, NOW)
    pages = {one.address for part in crawl(client).values() for one in part}
    assert pages == {
        f"https://news.example/{page}"
        for page in (
            "", "town/", "town/roads/", "sport/", "articles/a-0", "articles/a-2",
            "articles/other-0",
        )
    }  # fmt: skip
    sequence_all(newsroom, LATER)
    assert "embargoed-0" in slugs(client)


def test_a_category_without_public_articles_is_not_listed(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, 1)
    store(newsroom, 1, "other", category=("Sport",))
    sequence_all(newsroom, NOW)
    sql(newsroom, "DELETE FROM article WHERE slug = 'other-0'")
    sequence_all(newsroom, NOW)
    assert "https://news.example/sport/" not in str(crawl(client))


def test_a_renamed_category_is_listed_by_its_new_name_alone(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, 2)
    sequence_all(newsroom, NOW)
    before = str(crawl(client))
    assert "https://news.example/town/roads/" in before
    sql(newsroom, "UPDATE category SET path = 'city' || substr(path, 5)")
    sequence_all(newsroom, NOW)
    pages = {one.address for part in crawl(client).values() for one in part}
    assert {"https://news.example/city/", "https://news.example/city/roads/"} <= pages
    assert not [page for page in pages if "town" in page]


def test_a_page_says_when_it_really_changed(newsroom: Newsroom, client: TestClient) -> None:
    store(newsroom, 2)
    sequence_all(newsroom, NOW)
    never, _ = read(client.get(ARTICLES).content)
    assert never.changed == "2024-05-02T10:00:00+00:00", "its publication, not when it was stored"
    sql(newsroom, "UPDATE article SET body = '<p>New.</p>' WHERE slug = 'a-1'")
    sequence_all(newsroom, NOW + timedelta(hours=1))
    listed = {one.address[-3:]: one.changed for one in read(client.get(ARTICLES).content)}
    assert listed == {"a-0": never.changed, "a-1": "2024-05-02T13:00:00+00:00"}
    index = {one.address: one.changed for one in read(client.get("/sitemap.xml").content)}
    assert set(index.values()) == {"2024-05-02T13:00:00+00:00"}


def test_only_the_part_of_a_changed_article_changes(
    newsroom: Newsroom, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "ROWS", 3)
    store(newsroom, 9)
    sequence_all(newsroom, NOW)
    parts = [f"/sitemaps/articles-{number}.xml" for number in (1, 2, 3)]
    assert [len(read(client.get(part).content)) for part in parts] == [3, 3, 3]
    before = [client.get(part).headers["etag"] for part in parts]
    with newsroom.store.write() as session:
        article = session.scalars(select(Article).where(Article.slug == "a-1")).one()
        article.slug, article.published = "moved", NOW - timedelta(days=1500)
    store(newsroom, 1, "late", published=NOW - timedelta(days=4000))
    sequence_all(newsroom, NOW)
    after = [client.get(part).headers["etag"] for part in parts]
    assert [one == two for one, two in zip(before, after, strict=True)] == [False, True, True]
    assert "https://news.example/articles/moved" in client.get(parts[0]).text
    assert len(slugs(client)) == 10


def test_a_bulk_import_of_one_day_is_split(
    newsroom: Newsroom, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "ROWS", 100)
    store(newsroom, 750)
    sequence_all(newsroom, NOW)
    sizes = [len(part) for name, part in crawl(client).items() if "articles" in name]
    assert sizes == [100] * 7 + [50]


def test_a_part_that_lists_nothing_is_gone_until_it_does(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, 2)
    sequence_all(newsroom, NOW)
    sql(newsroom, "UPDATE article SET retracted = '2024-05-02 11:00:00'")
    sequence_all(newsroom, NOW)
    assert slugs(client) == set()
    assert client.get(ARTICLES).status_code == 404
    sql(newsroom, "UPDATE article SET retracted = NULL WHERE slug = 'a-0'")
    sequence_all(newsroom, NOW)
    assert slugs(client) == {"a-0"}


def test_images_are_listed_with_their_article(newsroom: Newsroom, client: TestClient) -> None:
    media = (
        Medium("https://pictures.example/ü & b.png", "image/png"),
        Medium("https://example.org/talk.mp3", "audio/mpeg"),
    )
    store(newsroom, 1, media=media)
    sequence_all(newsroom, NOW)
    (one,) = read(client.get(ARTICLES).content)
    assert one.images == ("https://pictures.example/%C3%BC%20&%20b.png",)


def test_a_crawler_that_asks_again_costs_one_look_whatever_is_stored(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, 600)
    sequence_all(newsroom, NOW)
    for path in ("/sitemap.xml", ARTICLES, "/sitemaps/sections-1.xml", "/news-sitemap.xml"):
        first = client.get(path)
        with counted(newsroom) as statements:
            assert client.get(path).content == first.content
            assert client.head(path).headers["etag"] == first.headers["etag"]
        asked = [one for one in statements if one != "BEGIN"]
        assert len(asked) == 2, "one for each request"


def test_the_same_articles_give_the_same_bytes_at_any_time(
    newsroom: Newsroom, clock: Clock, client: TestClient
) -> None:
    store(newsroom, 4)
    sequence_all(newsroom, NOW)
    paths = ("/sitemap.xml", ARTICLES, "/sitemaps/sections-1.xml")
    before = [client.get(path).content for path in paths]
    clock.now += timedelta(days=400)
    again = client_of(newsroom, clock)
    assert [again.get(path).content for path in paths] == before


def test_validators_and_codings(newsroom: Newsroom, client: TestClient) -> None:
    store(newsroom, 50)
    sequence_all(newsroom, NOW)
    for path in ("/sitemap.xml", ARTICLES, "/sitemaps/sections-1.xml", "/news-sitemap.xml"):
        plain = client.get(path, headers={"accept-encoding": "identity"})
        assert plain.headers["content-type"] == "application/xml; charset=utf-8"
        assert plain.headers["last-modified"] == "Thu, 02 May 2024 12:00:00 GMT"
        for coding in ("br", "gzip"):
            small = client.get(path, headers={"accept-encoding": coding})
            assert small.headers["content-encoding"] == coding
            assert small.content == plain.content
            assert small.headers["etag"] != plain.headers["etag"]
            tag = {"accept-encoding": coding, "if-none-match": small.headers["etag"]}
            again = client.get(path, headers=tag)
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == small.headers["etag"]
            assert "max-age" in again.headers["cache-control"]
        since = {"if-modified-since": plain.headers["last-modified"]}
        assert client.get(path, headers=since).status_code == 304
        assert client.get(path, headers={**since, "if-none-match": '"x"'}).status_code == 200
        head = client.head(path, headers={"accept-encoding": "identity"})
        assert head.content == b""
        assert head.headers["content-length"] == str(len(plain.content))
        assert client.post(path).status_code == 405
        assert set(client.post(path).headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_a_time_that_cannot_tell_two_states_apart_is_no_validator(
    newsroom: Newsroom, clock: Clock, client: TestClient
) -> None:
    clock.now = NOW + timedelta(milliseconds=400)
    store(newsroom, 1)
    sequence_all(newsroom, NOW + timedelta(milliseconds=200))
    assert "last-modified" not in client.get(ARTICLES).headers
    asked = {"if-modified-since": "Thu, 02 May 2024 12:00:00 GMT"}
    assert client.get(ARTICLES, headers=asked).status_code == 200
    clock.now = NOW + timedelta(seconds=1)
    assert client.get(ARTICLES, headers=asked).status_code == 304
    clock.now = NOW - timedelta(days=1)
    assert "last-modified" not in client.get(ARTICLES).headers, "never in the future"


@pytest.mark.parametrize(
    "name", ["articles-0", "articles-2", "articles-x", "articles-01", "sections-2", "articles-" +
             "9" * 30, "sections-" + "9" * 30, "2018-02", "sections-0"]
)  # fmt: skip
def test_what_is_no_part_is_not_found(newsroom: Newsroom, client: TestClient, name: str) -> None:
    store(newsroom, 1)
    sequence_all(newsroom, NOW)
    assert client.get(f"/sitemaps/{name}.xml").status_code == 404


def test_a_store_that_does_not_answer_is_a_reason_to_come_back(
    newsroom: Newsroom, client: TestClient
) -> None:
    sql(newsroom, "ALTER TABLE change RENAME TO hidden")
    answer = client.get("/sitemap.xml")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert client.get("/robots.txt").status_code == 200


def test_a_row_that_was_not_cleaned_yet_breaks_nothing(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, 2)
    sequence_all(newsroom, NOW)
    with newsroom.store.write() as session:
        first, second = session.scalars(select(Article).order_by(Article.id))
        first.slug = "<x>&\"'\x01 y"
        first.title = "<b>\x0b</b>]]>"
        strange: list[Any] = ["text", 7, {"url": 5, "type": "image/png"}, {"url": "javascript:x"}]
        first.media = strange
        first.body = "x"
        second.slug = "long" * 1000
    (one,) = read(client.get("/sitemaps/articles-1.xml").content)
    assert one.address == "https://news.example/articles/%3Cx%3E%26%22%27%01%20y"
