"""The files below `feeds/` in the store, for every machine that serves them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, text, update
from sqlalchemy.orm import Session, undefer

from publisher.model import FeedFile

PART = 400
# Wakes up who writes folders; the table is the truth.
CHANNEL = "publisher_files"
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file's new content: its SHA-256, and its compressed forms.

    `brotli` is None for a file that has no compressed forms beside it.
    """

    path: str
    sha256: str
    gzip: bytes
    brotli: bytes | None


def hashes(session: Session, paths: Collection[str]) -> dict[str, str]:
    """The SHA-256 of the content that each of these files has, if it is there."""
    query = select(FeedFile.path, FeedFile.sha256).where(FeedFile.path.in_(paths))
    return {path: sha256 for path, sha256 in session.execute(query) if sha256 is not None}


def put(session: Session, files: Sequence[NewFile], now: datetime) -> None:
    """Give files their content; the same content changes nothing.

    No two contents of a file have the same time, whatever the machine's clock does.
    """
    position = last_position(session)
    for one in files:
        known = session.get(FeedFile, one.path)
        if known is None:
            known = FeedFile(path=one.path, modified=now)
            session.add(known)
        elif known.sha256 == one.sha256:
            continue
        else:
            known.modified = max(now, known.modified + TICK)
        position += 1
        known.position, known.sha256 = position, one.sha256
        known.gzip, known.brotli = one.gzip, one.brotli
        session.flush()
    _wake(session)


def take_away(session: Session, folder: str, names: Collection[str], *, archives: bool) -> None:
    """Let files of a folder have no content any more, and its archive documents neither."""
    position = last_position(session)
    start = f"{folder.rstrip('/')}/" if folder else ""
    gone: list[ColumnElement[bool]] = [FeedFile.path.in_([f"{start}{name}" for name in names])]
    if archives:
        gone.append(FeedFile.path.startswith(f"{start}archive/", autoescape=True))
    query = select(FeedFile.path).where(or_(*gone), FeedFile.sha256.is_not(None))
    for path in session.scalars(query).all():
        position += 1
        session.execute(
            update(FeedFile)
            .where(FeedFile.path == path)
            .values(position=position, sha256=None, gzip=None, brotli=None)
        )
    _wake(session)


def last_position(session: Session) -> int:
    """The position of the newest change; 0 where there are no files yet."""
    return session.scalar(select(func.max(FeedFile.position))) or 0


def changed(session: Session, after: int, limit: int) -> Sequence[FeedFile]:
    """Files that changed after that position, in order, without their contents."""
    query = select(FeedFile).where(FeedFile.position > after)
    return session.scalars(query.order_by(FeedFile.position).limit(limit)).all()


def content(session: Session, path: str) -> FeedFile | None:
    """A file as it stands, with its content."""
    query = select(FeedFile).where(FeedFile.path == path)
    query = query.options(undefer(FeedFile.gzip), undefer(FeedFile.brotli))
    return session.scalar(query.execution_options(populate_existing=True))


def _wake(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))
