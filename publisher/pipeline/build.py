"""From the logs of feeds to the files under `feeds/`."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from publisher.model import Article, Feed, FeedChange, seal
from publisher.pipeline.feed_pages import lists, page_of
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.sequencer import sequence
from publisher.pipeline.shelf import Shelf, is_shared, shelf_of
from publisher.pipeline.web_editions import feed_of_editions
from publisher.pipeline.withdrawal import withdraw_moved, withdraw_unpublished
from publisher.render.article import as_html
from publisher.render.view import view
from publisher.store import articles, feed_files, feeds, log, websub
from publisher.store.editions import FEED as EDITIONS
from publisher.store.engine import Session
from publisher.syndication.document import (
    FILES,
    ArchiveLink,
    Entry,
    FeedDocument,
    Tombstone,
    archive_address,
    document,
)
from publisher.syndication.publish import compressed, formats, unpacked
from publisher.syndication.selection import feed_path
from publisher.syndication.window import (
    ARCHIVE_ROWS,
    complete_archives,
    fit,
    last_of_each,
    live_rows,
    most_tombstones,
)

# Partners are told of the first feeds while the last are still written.
NOTE_SECONDS = 0.1


def syndicate(newsroom: Newsroom, now: datetime) -> list[str]:
    """Bring the files up to date with the store; the addresses of those that were written."""
    while sequence(newsroom, now):
        pass
    return build(newsroom)


class WaitError(Exception):
    """Another program has just written to an article of the feed: it is cleaned first."""


def build(
    newsroom: Newsroom,
    *,
    every: bool = False,
    only: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[str]:
    """Write the documents of the feeds that are out of date (or of `every` feed).

    `only` is the id of the one feed that is looked at, if it is one alone.
    Only what differs is written; the addresses of that, below `feeds/`, are returned.
    A feed that cannot be written stays out of date. Raises PublishError, StoreError.
    """
    config, store = newsroom.config, newsroom.store
    with store.read() as session:
        # Where feeds go into the store for the first time, all of them do.
        every |= only is None and is_shared(newsroom) and not feed_files.last_position(session)
        choose = feeds.published if every else feeds.stale
        chosen = choose(session, (*config.feeds.kinds, EDITIONS))
        chosen = [feed for feed in chosen if only in (None, feed.id)]
        # Last, so that a broken template of theirs holds up no feed of articles.
        chosen = sorted(chosen, key=lambda feed: feed.kind == EDITIONS)
        due = [feed.id for feed in chosen]
        new = every or any(feed.built == 0 for feed in chosen)
    shelf = shelf_of(newsroom)
    builder = Builder(newsroom, shelf)
    built: dict[int, int] = {}
    # Where feeds are new, the lists of all belong to what is written, so all is noted at the end.
    early, noted = bool(config.hubs) and not new, time.monotonic()
    try:
        for number, feed_id in enumerate(due, 1):
            with contextlib.suppress(WaitError):  # it stays out of date, and is built next time
                built[feed_id] = builder.write(feed_id, every=every)
            progress(number, len(due))
            is_time = early and built and time.monotonic() - noted > NOTE_SECONDS
            if is_time or shelf.must_settle:
                _note(newsroom, builder, built)
                built, noted = {}, time.monotonic()
        new |= withdraw_moved(newsroom, shelf, every=every)
        if every:
            withdraw_unpublished(newsroom, shelf)
        if new:
            builder.write_lists()
    finally:
        if built or shelf.holds:
            _note(newsroom, builder, built)
    return builder.written


def _note(newsroom: Newsroom, builder: Builder, built: dict[int, int]) -> None:
    """Note that these feeds are written, and in the same transaction whom to tell of it."""
    with newsroom.store.write() as session:
        ours = feeds.not_overtaken(session, built)
        builder.shelf.settle(session, built.keys() - ours)
        _announce(newsroom, session, builder, ours)
        feeds.mark_built(session, built)


def _announce(newsroom: Newsroom, session: Session, builder: Builder, ours: Iterable[int]) -> None:
    """Note whom to tell of the live documents. What another process has built in the meantime is
    newer, and announced by that."""
    if newsroom.config.hubs:
        documents = {path: sha256 for one in ours for path, sha256 in builder.live_sha256[one]}
        websub.announce(session, documents, newsroom.config.websub.hubs)


class Builder:
    """Builds one feed after the other; an article's markup is made once for all of them."""

    def __init__(self, newsroom: Newsroom, shelf: Shelf | None = None) -> None:
        self._newsroom, self.shelf = newsroom, shelf or shelf_of(newsroom)
        self._feed: int | None = None  # whose files are being written
        self._entries: dict[tuple[int, str, int], Entry] = {}
        self.written: list[str] = []
        # Of each feed that was written: its live documents below `feeds/`, and their SHA-256.
        self.live_sha256: dict[int, list[tuple[str, str]]] = {}

    def write(self, feed_id: int, *, every: bool = False) -> int:
        """Write a feed's files; the version that they hold. Raises WaitError, PublishError.

        Archive documents come first, so that the live one never names one that is not there.
        """
        self._complete_archives(feed_id)
        self._feed = feed_id
        with self._newsroom.store.read() as session:
            feed = session.get_one(Feed, feed_id)
            version = feed.version
            made = self._document(session, feed)
            live = formats(made)
            folder = feed_path(feed.kind, feed.key)
            if folder:  # the page of everything is the page of all feeds
                live["index.html"] = page_of(self._newsroom, feed, made)
            last = log.archives(session, feed_id)
            numbers: Iterable[int] = range(1, last + 1) if every else self._missing(folder, last)
            for number in numbers:
                kept = log.archive(session, feed_id, number)
                if kept is not None:
                    self._put(f"{folder}archive/{number}.xml", *unpacked(kept.data))
        for name, data in live.items():
            self._put(f"{folder}{name}", data)
        self.live_sha256[feed_id] = [
            (f"{folder}{name}", hashlib.sha256(data).hexdigest())
            for name, data in live.items()
            if name in FILES.values()
        ]
        return version

    def write_lists(self) -> None:
        """Write what is about all feeds: their page, the OPML list, the style sheets."""
        self._feed = None
        with self._newsroom.store.read() as session:
            kinds = (*self._newsroom.config.feeds.kinds, EDITIONS)
            published = feeds.published(session, kinds)
            for name, data in lists(self._newsroom, published):
                self._put(name, data)

    def _document(self, session: Session, feed: Feed) -> FeedDocument:
        if feed.kind == EDITIONS:
            return feed_of_editions(self._newsroom, session, feed)
        return self.live(session, feed)

    def live(self, session: Session, feed: Feed) -> FeedDocument:
        """The live document of a feed of articles. Raises WaitError."""
        settings = self._newsroom.config.feeds
        archived = log.archives(session, feed.id)
        rows = live_rows(
            log.newest_rows(session, feed.id),
            days=settings.days,
            at_least=settings.at_least,
            archived=archived,
        )
        tail = [row for row in rows if row.position >= archived * ARCHIVE_ROWS]
        rest = self._entries_in_parts(session, feed, rows[len(tail) :])
        make = partial(
            document,
            feed,
            config=self._newsroom.config,
            tombstones=_tombstones(rows)[: most_tombstones(settings.max_bytes)],
            before=self._link(session, feed, archived),
        )
        room = settings.max_bytes - max(map(len, formats(make(entries=())).values()))
        return make(entries=fit(self._entries_of(session, feed, tail), rest, room))

    def _complete_archives(self, feed_id: int) -> None:
        """Make the archive documents that the feed's log has filled, each once and for ever."""
        with self._newsroom.store.read() as session:
            feed = session.get_one(Feed, feed_id)
            done, full = log.archives(session, feed_id), complete_archives(feed.length)
        for number in range(done + 1, full + 1):
            with self._newsroom.store.write() as session:
                feed = session.get_one(Feed, feed_id)
                data = next(iter(formats(self._archive(session, feed, number)).values()))
                sha256 = hashlib.sha256(data).hexdigest()
                log.keep_archive(session, feed_id, number, sha256, compressed(data, "gzip"))

    def _archive(self, session: Session, feed: Feed, number: int) -> FeedDocument:
        first = (number - 1) * ARCHIVE_ROWS
        rows = last_of_each(log.rows_between(session, feed.id, first, first + ARCHIVE_ROWS))
        entries = self._entries_of(session, feed, rows)
        shown = {entry.view.uid for entry in entries}
        # What has gone by now, though not yet at its row, is gone here as well.
        gone = [row for row in rows if row.uid not in shown]
        return document(
            feed,
            entries,
            self._newsroom.config,
            tombstones=[Tombstone(row.uid, row.at) for row in gone],
            before=self._link(session, feed, number - 1),
            archive=number,
        )

    def _link(self, session: Session, feed: Feed, number: int) -> ArchiveLink | None:
        sha256 = log.archive_hash(session, feed.id, number) if number else None
        if sha256 is None:
            return None
        return ArchiveLink(archive_address(feed, number, self._newsroom.config), sha256)

    def _entries_of(self, session: Session, feed: Feed, rows: Sequence[FeedChange]) -> list[Entry]:
        ids = [row.article_id for row in rows if not row.gone]
        found = articles.by_ids(session, ids)
        members = feeds.members(session, feed.id, ids) if ids else set()
        present = [found[one] for one in ids if one in found and one in members]
        if not all(article.seal == seal(article.content) for article in present):
            raise WaitError
        full = self._newsroom.config.feeds.is_full(feed_path(feed.kind, feed.key))
        made = map(self._entry, present)
        return [entry if full else replace(entry, full=False) for entry in made]

    def _entries_in_parts(
        self, session: Session, feed: Feed, rows: Sequence[FeedChange]
    ) -> Iterator[Entry]:
        """The same, read only as far as they are asked for."""
        for start in range(0, len(rows), ARCHIVE_ROWS):
            yield from self._entries_of(session, feed, rows[start : start + ARCHIVE_ROWS])

    def _entry(self, article: Article) -> Entry:
        key = (article.id, article.seal or "", article.updated_position or 0)
        if key not in self._entries:
            seen = view(article, site=self._newsroom.config.site)
            html = as_html(self._newsroom.templates, seen)
            short = as_html(self._newsroom.templates, seen, "summary")
            self._entries[key] = Entry(seen, html, short, article.updated_position or 0)
        return self._entries[key]

    def _missing(self, folder: str, last: int) -> Iterable[int]:
        """The newest archive documents that have no file yet; older ones have had theirs."""
        number = last
        while number and not self.shelf.has(f"{folder}archive/{number}.xml"):
            yield number
            number -= 1

    def _put(self, name: str, data: bytes, packed: bytes | None = None) -> None:
        if self.shelf.put(name, data, packed, of=self._feed):
            self.written.append(name)


def _tombstones(rows: Iterable[FeedChange]) -> list[Tombstone]:
    return [Tombstone(row.uid, row.at) for row in rows if row.gone]
