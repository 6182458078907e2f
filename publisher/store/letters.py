"""Deliveries as people look for them: those of an edition in a state, or those of one reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from publisher.model import Delivery, DeliveryState, Edition, Subscriber

# One reader's deliveries are looked for in so many of the latest editions.
EDITIONS = 60


class Line(NamedTuple):
    """A row of the ledger, with who it is for and which edition it is of."""

    id: int
    email: str
    list_name: str
    day: object
    state: str
    reply: str
    attempts: int
    due: datetime
    changed: datetime


_columns = (
    Delivery.id, Subscriber.email, Edition.list_name, Edition.local_date, Delivery.state,
    Delivery.reply, Delivery.attempts, Delivery.due, Delivery.changed,
)  # fmt: skip


def in_state(
    session: Session,
    edition_id: int,
    state: DeliveryState,
    behind: tuple[datetime, int] | None,
    limit: int,
) -> Sequence[Line]:
    """The next letters of an edition in a state, in the order in which they are due."""
    query = (
        select(*_columns)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .join(Edition, Edition.id == Delivery.edition_id)
        .where(Delivery.edition_id == edition_id, Delivery.state == state)
        .order_by(Delivery.due, Delivery.id)
        .limit(limit)
    )
    if behind is not None:
        query = query.where(tuple_(Delivery.due, Delivery.id) > behind)
    return [Line(*row) for row in session.execute(query)]


def of_reader(session: Session, subscriber_id: int) -> Sequence[Line]:
    """What became of the latest editions for one reader, newest first."""
    latest = select(Edition.id).order_by(Edition.local_date.desc()).limit(EDITIONS)
    ids = session.scalars(latest).all()
    query = (
        select(*_columns)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .join(Edition, Edition.id == Delivery.edition_id)
        .where(Delivery.edition_id.in_(ids), Delivery.subscriber_id == subscriber_id)
        .order_by(Edition.local_date.desc())
    )
    return [Line(*row) for row in session.execute(query)]
