"""Rebuilds what the published files say, from the files alone, and compares it with the store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from publisher.model import Feed
from publisher.pipeline.build import Builder, WaitError
from publisher.pipeline.newsroom import Newsroom
from publisher.render.view import view
from publisher.store import articles, feeds, log
from publisher.store.engine import Session
from publisher.syndication.document import Entry
from publisher.syndication.publish import formats
from publisher.syndication.read_back import ReadDocument, ReadEntry, read_back, state_after
from publisher.syndication.selection import feed_path


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that does not say what the store says, and what is wrong with it."""

    file: str
    reason: str


def verify(newsroom: Newsroom) -> Iterator[list[Problem]]:
    """The problems of one published feed after the other; an empty list for a feed that is well."""
    with newsroom.store.read() as session:
        for feed in feeds.published(session, newsroom.config.feeds.kinds):
            yield _Check(newsroom, session, feed).run()


def verify_live(newsroom: Newsroom, most: int) -> Iterator[list[Problem]]:
    """The same for the live documents alone, of the feed of everything and of some others.

    A feed that is out of date, or about to be, is passed over.
    """
    kinds = newsroom.config.feeds.kinds
    with newsroom.store.read() as session:
        for feed in feeds.first(session, kinds, most):
            if feed.built >= feed.version:
                yield _Check(newsroom, session, feed).live()


class _Check:
    """Looks at all documents of one feed."""

    def __init__(self, newsroom: Newsroom, session: Session, feed: Feed) -> None:
        self._newsroom, self._session, self._feed = newsroom, session, feed
        self._root = newsroom.config.path(newsroom.config.feeds.folder)
        self._folder = feed_path(feed.kind, feed.key)
        self._problems: list[Problem] = []

    def run(self) -> list[Problem]:
        if self._feed.built < self._feed.version:
            self._note("", "it is out of date; `publisher feeds build` writes it")
            return self._problems
        documents = self._archives()
        live = self._live()
        if not self._problems and live is not None:
            self._compare(state_after([*documents, live]))
        return self._problems

    def live(self) -> list[Problem]:
        self._live(waits=True)
        return self._problems

    def _archives(self) -> list[ReadDocument]:
        read, previous = [], None
        for kept in log.all_archives(self._session, self._feed.id):
            name = f"archive/{kept.number}.xml"
            data = self._data(name)
            if data is None:
                continue
            sha256 = hashlib.sha256(data).hexdigest()
            if sha256 != kept.sha256:
                self._note(name, "its bytes are not those that were published")
                continue
            document = read_back(data)
            if document.previous_sha256 != previous:
                self._note(name, "it does not name the document before it")
            read.append(document)
            previous = sha256
        return read

    def _live(self, *, waits: bool = False) -> ReadDocument | None:
        try:
            wanted = formats(Builder(self._newsroom).live(self._session, self._feed))
        except WaitError:
            if waits:
                return None
            self._note("", "an article in it has just been changed; build, and verify again")
            return None
        for name, data in wanted.items():
            found = self._data(name)
            if found is not None and found != data:
                self._note(name, "its bytes are not what the store says")
        atom = wanted.get("atom.xml")
        return read_back(atom) if atom else None

    def _compare(self, state: dict[str, ReadEntry]) -> None:
        ids = feeds.newest(self._session, self._feed.id, self._feed.length + 1)
        stored = dict(self._stored(ids))
        for uid in sorted(stored.keys() - state.keys()):
            self._note("", f"{uid} ({stored[uid].title}) is in the store and in no document")
        for uid in sorted(state.keys() - stored.keys()):
            self._note("", f"{uid} ({state[uid].title}) is in a document and not in the store")
        for uid in sorted(state.keys() & stored.keys()):
            if state[uid] != stored[uid]:
                self._note("", f"{uid}: {state[uid]} in the documents, {stored[uid]} in the store")

    def _stored(self, ids: list[int]) -> Iterator[tuple[str, ReadEntry]]:
        site = self._newsroom.config.site
        for start in range(0, len(ids), 500):
            for article in articles.by_ids(self._session, ids[start : start + 500]).values():
                entry = Entry(view(article, site=site), position=article.updated_position or 0)
                yield (
                    entry.view.uid,
                    ReadEntry(
                        entry.view.title,
                        entry.view.published.isoformat(),
                        entry.updated.isoformat(),
                    ),
                )

    def _data(self, name: str) -> bytes | None:
        try:
            return (self._root / self._folder / name).read_bytes()
        except OSError as error:
            self._note(name, f"it cannot be read: {error.strerror}")
            return None

    def _note(self, name: str, reason: str) -> None:
        self._problems.append(Problem(str(Path(self._root / self._folder / name)), reason))
