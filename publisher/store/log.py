"""The change log and the logs of feeds: appended by the sequencer, read by everything published."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from publisher.model import Archive, Change, ChangeKind, Feed, FeedChange
from publisher.store.feeds import Moves

# More rows than any live document can hold.
READ_ROWS = 1000


@dataclass(frozen=True, slots=True)
class NewChange:
    """A change that is about to be written into the log."""

    article_id: int
    uid: str
    revision: int
    kind: ChangeKind
    state: str | None


def latest(session: Session, article_ids: Collection[int]) -> dict[int, Change]:
    """The last change of each of these articles."""
    newest = (
        select(func.max(Change.position))
        .where(Change.article_id.in_(article_ids))
        .group_by(Change.article_id)
    )
    found = session.scalars(select(Change).where(Change.position.in_(newest)))
    return {change.article_id: change for change in found}


def last(session: Session) -> tuple[int, datetime] | None:
    """The position of the last change, and when it was written."""
    query = select(Change.position, Change.at).order_by(Change.position.desc()).limit(1)
    row = session.execute(query).first()
    return (row[0], row[1]) if row else None


def after(session: Session, position: int, limit: int) -> Sequence[Change]:
    """The next changes after that position, oldest first."""
    query = select(Change).where(Change.position > position).order_by(Change.position)
    return session.scalars(query.limit(limit)).all()


def last_moment(session: Session) -> datetime | None:
    """When the last change was written."""
    return session.scalar(select(Change.at).order_by(Change.position.desc()).limit(1))


def last_position(session: Session) -> int:
    """The place of the last change, 0 before the first one."""
    return session.scalar(select(func.max(Change.position))) or 0


def append(
    session: Session, changes: Sequence[NewChange], moves: Mapping[int, Moves], now: datetime
) -> dict[int, int]:
    """Write changes into the log and into the log of every feed concerned, in this order.

    Must run in a writing transaction, of which there is one at a time: so there are no gaps.
    The position of each article's change is returned.
    """
    if not changes:
        return {}
    first = last_position(session) + 1
    positions = {change.article_id: first + n for n, change in enumerate(changes)}
    session.execute(
        insert(Change),
        [
            {
                "position": positions[c.article_id], "article_id": c.article_id, "uid": c.uid,
                "revision": c.revision, "kind": c.kind, "state": c.state, "at": now,
            }
            for c in changes
        ],
    )  # fmt: skip
    _append_to_feeds(session, changes, positions, moves, now)
    return positions


def _append_to_feeds(
    session: Session,
    changes: Sequence[NewChange],
    positions: Mapping[int, int],
    moves: Mapping[int, Moves],
    now: datetime,
) -> None:
    concerned = {feed for change in changes for feed in moves[change.article_id].concerned}
    query = select(Feed.id, Feed.length).where(Feed.id.in_(concerned))
    lengths = {row[0]: row[1] for row in session.execute(query)}
    rows = []
    for change in changes:
        move = moves[change.article_id]
        for feed_id in sorted(move.concerned):
            rows.append(
                {
                    "feed_id": feed_id, "position": lengths[feed_id],
                    "change": positions[change.article_id], "article_id": change.article_id,
                    "uid": change.uid, "gone": feed_id not in move.after, "at": now,
                }
            )  # fmt: skip
            lengths[feed_id] += 1
    if rows:
        session.execute(insert(FeedChange), rows)
        session.execute(update(Feed), [{"id": f, "length": n} for f, n in lengths.items()])


def newest_rows(session: Session, feed_id: int, limit: int = READ_ROWS) -> Sequence[FeedChange]:
    """The last rows of a feed's log, newest first."""
    query = select(FeedChange).where(FeedChange.feed_id == feed_id)
    return session.scalars(query.order_by(FeedChange.position.desc()).limit(limit)).all()


def rows_between(session: Session, feed_id: int, first: int, end: int) -> Sequence[FeedChange]:
    """The rows of a feed's log from position `first` up to, not including, `end`."""
    query = select(FeedChange).where(
        FeedChange.feed_id == feed_id, FeedChange.position >= first, FeedChange.position < end
    )
    return session.scalars(query.order_by(FeedChange.position)).all()


def archives(session: Session, feed_id: int) -> int:
    """How many archive documents of the feed have been published."""
    return session.scalar(select(func.max(Archive.number)).where(Archive.feed_id == feed_id)) or 0


def archive(session: Session, feed_id: int, number: int) -> Archive | None:
    """One archive document."""
    return session.get(Archive, (feed_id, number))


def archive_hash(session: Session, feed_id: int, number: int) -> str | None:
    """The SHA-256 of an archive document, without reading it."""
    query = select(Archive.sha256).where(Archive.feed_id == feed_id, Archive.number == number)
    return session.scalar(query)


def keep_archive(session: Session, feed_id: int, number: int, sha256: str, data: bytes) -> None:
    """Keep an archive document for ever; one that is there already stays as it is."""
    if archive_hash(session, feed_id, number) is None:
        session.add(Archive(feed_id=feed_id, number=number, sha256=sha256, data=data))


def all_archives(session: Session, feed_id: int) -> Iterable[Archive]:
    """Every archive document of a feed, oldest first."""
    query = select(Archive).where(Archive.feed_id == feed_id).order_by(Archive.number)
    return session.scalars(query)
