"""Reports of imports; and files of people that were sent to the desk: looked at, then taken in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from publisher.config import MailingList
from publisher.errors import RejectedError, UsageError
from publisher.model import ImportReport, Upload
from publisher.newsletter.subscriptions import Row
from publisher.pipeline.joining import Joined, Origin
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.reading import import_people, open_people
from publisher.store import desk_subscribers

# A file that nobody has decided about for so long is forgotten: it holds addresses.
KEPT = timedelta(days=1)
SHOWN = 30


@dataclass
class Outcome:
    """What became of a file of people, or would become of it."""

    encoding: str = ""
    unused: tuple[str, ...] = ()
    counts: Counter[str] = field(default_factory=Counter)
    rejects: list[RejectedError] = field(default_factory=list)
    examples: list[tuple[Row, str]] = field(default_factory=list)


def note(
    newsroom: Newsroom,
    kind: str,
    origin: str,
    counts: Mapping[str, int],
    now: datetime,
    by: str = "",
) -> None:
    """Keep what became of an import: of "articles" or of "people"."""
    report = ImportReport(at=now, kind=kind, origin=origin, by=by, counts=dict(counts))
    with newsroom.store.write() as session:
        desk_subscribers.note_import(session, report)


def keep(newsroom: Newsroom, upload: Upload) -> int:
    """Keep a file until it is decided about; its number."""
    with newsroom.store.write() as session:
        return desk_subscribers.keep_upload(session, upload)


def forget_undecided(newsroom: Newsroom, now: datetime) -> None:
    """Forget the files that nobody has decided about in time."""
    with newsroom.store.read() as session:
        if not desk_subscribers.has_uploads(session, now - KEPT):
            return
    with newsroom.store.write() as session:
        desk_subscribers.forget_uploads(session, now - KEPT)


def look(newsroom: Newsroom, one: MailingList, upload: Upload, now: datetime) -> Outcome:
    """What would become of a file. Writes nothing. Raises UsageError."""
    return _done(newsroom, one, upload, now, dry=True)


def take_in(
    newsroom: Newsroom, one: MailingList, upload: Upload, by: str, now: datetime
) -> Outcome:
    """Put everybody in a file on its list, and keep the report. Raises UsageError."""
    outcome = _done(newsroom, one, upload, now, dry=False)
    note(newsroom, "people", upload.name, outcome.counts, now, by)
    with newsroom.store.write() as session:
        desk_subscribers.forget_upload(session, upload.id)
    return outcome


def _done(
    newsroom: Newsroom, one: MailingList, upload: Upload, now: datetime, *, dry: bool
) -> Outcome:
    outcome = Outcome()
    language = newsroom.config.language_of(one)
    with _as_file(upload) as path:
        people = open_people(path, None, language)
        origin = Origin(upload.name, upload.consent)
        try:
            for part in import_people(newsroom, one, people, origin, now, dry=dry):
                _count(outcome, part)
        except RejectedError as error:
            raise UsageError(f"{upload.name}:{error.line}: {error.reason}") from error
        outcome.encoding = people.encoding.shown
        outcome.unused = people.header.unused if people.header else ()
    return outcome


def _count(outcome: Outcome, part: list[RejectedError | tuple[Row, Joined]]) -> None:
    for one in part:
        if isinstance(one, RejectedError):
            outcome.counts["rejected"] += 1
            if len(outcome.rejects) < SHOWN:
                outcome.rejects.append(one)
            continue
        row, joined = one
        outcome.counts[joined.value] += 1
        if len(outcome.examples) < SHOWN:
            outcome.examples.append((row, joined.value))


@contextmanager
def _as_file(upload: Upload) -> Iterator[Path]:
    """The file on a disk, where it is read as a stream like any other."""
    with TemporaryDirectory(prefix="publisher-") as folder:
        path = Path(folder) / "people.csv"
        path.write_bytes(upload.data)
        yield path
