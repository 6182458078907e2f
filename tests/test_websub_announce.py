"""What a build announces: each change of a live document once, as soon as it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.bootstrap import opened
from publisher.model import Topic
from publisher.pipeline import build as building
from publisher.pipeline.build import Builder, build
from publisher.pipeline.newsroom import Newsroom
from tests.hub import change, config, publish


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with opened(config(store_url, tmp_path)) as made:
        publish(made)
        yield made


def announced(newsroom: Newsroom) -> dict[str, str]:
    with newsroom.store.read() as session:
        return {topic.path: topic.sha256 for topic in session.scalars(select(Topic))}


def published(newsroom: Newsroom) -> dict[str, str]:
    root = newsroom.config.root / "feeds"
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in ("atom.xml", "rss.xml", "feed.json")
        for path in root.rglob(name)
    }


def test_what_is_announced_is_what_is_published(newsroom: Newsroom) -> None:
    assert announced(newsroom) == published(newsroom)
    change(newsroom, "Another title")
    assert announced(newsroom) == published(newsroom)


def test_the_first_feeds_are_announced_while_the_last_are_written(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = announced(newsroom)
    different: list[int] = []
    write = Builder.write

    def watched(self: Builder, feed_id: int, *, every: bool = False) -> int:
        now = announced(newsroom)
        different.append(sum(now[path] != before[path] for path in now))
        return write(self, feed_id, every=every)

    monkeypatch.setattr(Builder, "write", watched)
    monkeypatch.setattr(building, "NOTE_SECONDS", 0)
    change(newsroom, "Another title")
    assert different == [0, 3, 6, 9]


def test_what_another_process_has_built_since_is_not_announced_anew(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = building._note

    def overtaken(*arguments: object) -> None:
        monkeypatch.undo()
        change(newsroom, "The newest")
        note(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(building, "_note", overtaken)
    monkeypatch.setattr(building, "NOTE_SECONDS", 1000)
    change(newsroom, "Overtaken")
    assert "The newest" in (newsroom.config.root / "feeds" / "atom.xml").read_text()
    assert announced(newsroom) == published(newsroom)


def test_nothing_is_noted_where_websub_is_not_used(store_url: str, tmp_path: Path) -> None:
    with opened(config(store_url, tmp_path, own=False)) as made:
        publish(made)
        assert announced(made) == {}


def test_switching_it_on_announces_what_changes_from_then_on(
    store_url: str, tmp_path: Path
) -> None:
    with opened(config(store_url, tmp_path, own=False)) as made:
        publish(made)
    with opened(config(store_url, tmp_path)) as made:
        build(made)
        assert announced(made) == {}
        change(made, "Another title")
        assert announced(made) == published(made)
