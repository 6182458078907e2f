"""The store keeps what it is given, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, event, select, text

from publisher.errors import StoreError
from publisher.model import Base, Content, Medium, Revision, Source
from publisher.store import articles, feeds, stale
from publisher.store.engine import Store, open_store
from publisher.store.feeds import FeedName, Place

NOW = datetime(2024, 5, 2, 12, 0, tzinfo=UTC)
CONTENT = Content(
    title="Bridge open again",
    body="<p>The bridge is open.</p>",
    published=NOW - timedelta(hours=2),
    category=("Town", "Roads"),
    language="en",
    sources=(Source("Town Hall"), Source("Agencies", "https://agencies.example/")),
    authors=("A. Writer",),
    tags=("bridges",),
    media=(Medium("https://example.org/b.png", "image/png", "The bridge", 12, 3, 4),),
    slug="bridge-open-again",
)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def put(store: Store, content: Content = CONTENT, external_id: str = "a") -> int:
    with store.write() as session:
        writer = articles.Writer(session, "https://news.example", ZoneInfo("UTC"), NOW)
        writer.expect([content])
        article = writer.add(content, external_id)
        session.flush()
        return article.id


def by_plain_sql(store: Store, statement: str) -> None:
    with store.engine.begin() as connection:
        connection.execute(text(statement))


def test_the_tables_are_those_of_the_model(store: Store) -> None:
    with store.engine.connect() as connection:
        # The text of the search index is each database's own, and no part of the model.
        opts = {"include_name": lambda name, _kind, _parents: "search_text" not in (name or "")}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, Base.metadata) == []


def test_an_article_comes_back_as_it_was_stored(store: Store) -> None:
    put(store)
    with store.read() as session:
        article = articles.known(session, ["a"])["a"]
        assert article.content == CONTENT
        assert article.category.path == "town/roads"
        assert article.category.parent is not None
        assert article.uid is not None
        assert article.uid.startswith("tag:news.example,2024-05-02:")


def test_times_keep_their_moment_whatever_the_zone_they_were_given_in(store: Store) -> None:
    there = datetime(2024, 5, 2, 1, 30, tzinfo=ZoneInfo("Asia/Kathmandu"))
    put(store, replace(CONTENT, published=there))
    with store.read() as session:
        stored = articles.known(session, ["a"])["a"].published
    assert stored == there
    assert stored.utcoffset() == timedelta(0)


def test_a_changed_article_keeps_its_id_and_its_earlier_revision(store: Store) -> None:
    put(store)
    with store.write() as session:
        article = articles.known(session, ["a"])["a"]
        uid, slug = article.uid, article.slug
        writer = articles.Writer(session, "https://other.example", ZoneInfo("UTC"), NOW)
        changed = replace(CONTENT, title="Bridge closed", slug="bridge-closed")
        writer.replace(article, changed, significant=True)
    with store.read() as session:
        article = articles.known(session, ["a"])["a"]
        assert (article.uid, article.slug, article.revision) == (uid, slug, 2)
        assert (article.title, article.updated) == ("Bridge closed", NOW)
        kept = session.scalars(select(Revision)).one()
        assert kept.content["title"] == "Bridge open again"


def test_equal_slugs_are_numbered(store: Store) -> None:
    for external_id in ("a", "b", "c"):
        put(store, external_id=external_id)
    with store.read() as session:
        found = articles.known(session, ["a", "b", "c"])
        slugs = [found[key].slug for key in ("a", "b", "c")]
    assert slugs == ["bridge-open-again", "bridge-open-again-2", "bridge-open-again-3"]


def test_a_row_by_plain_sql_leaves_a_note_in_the_same_transaction(store: Store) -> None:
    by_plain_sql(store, "INSERT INTO category (path, title) VALUES ('news', 'News')")
    insert = (
        "INSERT INTO article (title, body, published, category_id) "
        "VALUES ('T', 'B', '2024-05-02 09:00:00', 1)"
    )
    with store.engine.connect() as connection:
        connection.execute(text(insert))
        connection.rollback()
    with store.read() as session:
        assert stale.take(session, NOW, 10) == []
    by_plain_sql(store, insert)
    with store.read() as session:
        assert len(stale.take(session, NOW, 10)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE article SET body = '<p>Other</p>'",
        "UPDATE article SET tags = '[\"x\"]'",
        "UPDATE article SET published = '2024-05-01 09:00:00'",
        "DELETE FROM article",
        "UPDATE category SET title = 'Streets' WHERE path = 'town'",
    ],
)
def test_every_change_that_a_reader_would_see_leaves_a_note(store: Store, statement: str) -> None:
    article_id = put(store)
    with store.write() as session:
        stale.done(session, stale.take(session, NOW, 10))
    by_plain_sql(store, statement)
    with store.read() as session:
        assert {note.article_id for note in stale.take(session, NOW, 10)} == {article_id}


def test_what_the_publisher_fills_in_itself_leaves_no_note(store: Store) -> None:
    put(store)
    with store.write() as session:
        stale.done(session, stale.take(session, NOW, 10))
    by_plain_sql(store, "UPDATE article SET seal = 'x', uid = 'y', revision = 7")
    with store.read() as session:
        assert stale.take(session, NOW, 10) == []


def test_only_the_notes_that_were_taken_are_removed(store: Store) -> None:
    put(store)
    with store.read() as session:
        taken = stale.take(session, NOW, 10)
    by_plain_sql(store, "UPDATE article SET title = 'Later'")
    with store.write() as session:
        stale.done(session, taken)
    with store.read() as session:
        assert len(stale.take(session, NOW, 10)) == 1


def test_a_note_for_later_waits_for_its_moment(store: Store) -> None:
    article_id = put(store)
    later = NOW + timedelta(hours=1)
    with store.write() as session:
        stale.done(session, stale.take(session, NOW, 10))
        stale.remind(session, {article_id: later})
        stale.remind(session, {article_id: later})
    with store.read() as session:
        assert stale.take(session, later - timedelta(seconds=1), 10) == []
        assert len(stale.take(session, later, 10)) == 1


def mint(kind: str, key: str, since: datetime) -> str:
    return f"{kind}/{key}/{since:%Y}"


def test_a_feed_knows_its_newest_and_when_its_files_are_out_of_date(store: Store) -> None:
    names = (FeedName("everything", ""), FeedName("category", "town", "Town"))
    ids = [
        put(store, replace(CONTENT, published=NOW - timedelta(hours=n)), f"a{n}") for n in range(5)
    ]
    with store.write() as session:
        places = {one: Place(NOW - timedelta(hours=n), names) for n, one in enumerate(ids)}
        moves = feeds.place(session, places, mint)
        assert {len(move.after) for move in moves.values()} == {2}
        out_of_date = feeds.stale(session, ["everything", "category"])
        assert feeds.newest(session, out_of_date[0].id, 3) == ids[:3]
        feeds.mark_built(session, {feed.id: feed.version for feed in out_of_date})
    with store.write() as session:
        assert feeds.stale(session, ["everything", "category"]) == []
        moves = feeds.place(session, {ids[0]: None}, mint)
        assert (len(moves[ids[0]].before), len(moves[ids[0]].after)) == (2, 0)
        assert len(feeds.stale(session, ["everything", "category"])) == 2
        assert feeds.newest(session, out_of_date[0].id, 3) == ids[1:4]


def test_a_window_is_read_from_one_index_whatever_is_stored(
    migrated_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / "x.db"
    file.write_bytes(migrated_file.read_bytes())
    opened = open_store(f"sqlite:///{file}")
    with opened.read() as session:
        asked: list[tuple[str, Any]] = []
        event.listen(
            opened.engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3]))
        )
        feeds.newest(session, 1, 50)
        statement, values = next(one for one in asked if "FROM feed_article" in one[0])
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        steps = [row[3] for row in plan]
    opened.close()
    assert len(steps) == 1, "no sorting"
    assert "COVERING INDEX ix_feed_article_window (feed_id=?)" in steps[0]


def test_a_commit_by_anybody_wakes_the_watcher_up(store: Store, store_url: str) -> None:
    watcher = stale.Watcher(store)
    other = open_store(store_url)
    assert watcher.wait(0.05) is False
    timer = threading.Timer(0.2, put, [other])
    timer.start()
    assert watcher.wait(10) is True
    timer.join()
    watcher.close()
    other.close()


def test_two_processes_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    trouble: list[Exception] = []

    def start() -> None:
        try:
            open_store(url).close()
        except Exception as error:
            trouble.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////nowhere/at/all/x.db", "does not exist"),
        ("mysql://somewhere/x", "use sqlite or postgresql"),
        ("not an address", "not a database address"),
        ("postgresql://u:hush@127.0.0.1:1/x", "cannot be reached"),
    ],
)
def test_a_store_that_cannot_be_opened_says_what_to_do(url: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as caught:
        open_store(url)
    assert "hush" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_text("not a database at all, but long enough to be read as one" * 20)
    with pytest.raises(StoreError, match="no SQLite database"):
        open_store(f"sqlite:///{file}")


def test_a_locked_database_is_an_error_that_says_so(
    migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.store.engine.BUSY_SECONDS", 0.1)
    file = tmp_path / "x.db"
    file.write_bytes(migrated_file.read_bytes())
    one, two = open_store(f"sqlite:///{file}"), open_store(f"sqlite:///{file}")
    with one.write(), pytest.raises(StoreError, match="another program holds it"), two.write() as s:
        s.execute(text("SELECT 1"))
    one.close()
    two.close()


def test_a_read_only_database_is_an_error_that_says_so(migrated_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_bytes(migrated_file.read_bytes())
    read_only = create_engine(f"sqlite:///{file}")
    event.listen(read_only, "connect", lambda one, _record: one.execute("PRAGMA query_only=ON"))
    with pytest.raises(StoreError, match="make the file and its folder writable"):
        put(Store(read_only))
    read_only.dispose()


@pytest.mark.parametrize(
    "values",
    [
        "'T', 'B', '2024-05-02T09:00', 1, '[]'",
        "'T', 'B', 'yesterday', 1, '[]'",
        "'T', 'B', '2024-05-02 09:00:00', 1, 'Agencies'",
        "'T', 'B', '2024-05-02 09:00:00', 1, '{}'",
    ],
)
def test_sqlite_refuses_a_row_that_could_not_be_read_again(
    migrated_file: Path, tmp_path: Path, values: str
) -> None:
    import sqlite3

    file = tmp_path / "x.db"
    file.write_bytes(migrated_file.read_bytes())
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO category (path, title) VALUES ('news', 'News')")
        with pytest.raises((sqlite3.IntegrityError, sqlite3.OperationalError)):
            connection.execute(
                "INSERT INTO article (title, body, published, category_id, sources) "
                f"VALUES ({values})"
            )
    connection.close()
