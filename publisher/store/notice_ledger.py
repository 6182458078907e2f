"""The ledger of notices: a row for each mail that is no edition, as its sender works on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import false, func, select, true
from sqlalchemy.orm import Session

from publisher.model import DeliveryState, Notice, Subscriber, Subscription
from publisher.store.ledger import Ledger

# What a sender of notices says it is at.
WORK = "notices"


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


def is_work(session: Session, now: datetime) -> bool:
    """Whether there is anything to send, or that somebody is sending, who may have died."""
    wanted = (
        Notice.state.in_([DeliveryState.PENDING, DeliveryState.DEFERRED]) & (Notice.due <= now),
        Notice.state == DeliveryState.SENDING,
    )
    return any(session.scalar(select(Notice.id).where(one).limit(1)) is not None for one in wanted)


def ledger_of(owner: str) -> Ledger[DueNotice]:
    """The ledger of all notices for the sender of that name.

    Whether a notice may be sent depends on its kind, so that is seen where it is written.
    """
    row, reader = Notice.__table__.c, Subscriber.__table__.c
    place = select(Subscription.id).where(
        Subscription.subscriber_id == row.subscriber_id, Subscription.list_name == row.list
    )
    here = (Subscription.state, Subscription.language, Subscription.format)
    on_list = [place.with_only_columns(one).scalar_subquery() for one in here]
    return Ledger(
        Notice,
        owner=owner,
        work=WORK,
        scope=true(),
        going=true(),
        barred=false(),
        columns=(
            row.kind, row.list, row.key, row.details, row.due, row.attempts,
            reader.id, reader.email, reader.name, reader.handle, reader.state, *on_list,
        ),
        make=_due,
    )  # fmt: skip


def _due(
    number: int, kind: str, name: str, key: str, details: Any, due: Any, *more: Any
) -> DueNotice:
    """A row as the database gives it: SQLite knows neither JSON nor moments."""
    if isinstance(details, str):
        details = json.loads(details)
    if isinstance(due, str):
        due = datetime.fromisoformat(due)
    due = due.replace(tzinfo=UTC) if due.tzinfo is None else due.astimezone(UTC)
    return DueNotice(number, kind, name, key, details, due, *more)


def count_by_state(session: Session) -> dict[str, int]:
    """How many notices are in each state."""
    query = select(Notice.state, func.count()).group_by(Notice.state)
    return {row[0]: row[1] for row in session.execute(query)}
