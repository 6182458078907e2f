"""The news sitemap is driven by time, not by edits; robots.txt leads to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.robotparser import RobotFileParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from starlette.testclient import TestClient

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.model import Article, Medium
from publisher.pipeline.newsroom import Newsroom
from publisher.store import log
from publisher.syndication import sitemap
from publisher.web.app import application
from tests.crawler import Clock, client_of, config, read, sequence_all
from tests.test_change_log import NOW, sql, store

TWO_DAYS = timedelta(hours=48)
SECOND = timedelta(seconds=1)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with opened(config(tmp_path, store_url)) as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.now = NOW
    return clock


@pytest.fixture
def client(newsroom: Newsroom, clock: Clock) -> TestClient:
    return client_of(newsroom, clock)


def titles(client: TestClient) -> list[str]:
    return [one.title for one in read(client.get("/news-sitemap.xml").content)]


def test_an_article_is_news_for_48_hours_and_leaves_by_time_alone(
    newsroom: Newsroom, clock: Clock, client: TestClient
) -> None:
    store(newsroom, 1, "old", published=NOW - TWO_DAYS)
    store(newsroom, 1, "young", published=NOW - TWO_DAYS + SECOND)
    sequence_all(newsroom, NOW)
    assert titles(client) == ["young 0"]
    clock.now += SECOND - MOMENT
    assert titles(client) == ["young 0"]
    tag = client.get("/news-sitemap.xml").headers["etag"]
    clock.now += MOMENT
    answer = client.get("/news-sitemap.xml", headers={"if-none-match": tag})
    assert (answer.status_code, read(answer.content)) == (200, [])


def test_leaving_by_time_moves_last_modified(
    newsroom: Newsroom, clock: Clock, client: TestClient
) -> None:
    store(newsroom, 2)
    sequence_all(newsroom, NOW)
    clock.now = NOW + timedelta(hours=40)
    before = client.get("/news-sitemap.xml").headers["last-modified"]
    assert before == "Thu, 02 May 2024 12:00:00 GMT"
    since = {"if-modified-since": before}
    assert client.get("/news-sitemap.xml", headers=since).status_code == 304
    clock.now = NOW + timedelta(hours=47)  # they were published two hours before
    answer = client.get("/news-sitemap.xml", headers=since)
    assert answer.status_code == 200
    assert answer.headers["last-modified"] == "Sat, 04 May 2024 10:00:00 GMT"


def test_an_edit_does_not_make_news_and_a_correction_shows(
    newsroom: Newsroom, clock: Clock, client: TestClient
) -> None:
    store(newsroom, 1, "old", published=NOW - timedelta(days=3))
    store(newsroom, 1, "new")
    sequence_all(newsroom, NOW)
    sql(newsroom, "UPDATE article SET title = 'Corrected', correction = 'It was wrong.'")
    clock.now = NOW + timedelta(hours=1)
    sequence_all(newsroom, clock.now)
    (one,) = read(client.get("/news-sitemap.xml").content)
    assert one.address == "https://news.example/articles/new-0"
    assert one.title == "Corrected"
    assert one.published == "2024-05-02T10:00:00+00:00", "the time of publication never moves"
    assert one.changed == "2024-05-02T13:00:00+00:00"


def test_only_what_is_public_is_news(newsroom: Newsroom, clock: Clock, client: TestClient) -> None:
    later = NOW + timedelta(hours=3)
    store(newsroom, 1, "embargoed", published=later)
    store(newsroom, 1, "expiring", expires=later)
    store(newsroom, 1, "retracted")
    sequence_all(newsroom, NOW)
    assert set(titles(client)) == {"expiring 0", "retracted 0"}
    sql(newsroom, "UPDATE article SET retracted = '2024-05-02 11:00:00' WHERE title LIKE 'retr%'")
    sequence_all(newsroom, NOW)
    assert titles(client) == ["expiring 0"]
    clock.now = later
    sequence_all(newsroom, later)
    assert titles(client) == ["embargoed 0"]


def test_the_newest_thousand_are_news(
    newsroom: Newsroom, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sitemap.MAX_NEWS == 1000
    monkeypatch.setattr(sitemap, "MAX_NEWS", 3)
    for hours in range(5):
        store(newsroom, 1, f"h{hours}", published=NOW - timedelta(hours=hours))
    sequence_all(newsroom, NOW)
    assert titles(client) == ["h0 0", "h1 0", "h2 0"]


def test_a_clock_that_was_put_back_withdraws_nothing(
    newsroom: Newsroom, clock: Clock, client: TestClient
) -> None:
    store(newsroom, 1, "new")
    store(newsroom, 1, "old", published=NOW - timedelta(days=3))
    sequence_all(newsroom, NOW)
    assert titles(client) == ["new 0"]
    clock.now = NOW - timedelta(days=2)
    assert titles(client) == ["new 0", "old 0"]
    clock.now = NOW
    assert titles(client) == ["new 0"]


def test_news_says_its_language_its_newspaper_and_its_pictures(
    newsroom: Newsroom, client: TestClient
) -> None:
    picture = Medium("https://pictures.example/a.png", "image/png")
    store(newsroom, 1, language="pt-BR", media=(picture,))
    sequence_all(newsroom, NOW)
    data = client.get("/news-sitemap.xml").content
    (one,) = read(data)
    assert one.language == "pt"
    assert one.images == ("https://pictures.example/a.png",)
    assert b"<news:name>Saltmere &lt;Courier&gt;</news:name>" in data


@pytest.mark.parametrize(
    ("tag", "named"),
    [
        ("en", "en"), ("ar-SY", "ar"), ("zh", "zh-cn"), ("zh-Hans-SG", "zh-cn"),
        ("zh-TW", "zh-tw"), ("zh-Hant", "zh-tw"), ("kmr", "kmr"),
    ],
)  # fmt: skip
def test_a_language_is_named_as_news_sitemaps_name_it(tag: str, named: str) -> None:
    assert sitemap.news_language(tag) == named


def test_a_title_that_was_not_cleaned_yet_breaks_nothing(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, 1)
    sequence_all(newsroom, NOW)
    sql(newsroom, "UPDATE article SET title = :title", title="<b>\x0b&amp;</b>]]>")
    (one,) = read(client.get("/news-sitemap.xml").content)
    assert one.title == "<b>&amp;</b>]]>"


AGES = st.integers(-30, 60) | st.sampled_from([47, 48, 49])


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    ages=st.lists(AGES, min_size=1, max_size=8),
    moments=st.lists(
        st.tuples(st.integers(-60, 60), st.sampled_from([-MOMENT, timedelta(0), MOMENT])),
        min_size=1,
        max_size=6,
    ),
    most=st.integers(1, 5),
)
def test_news_is_what_was_published_within_48_hours_at_any_time(
    ages: list[int],
    moments: list[tuple[int, timedelta]],
    most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Articles of any age, some of them embargoed, and a clock that jumps as it likes."""
    monkeypatch.setattr(sitemap, "MAX_NEWS", most)
    with TemporaryDirectory() as folder, opened(config(Path(folder))) as newsroom:
        for number, hours in enumerate(ages):
            store(newsroom, 1, f"n{number}", published=NOW - timedelta(hours=hours))
        clock = Clock()
        client = client_of(newsroom, clock)
        for hours, little in moments:
            clock.now = NOW + timedelta(hours=hours) + little
            sequence_all(newsroom, clock.now)
            assert titles(client) == news_at(newsroom, clock.now, most)
            assert titles(client) == titles(client_of(newsroom, clock)), "kept or made anew"


def news_at(newsroom: Newsroom, now: datetime, most: int) -> list[str]:
    """What is news, found the slow way."""
    with newsroom.store.read() as session:
        moment = max(now, log.last_moment(session) or now)  # the log's clock never goes back
        news = [
            article
            for article in session.scalars(select(Article))
            if article.is_public(moment) and now - article.published < TWO_DAYS
        ]
    news.sort(key=lambda one: (one.published, one.id), reverse=True)
    return [article.title for article in news[:most]]


def robots(newsroom: Newsroom, client: TestClient) -> RobotFileParser:
    answer = client.get("/robots.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    parser = RobotFileParser()
    parser.parse(answer.text.splitlines())
    return parser


def test_crawlers_find_the_sitemaps_and_stay_out_of_what_is_for_one_person(
    newsroom: Newsroom, client: TestClient
) -> None:
    parser = robots(newsroom, client)
    assert parser.site_maps() == [
        "https://news.example/sitemap.xml", "https://news.example/news-sitemap.xml",
    ]  # fmt: skip
    for path in ("/", "/articles/a", "/town/", "/feeds/atom.xml", "/media/a.png", "/desktop/"):
        assert parser.can_fetch("Bot", f"https://news.example{path}"), path
    for path in ("/desk/", "/confirm/x", "/preferences/x", "/unsubscribe/x", "/api/v1/articles"):
        assert not parser.can_fetch("Bot", f"https://news.example{path}"), path


def test_a_site_below_a_path_closes_what_is_below_it(tmp_path: Path) -> None:
    site = {"url": "https://paper.example/news"}
    with opened(Config.model_validate({"root": tmp_path, "site": site})) as newsroom:
        parser = robots(newsroom, TestClient(application(newsroom)))
        assert not parser.can_fetch("Bot", "https://paper.example/news/desk/")
        assert parser.can_fetch("Bot", "https://paper.example/desk/")


def test_a_site_may_have_its_own_robots_txt_and_a_broken_one_does_no_harm(
    newsroom: Newsroom, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    own = newsroom.config.root / "email_templates" / "robots.txt"
    own.parent.mkdir()
    own.write_text("User-agent: *\nDisallow: /\nSitemap: {{ sitemaps[0] }}\n")
    first = client.get("/robots.txt")
    assert first.text == "User-agent: *\nDisallow: /\nSitemap: https://news.example/sitemap.xml\n"
    tag = {"if-none-match": first.headers["etag"]}
    assert client.get("/robots.txt", headers=tag).status_code == 304
    own.write_text("User-agent: *\n{{ nonsense }}\n")
    answer = client.get("/robots.txt", headers=tag)
    assert answer.status_code == 200
    assert "Disallow: /desk/" in answer.text
    assert "robots.txt:2" in caplog.text


def test_the_whole_application_serves_them(newsroom: Newsroom) -> None:
    client = TestClient(application(newsroom))
    store(newsroom, 1, published=datetime.now(UTC).replace(microsecond=0))
    sequence_all(newsroom, datetime.now(UTC))
    assert titles(client) == ["a 0"]
    for path in ("/sitemap.xml", "/sitemaps/articles-1.xml", "/robots.txt"):
        assert client.get(path).status_code == 200
        assert client.head(path).content == b""
