"""Sitemaps keep to the rules of the protocol, and to the store, whatever happens."""

from __future__ import annotations

import importlib
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from starlette.testclient import TestClient

from publisher.bootstrap import opened
from publisher.config import Site
from publisher.model import Article, SitemapPart
from publisher.pipeline.newsroom import Newsroom
from publisher.store import log
from publisher.store import sitemap as stored
from publisher.store.migrate import FOLDER
from publisher.store.sitemap import ListedArticle, RecentArticle
from publisher.syndication import sitemap
from tests import crawler
from tests.crawler import Clock, client_of, config, crawl, read, sequence_all, slugs
from tests.test_change_log import NOW, sql, store

SITE = Site.model_validate(crawler.SITE)


def test_a_document_keeps_to_the_protocol_whatever_the_store_holds() -> None:
    many = [ListedArticle(f"a{n}", NOW, []) for n in range(50_010)]
    assert len(read(sitemap.articles_part(SITE, many))) == 50_000
    parts = [(f"https://news.example/sitemaps/{n}.xml", NOW) for n in range(50_010)]
    assert read(sitemap.index(parts))[-1].address.endswith("/50009.xml"), "the newest are named"
    pictures = [{"type": "image/png", "url": f"https://p.example/{n}?" + "&" * 2000}
                for n in range(2000)]  # fmt: skip
    heavy = [ListedArticle(f"a{n}", NOW, pictures) for n in range(20)]
    listed = read(sitemap.articles_part(SITE, heavy))
    assert len(listed) == 20, "images give way, pages do not"
    assert len(listed[0].images) == 1000
    assert listed[-1].images == ()
    titles = [RecentArticle(f"a{n}", "t" * 10**6, "en", NOW, None, []) for n in range(80)]
    assert 40 < len(read(sitemap.news(SITE, titles))) < 51


STATES = st.sampled_from(["slug = slug || 'x'", "retracted = published", "retracted = NULL",
                          "expires = '2024-05-02 13:00:00'", "published = '2020-01-01 00:00:00'",
                          "published = '2024-05-02 15:00:00'", "title = title || '!'"])  # fmt: skip
STEPS = st.one_of(
    st.tuples(st.just("store"), st.integers(1, 9)),
    st.tuples(st.just("delete"), st.integers(1, 20)),
    st.tuples(st.just("clock"), st.integers(-3, 4)),
    st.tuples(STATES, st.integers(1, 20)),
)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=3, max_size=14))
def test_whatever_a_newsroom_does_the_sitemap_lists_what_is_public(
    steps: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "ROWS", 4)
    with TemporaryDirectory() as folder, opened(config(Path(folder))) as newsroom:
        clock = Clock()
        client, places = client_of(newsroom, clock), dict[int, str]()
        clock.now = NOW
        for number, (step, value) in enumerate(steps):
            if step == "store":
                store(newsroom, value, f"s{number}")
            elif step == "clock":
                clock.now += timedelta(hours=value)
            elif step == "delete":
                sql(newsroom, f"DELETE FROM article WHERE id = {value}")
            else:
                sql(newsroom, f"UPDATE article SET {step} WHERE id = {value}")
            sequence_all(newsroom, clock.now)
            check(newsroom, client, clock.now, places)


def check(newsroom: Newsroom, client: TestClient, now: datetime, places: dict[int, str]) -> None:
    parts = crawl(client)
    where = {one.address.rpartition("/")[2]: name for name, part in parts.items() for one in part}
    with newsroom.store.read() as session:
        moment = max(now, log.last_moment(session) or now)
        public = [a for a in session.scalars(select(Article)) if a.is_public(moment)]
        for part in stored.parts(session):
            assert part.articles == len(parts[f"/sitemaps/articles-{part.number}.xml"])
    assert slugs(client) == {article.slug for article in public}
    for article in public:
        assert places.setdefault(article.id, where[article.slug or ""]) == where[article.slug or ""]


def test_the_migration_counts_the_parts_of_a_log_that_is_there(
    store_url: str, tmp_path: Path
) -> None:
    with opened(config(tmp_path, store_url)) as newsroom:
        check_migration(newsroom)


def check_migration(newsroom: Newsroom) -> None:
    (file,) = (FOLDER / "versions").glob("*_sitemap_parts.py")
    migration = importlib.import_module(f"publisher.store.migrations.versions.{file.stem}")
    store(newsroom, 7)
    store(newsroom, 2, "gone", category=("Sport",))
    sequence_all(newsroom, NOW)
    sql(newsroom, "UPDATE article SET title = 'x' WHERE slug = 'a-2'")
    sql(newsroom, "DELETE FROM article WHERE slug LIKE 'gone-%'")
    sequence_all(newsroom, NOW + timedelta(hours=1))
    kept = rows(newsroom)
    with newsroom.store.engine.begin() as connection:
        connection.execute(text("DROP TABLE sitemap_part"))
        with Operations.context(MigrationContext.configure(connection)):
            migration.upgrade()
    assert rows(newsroom) == kept == [(1, 7, 12, NOW + timedelta(hours=1))]
    assert migration.ROWS == stored.ROWS


def rows(newsroom: Newsroom) -> list[tuple[int, int, int, datetime]]:
    with newsroom.store.read() as session:
        parts = session.scalars(select(SitemapPart).order_by(SitemapPart.number))
        return [(one.number, one.articles, one.position, one.changed) for one in parts]
