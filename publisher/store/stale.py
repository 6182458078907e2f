"""The stale set: which articles changed, left by triggers in the transaction of the change."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import delete, func, insert, literal, select
from sqlalchemy.orm import Session

from publisher.model import Article, StaleArticle, UtcDateTime
from publisher.store.engine import Store, explained

POLL_SECONDS = 0.1
CHANNEL = "publisher_stale"


@dataclass(frozen=True)
class Note:
    """One row of the stale set."""

    id: int
    article_id: int


def take(session: Session, now: datetime, limit: int) -> list[Note]:
    """The oldest notes that are due. They stay until `done`: only what was taken is removed."""
    query = (
        select(StaleArticle.id, StaleArticle.article_id)
        .where(StaleArticle.due <= now)
        .order_by(StaleArticle.due, StaleArticle.id)
        .limit(limit)
    )
    return [Note(*row) for row in session.execute(query)]


def done(session: Session, notes: Iterable[Note]) -> None:
    """Remove the notes that have been dealt with, in the transaction that dealt with them."""
    session.execute(delete(StaleArticle).where(StaleArticle.id.in_([note.id for note in notes])))


def remind(session: Session, moments: dict[int, datetime]) -> None:
    """Ask for articles to be looked at again at these moments (article id → moment).

    An earlier reminder for the same moment stays alone, so looking often leaves no heap.
    """
    if not moments:
        return
    query = select(StaleArticle.article_id, StaleArticle.due).where(
        StaleArticle.article_id.in_(moments)
    )
    noted = {(article_id, due) for article_id, due in session.execute(query)}
    new = [
        {"article_id": article_id, "due": due}
        for article_id, due in moments.items()
        if (article_id, due) not in noted
    ]
    if new:
        session.execute(insert(StaleArticle), new)


def mark_all(session: Session, due: datetime) -> None:
    """Note every article as stale."""
    rows = select(Article.id, literal(due, UtcDateTime()))
    session.execute(insert(StaleArticle).from_select(["article_id", "due"], rows))


def next_due(session: Session) -> datetime | None:
    """When the next note falls due, if there is one."""
    return session.scalar(select(func.min(StaleArticle.due)))


def count(session: Session) -> int:
    """How many notes there are, due or not."""
    return session.scalar(select(func.count()).select_from(StaleArticle)) or 0


def count_due(session: Session, now: datetime) -> int:
    """How many notes wait to be dealt with now."""
    due = select(func.count()).select_from(StaleArticle).where(StaleArticle.due <= now)
    return session.scalar(due) or 0


class Watcher:
    """Notices that somebody, in this process or another, has committed a change.

    It only wakes up: the table is the truth. SQLite's data_version and PostgreSQL's LISTEN
    both cost next to nothing while nothing happens.
    """

    def __init__(self, store: Store, channel: str = CHANNEL) -> None:
        self._store = store
        with explained(store.engine.url):
            self._connection = store.engine.raw_connection()
            self._driver = cast(Any, self._connection.driver_connection)
            if store.is_sqlite:
                self._seen = self._data_version()
            else:
                self._driver.autocommit = True
                self._driver.execute(f"LISTEN {channel}")

    def wait(self, seconds: float) -> bool:
        """Wait for a change, `seconds` at most; whether there was one. Raises StoreError."""
        with explained(self._store.engine.url):
            return self._poll(seconds) if self._store.is_sqlite else self._listen(seconds)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.invalidate()

    def _data_version(self) -> int:
        return int(self._driver.execute("PRAGMA data_version").fetchone()[0])

    def _poll(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while True:
            version = self._data_version()
            if version != self._seen:
                self._seen = version
                return True
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(POLL_SECONDS, left))

    def _listen(self, seconds: float) -> bool:
        notifies = self._driver.notifies(timeout=seconds, stop_after=1)
        return any(True for _ in notifies)
