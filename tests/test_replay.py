"""A long random history of a newsroom, replayed against readers that poll when they like."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select
from starlette.testclient import TestClient

from publisher.bootstrap import opened
from publisher.model import Article, Category, Feed
from publisher.pipeline.build import syndicate
from publisher.store import categories, log
from publisher.syndication.selection import feed_path
from publisher.web import feed_documents
from publisher.web.feed_files import FeedFiles
from tests.replay_readers import ArchiveReader, LiveReader
from tests.test_change_log import NOW, config, problems, sql, store

EDITS = [
    "title = title || '!'",
    "body = '<p>New</p>'",
    "correction = coalesce(correction, '') || 'c'",
    "slug = slug || '-x'",
    "retracted = published",
    "retracted = NULL",
    "category_id = 1",
    "category_id = 2",
    "published = '2020-01-01 00:00:00'",
    "expires = '2024-05-03 00:00:00'",
]
FOLDERS = ["", "town/"]


class Replay(RuleBasedStateMachine):
    """A newsroom does what it likes; readers must not notice more than its news."""

    @initialize()
    def begin(self) -> None:
        feed_documents.LOOK_SECONDS = 0.0
        self.folder = TemporaryDirectory()
        self.context = opened(config(Path(self.folder.name)))
        self.newsroom = self.context.__enter__()
        self.now, self.count, self.names, self.imported = NOW, 0, 0, False
        files = FeedFiles(self.newsroom.config.root / "feeds", "/feeds", deltas=True)
        client = TestClient(files)
        self.archives = [ArchiveReader(client, f"/feeds/{one}atom.xml") for one in FOLDERS]
        self.archives += [ArchiveReader(client, f"/feeds/{one}atom.xml", True) for one in FOLDERS]
        self.live = [LiveReader(client, f"/feeds/{one}rss.xml") for one in FOLDERS]
        self.live += [LiveReader(client, f"/feeds/{one}atom.xml", True) for one in FOLDERS]
        self.ids: dict[int, str] = {}
        self.seen: dict[int, tuple[object, bytes]] = {}
        self.publish(3)

    @rule(number=st.sampled_from([1, 2, 7, 60]), days=st.integers(0, 900))
    def publish(self, number: int, days: int = 0) -> None:
        self.count += 1
        when = self.now - timedelta(days=days)
        store(self.newsroom, number, f"p{self.count}", published=when, category=self.category())

    @precondition(lambda self: not self.imported)
    @rule()
    def import_in_bulk(self) -> None:
        self.imported = True
        self.publish(500)

    @rule(hours=st.integers(1, 48))
    def embargo(self, hours: int) -> None:
        self.count += 1
        when = self.now + timedelta(hours=hours)
        store(self.newsroom, 1, f"e{self.count}", published=when, category=self.category())

    @rule(one=st.integers(1, 80), change=st.sampled_from(EDITS))
    def edit(self, one: int, change: str) -> None:
        sql(self.newsroom, f"UPDATE article SET {change} WHERE id = {one}")

    @rule(one=st.integers(1, 80))
    def delete(self, one: int) -> None:
        sql(self.newsroom, f"DELETE FROM article WHERE id = {one}")

    @rule(which=st.sampled_from([1, 2]), back=st.booleans())
    def rename(self, which: int, back: bool) -> None:
        self.names += 1
        with self.newsroom.store.write() as session:
            one = next(c for c, _ in categories.counted(session) if c.id == which)
            above = one.path.rpartition("/")[0]
            title = ("Town" if which == 1 else "Roads") if back else f"Name {self.names}"
            slug = title.lower().replace(" ", "-")
            categories.rename(session, one, title, f"{above}/{slug}".strip("/"))

    @rule(hours=st.sampled_from([-5, 0, 1, 30, 400]))
    def clock(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(which=st.integers(0, 1))
    def poll_archives(self, which: int) -> None:
        self.poll(self.archives[which])

    @rule(which=st.integers(2, 3))
    def poll_archives_by_deltas(self, which: int) -> None:
        self.poll(self.archives[which])

    @rule(which=st.integers(0, 3))
    def poll_live(self, which: int) -> None:
        self.publish_feeds()
        reader = self.live[which]
        reader.poll()
        if reader.statuses[-1] == 200:
            assert reader.shown.items() <= self.public(reader.folder).items()

    def poll(self, reader: ArchiveReader) -> None:
        """However it reads, it holds what is public, and nothing else."""
        self.publish_feeds()
        reader.poll()
        held = {uid: entry.title for uid, entry in reader.entries.items()}
        assert held == self.public(reader.folder)
        updates = [entry.updated for entry in reader.entries.values()]
        assert len(set(updates)) == len(updates)

    def publish_feeds(self) -> None:
        """The bytes of a feed change with its log or its name, and only then."""
        syndicate(self.newsroom, self.now)
        with self.newsroom.store.read() as session:
            for feed in session.scalars(select(Feed).where(Feed.kind != "language", ~Feed.gone)):
                folder = self.newsroom.config.root / "feeds" / feed_path(feed.kind, feed.key)
                data = (folder / "atom.xml").read_bytes()
                state = (feed.length, feed.key, feed.title)
                before, old = self.seen.get(feed.id, (None, b""))
                assert (before == state) == (old == data)
                self.seen[feed.id] = (state, data)

    @invariant()
    def ids_stay(self) -> None:
        if not hasattr(self, "newsroom"):
            return
        with self.newsroom.store.read() as session:
            for number, uid in session.execute(select(Article.id, Article.uid)):
                if uid:
                    assert self.ids.setdefault(number, uid) == uid
        assert len(set(self.ids.values())) == len(self.ids)

    def category(self) -> tuple[str, ...]:
        """The second category's titles, whatever it is called now."""
        with self.newsroom.store.read() as session:
            found = {one.id: one.titles for one, _ in categories.counted(session)}
        return found.get(2, ("Town", "Roads"))

    def public(self, folder: str) -> dict[str | None, str]:
        """What is public in a category and below it: entry id → title."""
        with self.newsroom.store.read() as session:
            now = max(self.now, log.last_moment(session) or self.now)
            below = f"{folder}/%" if folder else "%"
            query = (
                select(Article.uid, Article.title)
                .join(Category)
                .where((Category.path == folder) | Category.path.like(below))
                .where(Article.retracted.is_(None), Article.published <= now)
                .where(Article.expires.is_(None) | (Article.expires > now))
            )
            return {row[0]: row[1] for row in session.execute(query)}

    def teardown(self) -> None:
        if hasattr(self, "newsroom"):
            syndicate(self.newsroom, self.now)
            assert syndicate(self.newsroom, self.now) == [], "a rebuild changes nothing"
            assert problems(self.newsroom) == []
            self.context.__exit__(None, None, None)
            self.folder.cleanup()


Replay.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # A history that fails is printed as it was: to shorten one takes longer than a test may.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
TestReplay = Replay.TestCase
