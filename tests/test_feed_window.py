"""The live document shows what is new, stays small, and leaves nothing out for good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.model import Content
from publisher.pipeline.build import build, syndicate
from publisher.pipeline.newsroom import Newsroom
from publisher.syndication.document import FeedDocument
from publisher.syndication.publish import formats
from publisher.syndication.read_back import state_after
from publisher.syndication.window import NAMESPACE_BYTES, bytes_of
from tests.rich_articles import documents
from tests.test_change_log import CONTENT, NOW, sql
from tests.test_change_log import documents as documents_of
from tests.test_publishing import read, store, titles


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    config = Config.model_validate({"root": tmp_path, "store": {"url": store_url}})
    with opened(config) as made:
        yield made


def stories(number: int, **values: Any) -> list[Content]:
    """So many articles, newest first."""
    return [
        replace(
            CONTENT,
            **{
                "title": f"Story {n}", "slug": f"s{n}",
                "published": NOW - timedelta(minutes=n), **values,
            },
        )
        for n in range(number)
    ]  # fmt: skip


def test_the_newest_come_first_and_the_rest_is_in_the_archive(newsroom: Newsroom) -> None:
    for part in (stories(60, slug=None)[30:], stories(60, slug=None)[:30]):
        store(newsroom, *part, prefix=part[0].title)
    syndicate(newsroom, NOW)
    assert titles(newsroom) == [f"Story {n}" for n in range(60)], "all of the last days"
    config = newsroom.config.feeds.model_copy(update={"days": 0, "at_least": 20})
    fewer = replace(newsroom, config=newsroom.config.model_copy(update={"feeds": config}))
    sql(newsroom, "UPDATE feed_change SET at = '2024-05-01 12:00:00' WHERE position < 45")
    build(fewer, every=True)
    assert titles(newsroom) == [f"Story {n}" for n in range(20)]
    archived = titles(newsroom, "archive/1.xml")
    assert len(archived) == 50
    assert set(archived) | set(titles(newsroom)) == {f"Story {n}" for n in range(60)}


def test_a_feed_stays_under_its_limit_and_loses_nothing(newsroom: Newsroom) -> None:
    body = "<p>" + "word & " * 3000 + "</p>"
    store(newsroom, *stories(70, body=body, summary="Short."))
    syndicate(newsroom, NOW)
    names = ("atom.xml", "rss.xml", "feed.json")
    sizes = [(newsroom.config.root / "feeds" / name).stat().st_size for name in names]
    limit = newsroom.config.feeds.max_bytes
    assert 0.9 * limit < max(sizes) <= limit
    live = read(newsroom, "atom.xml").entries
    full = [entry for entry in live if entry.get("content")]
    assert 0 < len(full) < len(live)
    archived = set(titles(newsroom, "archive/1.xml"))
    assert archived | {entry.title for entry in live} == {f"Story {n}" for n in range(70)}


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(documents())
def test_an_entry_never_takes_more_than_what_was_reckoned_for_it(document: FeedDocument) -> None:
    empty, written = formats(replace(document, entries=())), formats(document)
    reckoned = NAMESPACE_BYTES + sum(map(bytes_of, document.entries))
    for name, data in written.items():
        assert len(data) - len(empty[name]) <= reckoned


def test_a_feed_that_loses_everything_at_once_stays_small_and_says_so(newsroom: Newsroom) -> None:
    small = newsroom.config.feeds.model_copy(update={"max_bytes": 40_000, "kinds": ("everything",)})
    newsroom = replace(newsroom, config=newsroom.config.model_copy(update={"feeds": small}))
    store(newsroom, *stories(400))
    syndicate(newsroom, NOW)
    sql(newsroom, "DELETE FROM article WHERE slug <> 's7'")
    syndicate(newsroom, NOW)
    for name in ("atom.xml", "rss.xml", "feed.json"):
        assert (newsroom.config.root / "feeds" / name).stat().st_size <= 40_000
    read_in_order = documents_of(newsroom)
    assert 0 < len(read_in_order[-1].gone) < 399
    assert [entry.title for entry in state_after(read_in_order).values()] == ["Story 7"]
