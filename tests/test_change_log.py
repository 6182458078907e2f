"""The change log, archives and tombstones: no reader loses, repeats or misses an article."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.model import Change, Content, Feed, FeedChange
from publisher.pipeline.build import build, syndicate
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.verify import verify
from publisher.store import articles, log
from publisher.syndication.read_back import ReadDocument, read_back, state_after

NOW = datetime(2024, 5, 2, 12, 0, tzinfo=UTC)
CONTENT = Content(
    title="Story",
    body="<p>Text.</p>",
    published=NOW - timedelta(hours=2),
    category=("Town", "Roads"),
    language="en",
)


def config(folder: Path, url: str = "sqlite:///newsroom.db") -> Config:
    feeds = {"days": 0, "at_least": 3, "kinds": ["everything", "category"]}
    site = {"url": "https://news.example"}
    return Config.model_validate(
        {"root": folder, "store": {"url": url}, "feeds": feeds, "site": site}
    )


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with opened(config(tmp_path, store_url)) as made:
        yield made


def store(newsroom: Newsroom, number: int, prefix: str = "a", **values: Any) -> None:
    with newsroom.store.write() as session:
        writer = articles.Writer(session, "https://news.example", newsroom.config.site.zone, NOW)
        contents = [
            replace(CONTENT, title=f"{prefix} {n}", slug=f"{prefix}-{n}", **values)
            for n in range(number)
        ]
        writer.expect(contents)
        for n, content in enumerate(contents):
            writer.add(content, f"{prefix}/{n}")


def sql(newsroom: Newsroom, statement: str, **values: object) -> None:
    with newsroom.store.engine.begin() as connection:
        connection.execute(text(statement), values)


def kinds(newsroom: Newsroom) -> list[str]:
    with newsroom.store.read() as session:
        return list(session.scalars(select(Change.kind).order_by(Change.position)))


def problems(newsroom: Newsroom) -> list[str]:
    return [f"{one.file}: {one.reason}" for found in verify(newsroom) for one in found]


def documents(newsroom: Newsroom, folder: str = "") -> list[ReadDocument]:
    """All documents of a feed, as a reader that follows its archives gets them, oldest first."""
    root = newsroom.config.root / "feeds" / folder
    archives = sorted((root / "archive").glob("*.xml"), key=lambda file: int(file.stem))
    return [read_back(file.read_bytes()) for file in [*archives, root / "atom.xml"]]


def test_each_change_that_a_reader_sees_is_one_row_without_gaps(newsroom: Newsroom) -> None:
    store(newsroom, 1)
    for statement in (
        "UPDATE article SET title = 'a 0'",  # nothing
        "UPDATE article SET body = '<p>Typo mended.</p>'",
        "UPDATE article SET correction = 'It was two.'",
        "UPDATE article SET slug = 'other'",
        "UPDATE article SET retracted = '2024-05-02 11:00:00'",
        "UPDATE article SET retracted = NULL",
        "UPDATE article SET expires = '2024-05-02 11:59:59'",
        "DELETE FROM article",
    ):
        syndicate(newsroom, NOW)
        sql(newsroom, statement)
    syndicate(newsroom, NOW)
    assert kinds(newsroom) == [
        "published", "edited", "corrected", "moved", "retracted", "published", "expired",
    ]  # fmt: skip
    with newsroom.store.read() as session:
        positions = list(session.scalars(select(Change.position).order_by(Change.position)))
        assert positions == list(range(1, 8))
        rows = session.scalars(select(FeedChange).where(FeedChange.feed_id == 1)).all()
        assert sorted(row.position for row in rows) == list(range(7))


def test_what_was_never_public_leaves_no_trace(newsroom: Newsroom) -> None:
    store(newsroom, 1, published=NOW + timedelta(days=1))
    syndicate(newsroom, NOW)
    sql(newsroom, "DELETE FROM article")
    syndicate(newsroom, NOW + timedelta(days=2))
    assert kinds(newsroom) == []


def test_a_move_is_a_removal_there_and_an_addition_elsewhere(newsroom: Newsroom) -> None:
    store(newsroom, 1)
    store(newsroom, 1, "b", category=("Sport",))
    syndicate(newsroom, NOW)
    uid = next(iter(documents(newsroom, "town/")[-1].entries))
    sql(newsroom, "UPDATE article SET category_id = (SELECT id FROM category WHERE path = 'sport')")
    syndicate(newsroom, NOW)
    assert documents(newsroom, "town/")[-1].gone == (uid,)
    assert documents(newsroom, "sport/")[-1].gone == ()
    assert uid in documents(newsroom, "sport/")[-1].entries
    assert documents(newsroom)[-1].gone == (), "it is still among everything"


def test_the_namespace_of_tombstones_is_declared_only_where_it_is_used(newsroom: Newsroom) -> None:
    store(newsroom, 2)
    syndicate(newsroom, NOW)
    atom = newsroom.config.root / "feeds" / "atom.xml"
    assert b"tombstones" not in atom.read_bytes()
    sql(newsroom, "DELETE FROM article WHERE id = 1")
    syndicate(newsroom, NOW)
    assert b'xmlns:at="http://purl.org/atompub/tombstones/1.0"' in atom.read_bytes()


def test_archives_never_change_whatever_happens_to_their_articles(newsroom: Newsroom) -> None:
    store(newsroom, 120)
    syndicate(newsroom, NOW)
    folder = newsroom.config.root / "feeds" / "archive"
    before = {file.name: file.read_bytes() for file in folder.glob("*.xml")}
    assert set(before) == {"1.xml", "2.xml"}
    sql(newsroom, "UPDATE article SET title = 'New ' || id, correction = 'x' WHERE id < 40")
    sql(newsroom, "DELETE FROM article WHERE id IN (50, 51)")
    syndicate(newsroom, NOW + timedelta(hours=1))
    build(newsroom, every=True)
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert problems(newsroom) == []


def test_a_lost_archive_is_written_again_with_the_same_bytes(newsroom: Newsroom) -> None:
    store(newsroom, 60)
    syndicate(newsroom, NOW)
    file = newsroom.config.root / "feeds" / "archive" / "1.xml"
    data = file.read_bytes()
    file.unlink()
    sql(newsroom, "UPDATE article SET title = 'changed since'")
    syndicate(newsroom, NOW)
    build(newsroom, every=True)
    assert file.read_bytes() == data


def test_an_archive_that_the_store_kept_in_another_form_is_written_the_same(
    newsroom: Newsroom,
) -> None:
    store(newsroom, 60)
    syndicate(newsroom, NOW)
    file = newsroom.config.root / "feeds" / "archive" / "1.xml"
    packed = file.with_name("1.xml.gz")
    data, before = file.read_bytes(), packed.read_bytes()
    with newsroom.store.write() as session:
        feed = session.scalars(select(Feed).where(Feed.kind == "everything")).one()
        kept = log.archive(session, feed.id, 1)
        assert kept is not None
        assert kept.data == before, "compressed once, for the store and for readers"
        kept.data = zlib.compress(data)
    file.unlink()
    packed.unlink()
    build(newsroom, every=True)
    assert file.read_bytes() == data == gzip.decompress(packed.read_bytes())


def test_an_article_that_comes_in_late_is_seen_by_who_reads_the_newest_only(
    newsroom: Newsroom,
) -> None:
    store(newsroom, 60)
    syndicate(newsroom, NOW)
    store(newsroom, 1, "late", published=NOW - timedelta(days=900))
    syndicate(newsroom, NOW)
    assert "late 0" in {entry.title for entry in documents(newsroom)[-1].entries.values()}


def test_no_two_entries_of_a_feed_were_updated_at_the_same_time(newsroom: Newsroom) -> None:
    store(newsroom, 80)
    syndicate(newsroom, NOW)
    state = state_after(documents(newsroom))
    assert len({entry.updated for entry in state.values()}) == len(state) == 80


@pytest.mark.parametrize("name", ["archive/1.xml", "atom.xml", "rss.xml", "town/feed.json"])
def test_a_file_that_was_altered_or_lost_is_named(newsroom: Newsroom, name: str) -> None:
    store(newsroom, 60)
    syndicate(newsroom, NOW)
    assert problems(newsroom) == []
    file = newsroom.config.root / "feeds" / name
    data = file.read_bytes()
    file.write_bytes(data.replace(b"a 7<", b"A 7<").replace(b'"a 57"', b'"A 57"') + b" ")
    (problem,) = problems(newsroom)
    assert name in problem
    assert "bytes" in problem
    file.unlink()
    (problem,) = problems(newsroom)
    assert "cannot be read" in problem


def test_a_clock_that_jumps_back_withdraws_nothing(newsroom: Newsroom) -> None:
    store(newsroom, 1)
    syndicate(newsroom, NOW)
    sql(newsroom, "UPDATE article SET title = 'Edited'")
    syndicate(newsroom, NOW - timedelta(days=30))
    assert kinds(newsroom) == ["published", "edited"]
