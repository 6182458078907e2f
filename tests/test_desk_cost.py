"""A page of the desk asks the store as many questions whatever is stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from publisher.model import Role
from publisher.pipeline.newsroom import Newsroom
from tests.deskwork import Worker
from tests.factories import join
from tests.sites import counted_statements, newsroom_at, store, story

NOW = datetime.now(UTC)
PATHS = (
    "/desk/", "/desk/articles/", "/desk/articles/?q=story", "/desk/articles/1",
    "/desk/articles/1/edit", "/desk/editions/", "/desk/deliveries/",
    "/desk/deliveries/?email=r1@example.org", "/desk/subscribers/?list=daily",
    "/desk/subscribers/?q=r", "/desk/subscribers/1", "/desk/feeds/", "/desk/imports/",
)  # fmt: skip
MOST = 25


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, store_url) as made:
        yield made


def fill(newsroom: Newsroom, first: int, number: int) -> None:
    at = NOW - timedelta(hours=2)
    names = range(first, first + number)
    stories = [story(f"Story {n}", published=at, category=("Town", f"Part {n}")) for n in names]
    store(newsroom, *stories, now=NOW, prefix=f"a{first}")
    with newsroom.store.write() as session:
        join(session, "daily", [f"r{n}@example.org" for n in names], now=NOW)


def test_a_page_asks_as_many_questions_whatever_is_stored(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "olga", Role.OPERATOR)

    def asked() -> dict[str, int]:
        found = {}
        for path in PATHS:
            with counted_statements(newsroom) as seen:
                worker.page(path)
            found[path] = len(seen)
        return found

    fill(newsroom, 0, 2)
    asked()  # what is only read once is not counted
    few = asked()
    fill(newsroom, 2, 30)
    many = asked()
    assert many == few
    assert max(many.values()) <= MOST, many
