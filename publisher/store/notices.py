"""Mails that are no editions: written down in the transaction of what they tell about.

Each is a row of a ledger, from which it is sent (`publisher.store.notice_ledger`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from publisher.model import (
    Edition,
    EditionState,
    Notice,
    NoticeKind,
)

PART = 5000


def queue(
    session: Session,
    kind: NoticeKind,
    list_name: str,
    subscriber_ids: Collection[int],
    now: datetime,
    *,
    key: str = "",
    details: dict[str, Any] | None = None,
) -> int:
    """Write a notice for each of these subscribers who has none of that kind and key yet.

    How many were written. They leave with the next tick of the clock.
    """
    ids = sorted(subscriber_ids)
    known: set[int] = set()
    for start in range(0, len(ids), PART):
        query = select(Notice.subscriber_id).where(
            Notice.kind == kind,
            Notice.list_name == list_name,
            Notice.key == key,
            Notice.subscriber_id.in_(ids[start : start + PART]),
        )
        known.update(session.scalars(query))
    rows = [
        {
            "kind": kind, "list_name": list_name, "subscriber_id": one, "key": key,
            "details": details or {}, "due": now, "changed": now,
        }
        for one in ids
        if one not in known
    ]  # fmt: skip
    if rows:
        session.execute(insert(Notice), rows)
    return len(rows)


def last_due(
    session: Session, kind: NoticeKind, list_name: str, subscriber_id: int
) -> datetime | None:
    """When a subscriber last was to get a notice of that kind."""
    query = select(func.max(Notice.due)).where(
        Notice.kind == kind,
        Notice.subscriber_id == subscriber_id,
        Notice.list_name == list_name,
    )
    return session.scalar(query)


def latest_edition(session: Session, list_name: str) -> date | None:
    """The local date of the list's latest edition that was sent to the end."""
    return session.scalar(
        select(func.max(Edition.local_date)).where(
            Edition.list_name == list_name, Edition.state == EditionState.SENT
        )
    )
