"""The ledger: one row for each edition and subscriber, written before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from publisher.model import Delivery, DeliveryState, Edition, Subscriber


@dataclass(frozen=True, slots=True)
class Due:
    """One delivery to be made: to whom, and which variant. `handle` stands for the subscriber in
    links."""

    id: int
    variant: str
    subscriber_id: int
    email: str
    name: str
    handle: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery, with the words of whoever took or refused it."""

    delivery_id: int
    state: DeliveryState
    reply: str


def prepare(
    session: Session, edition_id: int, readers: Iterable[tuple[int, str]], now: datetime
) -> int:
    """Write a row for each (subscriber id, variant) that has none yet; how many were written."""
    query = select(Delivery.subscriber_id).where(Delivery.edition_id == edition_id)
    known = set(session.scalars(query))
    rows = [
        {
            "edition_id": edition_id,
            "subscriber_id": who,
            "variant": variant,
            "due": now,
            "changed": now,
        }
        for who, variant in readers
        if who not in known
    ]
    if rows:
        session.execute(insert(Delivery), rows)
    return len(rows)


def claim(session: Session, edition_id: int, limit: int, now: datetime) -> Sequence[Due]:
    """Take the next pending rows that are due, and mark them as being sent."""
    query = (
        select(
            Delivery.id, Delivery.variant, Subscriber.id, Subscriber.email, Subscriber.name,
            Subscriber.handle,
        )
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(
            Delivery.edition_id == edition_id,
            Delivery.state == DeliveryState.PENDING,
            Delivery.due <= now,
        )
        .order_by(Delivery.id)
        .limit(limit)
    )  # fmt: skip
    due = [Due(*row) for row in session.execute(query)]
    _mark(session, [one.id for one in due], DeliveryState.SENDING, now)
    return due


def record(session: Session, outcomes: Iterable[Outcome], now: datetime) -> None:
    """Write down what became of the deliveries that were being sent."""
    for outcome in outcomes:
        session.execute(
            update(Delivery)
            .where(Delivery.id == outcome.delivery_id)
            .values(state=outcome.state, reply=outcome.reply, changed=now)
        )


def doubt(session: Session, edition_id: int, since: datetime, now: datetime) -> int:
    """After a crash, what has been "sending" since before `since` may have arrived or not.

    It is held as uncertain; how many that were.
    """
    query = select(Delivery.id).where(
        Delivery.edition_id == edition_id,
        Delivery.state == DeliveryState.SENDING,
        Delivery.changed < since,
    )
    ids = list(session.scalars(query))
    _mark(session, ids, DeliveryState.UNCERTAIN, now)
    return len(ids)


def finish(session: Session, edition_id: int) -> bool:
    """Mark the edition as sent if nothing is left to be done for it; whether that is so."""
    left = select(Delivery.id).where(
        Delivery.edition_id == edition_id,
        Delivery.state.in_([DeliveryState.PENDING, DeliveryState.SENDING]),
    )
    if session.scalar(left.limit(1)) is not None:
        return False
    session.execute(
        update(Edition).where(Edition.id == edition_id, Edition.state == "cut").values(state="sent")
    )
    return True


def count_by_state(session: Session, edition_id: int) -> dict[str, int]:
    """How many deliveries of the edition are in each state."""
    query = select(Delivery.state, func.count()).where(Delivery.edition_id == edition_id)
    return {row[0]: row[1] for row in session.execute(query.group_by(Delivery.state))}


def troubled(session: Session, edition_id: int) -> Sequence[tuple[str, str, str]]:
    """Address, state and reply of everybody who has not got the edition."""
    fine = [DeliveryState.ACCEPTED, DeliveryState.PENDING]
    query = (
        select(Subscriber.email, Delivery.state, Delivery.reply)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(Delivery.edition_id == edition_id, Delivery.state.not_in(fine))
        .order_by(Subscriber.email)
    )
    return [(email, state, reply) for email, state, reply in session.execute(query)]


def _mark(session: Session, ids: list[int], state: DeliveryState, now: datetime) -> None:
    if ids:
        session.execute(
            update(Delivery).where(Delivery.id.in_(ids)).values(state=state, changed=now)
        )
