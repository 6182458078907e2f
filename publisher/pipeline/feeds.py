"""From the store to the files under `feeds/`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from publisher.errors import RejectedError
from publisher.ingest.clean import reclean
from publisher.model import Article, Feed, seal
from publisher.pipeline.newsroom import Newsroom
from publisher.render.article import as_html
from publisher.render.view import view
from publisher.store import articles, feeds, stale
from publisher.store.engine import Session
from publisher.store.feeds import Place
from publisher.syndication.document import Entry, document
from publisher.syndication.publish import formats, write_if_changed
from publisher.syndication.selection import EVERYTHING, feed_path, feeds_of

BATCH = 500


def syndicate(newsroom: Newsroom, now: datetime) -> list[str]:
    """Bring the files up to date with the store; the addresses of those that were written."""
    while sequence(newsroom, now):
        pass
    return build(newsroom)


def sequence(newsroom: Newsroom, now: datetime) -> int:
    """Deal with the oldest part of the stale set; how many notes that were.

    Articles that cannot be understood are set aside and leave their feeds; the others go on.
    """
    with newsroom.store.write() as session:
        notes = stale.take(session, now, BATCH)
        if not notes:
            return 0
        ids = {note.article_id for note in notes}
        found = articles.by_ids(session, ids)
        places: dict[int, Place | None] = {}
        reminders: dict[int, datetime] = {}
        for article_id in sorted(ids):
            article = found.get(article_id)
            places[article_id] = None
            if article is None:
                continue
            places[article_id] = _place(newsroom, session, article, now)
            if moment := article.next_change(now):
                reminders[article_id] = moment
        session.flush()
        feeds.place(session, places)
        stale.done(session, notes)
        stale.remind(session, reminders)
        return len(notes)


def _place(newsroom: Newsroom, session: Session, article: Article, now: datetime) -> Place | None:
    origin = f"article {article.id}"
    try:
        _adopt(newsroom, session, article, now)
    except (ValueError, RejectedError) as error:
        reason = error.reason if isinstance(error, RejectedError) else str(error)
        articles.set_aside(session, origin, 0, reason, now)
        return None
    articles.mended(session, [origin])
    if not article.is_public(now):
        return None
    return Place(article.published, feeds_of(article.content))


def _adopt(newsroom: Newsroom, session: Session, article: Article, now: datetime) -> None:
    content = article.content
    if article.seal == seal(content) and article.uid and article.slug:
        return
    site = newsroom.config.site
    writer = articles.Writer(session, site.url, site.zone, now)
    writer.adopt(article, reclean(content, newsroom.rules))


def build(
    newsroom: Newsroom,
    *,
    every: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[str]:
    """Write the documents of the feeds that are out of date (or of `every` feed).

    Only what differs is written; the addresses of that, below `feeds/`, are returned.
    A feed that cannot be written stays out of date. Raises PublishError, StoreError.
    """
    config, store = newsroom.config, newsroom.store
    with store.write() if every else store.read() as session:
        if every:
            feeds.ensure(session, [EVERYTHING])
        choose = feeds.published if every else feeds.stale
        due = [(feed.id, feed.version) for feed in choose(session, config.feeds.kinds)]
    builder = _Builder(newsroom)
    built: dict[int, int] = {}
    try:
        for number, (feed_id, _) in enumerate(due, 1):
            version = builder.build(feed_id)
            if version is not None:
                built[feed_id] = version
            progress(number, len(due))
    finally:
        if built:
            with store.write() as session:
                feeds.mark_built(session, built)
    return builder.written


class _Builder:
    """Builds one feed after the other; an article's markup is made once for all of them."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._entries: dict[tuple[int, str], Entry] = {}
        self.written: list[str] = []

    def build(self, feed_id: int) -> int | None:
        """Write a feed; the version it was read at, or None where it must wait for `sequence`."""
        config = self._newsroom.config
        with self._newsroom.store.read() as session:
            feed = session.get_one(Feed, feed_id)
            version = feed.version
            window = feeds.window(session, feed_id, config.feeds.entries)
            if not all(article.seal == seal(article.content) for article in window):
                return None  # another program has just written to one: it is cleaned first
            made = document(feed, [self._entry(article) for article in window], config)
            folder = feed_path(feed.kind, feed.key)
        self._write(folder, formats(made).items())
        return version

    def _write(self, folder: str, files: Iterable[tuple[str, bytes]]) -> None:
        root = self._newsroom.config.path(self._newsroom.config.feeds.folder)
        for name, data in files:
            if write_if_changed(root / folder / name, data):
                self.written.append(f"{folder}{name}")

    def _entry(self, article: Article) -> Entry:
        key = (article.id, article.seal or "")
        if key not in self._entries:
            seen = view(article, site=self._newsroom.config.site)
            html = as_html(self._newsroom.templates, seen)
            self._entries[key] = Entry(seen, html)
        return self._entries[key]
