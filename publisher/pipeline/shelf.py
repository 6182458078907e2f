"""Where the files of feeds are put: the folder `feeds/`, or the store for every machine's folder.

In the store each file is kept compressed, as it goes out, with the time of its content. So it is
built once, and every machine that serves it has the same bytes under the same validators, whatever
its own clock and libraries are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from publisher.errors import PublishError
from publisher.pipeline.newsroom import Newsroom
from publisher.store import feed_files
from publisher.store.engine import Session
from publisher.store.feed_files import NewFile
from publisher.syndication.publish import (
    compressed,
    place,
    publish,
    unpacked,
    withdraw,
    write_if_changed,
)

# So many bytes are held in memory before they must go into the store.
MOST_HELD = 20_000_000
PART = 100


class Shelf(Protocol):
    """Where files are put, by their paths below `feeds/`."""

    def put(
        self, path: str, data: bytes, packed: bytes | None = None, *, of: int | None = None
    ) -> bool:
        """Put a file there, of the feed `of`; whether it is another than before.

        `packed` is its gzip form, if there is one already. Raises PublishError.
        """

    def put_hidden(self, path: str, data: bytes) -> None:
        """Put a file there that is for servers, not for readers."""

    def has(self, path: str) -> bool:
        """Whether there is such a file."""

    def take_away(self, folder: str, names: Collection[str], *, archives: bool = False) -> None:
        """Remove files of a folder that are there."""

    @property
    def must_settle(self) -> bool:
        """Whether so much is held that it has to be settled."""

    @property
    def holds(self) -> bool:
        """Whether anything is to be settled."""

    def settle(self, session: Session, overtaken: Collection[int]) -> None:
        """In this transaction what was put is there, but for feeds that others have overtaken."""


def shelf_of(newsroom: Newsroom) -> Shelf:
    """The shelf that the config asks for."""
    return StoreShelf(newsroom) if is_shared(newsroom) else FolderShelf(folder_of(newsroom))


def is_shared(newsroom: Newsroom) -> bool:
    """Whether machines have their files from the store."""
    return newsroom.config.cluster.feeds == "store"


def folder_of(newsroom: Newsroom) -> Path:
    """The folder that readers are served from."""
    return newsroom.config.path(newsroom.config.feeds.folder)


@dataclass(frozen=True, slots=True)
class FolderShelf:
    """The folder itself; all is there at once. See `Shelf`."""

    root: Path
    must_settle = False
    holds = False

    def put(
        self, path: str, data: bytes, packed: bytes | None = None, *, of: int | None = None
    ) -> bool:
        """See `Shelf.put`."""
        return publish(self.root / path, data, packed)

    def put_hidden(self, path: str, data: bytes) -> None:
        """See `Shelf.put_hidden`."""
        write_if_changed(self.root / path, data)

    def has(self, path: str) -> bool:
        """See `Shelf.has`."""
        return (self.root / path).exists()

    def take_away(self, folder: str, names: Collection[str], *, archives: bool = False) -> None:
        """See `Shelf.take_away`."""
        withdraw(self.root, folder, names, archives=archives)

    def settle(self, session: Session, overtaken: Collection[int]) -> None:
        """See `Shelf.settle`."""


@dataclass(slots=True)
class StoreShelf:
    """Rows of the store, from which every machine's folder is written. See `Shelf`."""

    newsroom: Newsroom
    _held: dict[str, tuple[int | None, NewFile]] = field(default_factory=dict)
    _size: int = 0

    def put(
        self, path: str, data: bytes, packed: bytes | None = None, *, of: int | None = None
    ) -> bool:
        """See `Shelf.put`."""
        sha256 = hashlib.sha256(data).hexdigest()
        if self._known(path) == sha256:
            return False
        made = NewFile(path, sha256, packed or compressed(data, "gzip"), compressed(data, "br"))
        self._hold(made, of)
        return True

    def put_hidden(self, path: str, data: bytes) -> None:
        """See `Shelf.put_hidden`."""
        sha256 = hashlib.sha256(data).hexdigest()
        if self._known(path) != sha256:
            self._hold(NewFile(path, sha256, compressed(data, "gzip"), None), None)

    def has(self, path: str) -> bool:
        """See `Shelf.has`."""
        return self._known(path) is not None

    def take_away(self, folder: str, names: Collection[str], *, archives: bool = False) -> None:
        """See `Shelf.take_away`."""
        with self.newsroom.store.write() as session:
            feed_files.take_away(session, folder, names, archives=archives)

    @property
    def must_settle(self) -> bool:
        """See `Shelf.must_settle`."""
        return self._size > MOST_HELD

    @property
    def holds(self) -> bool:
        """See `Shelf.holds`."""
        return bool(self._held)

    def settle(self, session: Session, overtaken: Collection[int]) -> None:
        """See `Shelf.settle`."""
        files = [one for feed, one in self._held.values() if feed not in overtaken]
        feed_files.put(session, files, datetime.now(UTC))
        self._held.clear()
        self._size = 0

    def _known(self, path: str) -> str | None:
        with self.newsroom.store.read() as session:
            return feed_files.hashes(session, [path]).get(path)

    def _hold(self, made: NewFile, feed: int | None) -> None:
        self._held[made.path] = feed, made
        self._size += len(made.gzip) + len(made.brotli or b"")


def mirror(newsroom: Newsroom, after: int = 0) -> int:
    """Write into this machine's folder what changed in the store after that position; where it is
    now. Raises PublishError, StoreError."""
    root = folder_of(newsroom)
    while True:
        with newsroom.store.read() as session:
            rows = feed_files.changed(session, after, PART)
            for row in rows:
                if row.sha256 is None:
                    folder, _, name = row.path.rpartition("/")
                    withdraw(root, f"{folder}/" if folder else "", [name])
                elif not _stands(root / row.path, row.modified):
                    _write(session, root, row.path)
                after = row.position
        if len(rows) < PART:
            return after


def _stands(file: Path, modified: datetime) -> bool:
    """Whether the file has that content already: no two have had the same time."""
    try:
        return file.stat().st_mtime_ns == nanoseconds(modified)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise PublishError(f"{file} cannot be looked at: {error.strerror}") from error


def _write(session: Session, root: Path, path: str) -> None:
    found = feed_files.content(session, path)
    if found is None or found.gzip is None:
        return  # it has been taken away since, and comes again
    data, _ = unpacked(found.gzip)
    forms = {"br": found.brotli, "gzip": found.gzip} if found.brotli else {}
    place(root / path, data, forms, nanoseconds(found.modified))


def nanoseconds(moment: datetime) -> int:
    """Nanoseconds since 1970, as files have their times; exact."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000
