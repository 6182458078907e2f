"""A file of people, from its bytes to wishes: opened in its encoding, read as a stream."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from publisher.config import MailingList
from publisher.errors import RejectedError, UsageError
from publisher.newsletter.encodings import Encoding, UnclearEncodingError, encoding_of
from publisher.newsletter.subscriptions import Header, Row, read_csv
from publisher.pipeline.joining import Joined, Origin, join, known_categories
from publisher.pipeline.newsroom import Newsroom
from publisher.store.seen import Seen

BATCH = 1000


@dataclass
class PeopleFile:
    """A CSV file of people. `rows` reads it as a stream; `read` counts its bytes on the way."""

    path: Path
    encoding: Encoding
    size: int
    header: Header | None = None
    _file: BinaryIO | None = field(default=None, repr=False)

    @property
    def read(self) -> int:
        """How many of its bytes have been read."""
        return self._file.tell() if self._file and not self._file.closed else self.size

    def rows(self, newsroom: Newsroom, one: MailingList) -> Iterator[Row | RejectedError]:
        """Every row as a wish for the list, or as a reject with its line; an address that stands
        twice is a reject the second time. Raises RejectedError where the header is unusable."""
        known = known_categories(newsroom, one)
        with self.path.open("rb") as self._file, Seen() as seen:
            lines = self._lines(self._file)
            for row in read_csv(lines, str(self.path), known, self._take_header):
                if isinstance(row, Row):
                    first = seen.first_line(row.wish.email, row.line)
                    if first != row.line:
                        reason = f"{row.wish.email} stands in line {first} already"
                        yield RejectedError(str(self.path), row.line, reason)
                        continue
                yield row

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        # What cannot be decoded comes through as U+FFFD, and is rejected with its line.
        return TextIOWrapper(file, self.encoding.name, errors="replace", newline="")

    def _take_header(self, header: Header) -> None:
        self.header = header


def import_people(
    newsroom: Newsroom,
    one: MailingList,
    people: PeopleFile,
    origin: Origin,
    now: datetime,
    *,
    dry: bool = False,
) -> Iterator[list[RejectedError | tuple[Row, Joined]]]:
    """Put everybody in a file on a list, batch by batch: what became of each row.

    With `dry` nothing is written. Raises RejectedError where the file as a whole cannot be used.
    """
    rows = people.rows(newsroom, one)
    while part := list(islice(rows, BATCH)):
        wishes = [row.wish for row in part if isinstance(row, Row)]
        with newsroom.store.read() if dry else newsroom.store.write() as session:
            outcomes = iter(join(session, one.name, wishes, origin, now, dry=dry))
        yield [(row, next(outcomes)) if isinstance(row, Row) else row for row in part]


def open_people(path: Path, encoding: str | None, language: str) -> PeopleFile:
    """A file of people in that encoding, or in the one that can be told from its bytes, where its
    names are likely in `language`. Raises UsageError."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            found = _named(encoding) if encoding else encoding_of(file, language)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnclearEncodingError as error:
        raise UsageError(f"{path}: {error}; say which with --encoding") from error
    return PeopleFile(path, found, size)


def _named(encoding: str) -> Encoding:
    try:
        "email".encode(encoding)  # which tells text encodings from base64 and its like
        name = codecs.lookup(encoding).name
    except LookupError:
        raise UsageError(f"there is no encoding {encoding!r}; try utf-8 or windows-1252") from None
    return Encoding("utf-8-sig" if name == "utf-8" else name)
