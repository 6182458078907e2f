"""The live document shows what is new, stays small, and leaves nothing out for good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.model import Content
from publisher.pipeline.build import build, syndicate
from publisher.pipeline.newsroom import Newsroom
from tests.test_change_log import CONTENT, NOW, sql
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
    for name in ("atom.xml", "rss.xml", "feed.json"):
        data = (newsroom.config.root / "feeds" / name).read_bytes()
        assert len(data) <= newsroom.config.feeds.max_bytes
    live = read(newsroom, "atom.xml").entries
    full = [entry for entry in live if entry.get("content")]
    assert 0 < len(full) < len(live)
    archived = set(titles(newsroom, "archive/1.xml"))
    assert archived | {entry.title for entry in live} == {f"Story {n}" for n in range(70)}
