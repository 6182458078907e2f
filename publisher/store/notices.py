"""Mails that are no editions: written down in the transaction of what they tell about.

A ledger like that of editions (`publisher.store.deliveries`): one row for each mail, "sending"
before it may leave, the outcome after the answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.orm import Session

from publisher.model import (
    DeliveryState,
    Edition,
    EditionState,
    Notice,
    NoticeKind,
    Subscriber,
    Subscription,
)

PART = 5000


@dataclass(frozen=True, slots=True)
class DueNotice:
    """One notice to be sent: what it says, to whom, and where that reader stands now.

    `subscription_state` is None for somebody who is no longer on the list at all.
    """

    id: int
    kind: str
    list_name: str
    key: str
    details: dict[str, Any]
    due: datetime
    attempts: int
    subscriber_id: int
    email: str
    name: str
    handle: int
    address_state: str
    subscription_state: str | None
    language: str | None
    format: str | None


@dataclass(frozen=True, slots=True)
class NoticeOutcome:
    """What became of a notice; `due` is when it is tried again, if it is."""

    notice_id: int
    state: DeliveryState
    reply: str
    due: datetime | None = None


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


def is_work(session: Session, now: datetime, lease: datetime) -> bool:
    """Whether there is anything to send, or to doubt (see `doubt`)."""
    wanted = (
        (DeliveryState.PENDING, Notice.due <= now),
        (DeliveryState.DEFERRED, Notice.due <= now),
        (DeliveryState.SENDING, Notice.changed < lease),
    )
    queries = [select(Notice.id).where(Notice.state == state, when) for state, when in wanted]
    return any(session.scalar(query.limit(1)) is not None for query in queries)


def claim(session: Session, limit: int, now: datetime) -> Sequence[DueNotice]:
    """Take the next notices that are due, those put off before included, and mark them as being
    sent."""
    due: list[DueNotice] = []
    for state in (DeliveryState.PENDING, DeliveryState.DEFERRED):  # each in the order of one index
        query = _due.where(Notice.state == state, Notice.due <= now).limit(limit - len(due))
        due += [DueNotice(*row) for row in session.execute(query)]
    _mark(session, [one.id for one in due], DeliveryState.SENDING, now)
    return due


_due = (
    select(
        Notice.id, Notice.kind, Notice.list_name, Notice.key, Notice.details, Notice.due,
        Notice.attempts, Subscriber.id, Subscriber.email, Subscriber.name, Subscriber.handle,
        Subscriber.state, Subscription.state, Subscription.language, Subscription.format,
    )
    .join(Subscriber, Subscriber.id == Notice.subscriber_id)
    .outerjoin(
        Subscription,
        and_(
            Subscription.subscriber_id == Notice.subscriber_id,
            Subscription.list_name == Notice.list_name,
        ),
    )
    .order_by(Notice.due, Notice.id)
)  # fmt: skip


def record(session: Session, outcomes: Iterable[NoticeOutcome], now: datetime) -> None:
    """Write down what became of the notices that were being sent."""
    for one in outcomes:
        values: dict[str, Any] = {"state": one.state, "reply": one.reply, "changed": now}
        if one.due is not None:
            values["due"] = one.due
        if one.state is DeliveryState.DEFERRED:
            values["attempts"] = Notice.attempts + 1
        session.execute(update(Notice).where(Notice.id == one.notice_id).values(values))


def doubt(session: Session, since: datetime, now: datetime) -> int:
    """After a crash, what has been "sending" since before `since` may have arrived or not.

    It is held as uncertain; how many that were.
    """
    query = select(Notice.id).where(Notice.state == DeliveryState.SENDING, Notice.changed < since)
    ids = list(session.scalars(query))
    _mark(session, ids, DeliveryState.UNCERTAIN, now)
    return len(ids)


def count_by_state(session: Session) -> dict[str, int]:
    """How many notices are in each state."""
    query = select(Notice.state, func.count()).group_by(Notice.state)
    return {row[0]: row[1] for row in session.execute(query)}


def latest_edition(session: Session, list_name: str) -> date | None:
    """The local date of the list's latest edition that was sent to the end."""
    return session.scalar(
        select(func.max(Edition.local_date)).where(
            Edition.list_name == list_name, Edition.state == EditionState.SENT
        )
    )


def _mark(session: Session, ids: Collection[int], state: DeliveryState, now: datetime) -> None:
    if ids:
        session.execute(update(Notice).where(Notice.id.in_(ids)).values(state=state, changed=now))
