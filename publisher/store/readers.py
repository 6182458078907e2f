"""Who gets an edition: the rows of the ledger, prepared from the subscriptions part by part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Text, cast, exists, insert, select, update
from sqlalchemy.orm import Session

from publisher.model import (
    Delivery,
    DeliveryState,
    Edition,
    EditionState,
    Subscriber,
    Subscription,
)
from publisher.store.subscribers import gets_editions

PART = 5000


class Reader(NamedTuple):
    """A subscription that may be sent to, as far as a letter depends on it.

    `categories` are JSON, as they are stored: there are many readers and few different choices.
    """

    subscriber_id: int
    categories: str
    language: str | None
    timezone: str | None
    format: str


def without_row(session: Session, edition: Edition, after: int) -> Sequence[Reader]:
    """The next active readers of the list who have no row in the edition's ledger yet."""
    has_row = exists().where(
        Delivery.edition_id == edition.id, Delivery.subscriber_id == Subscription.subscriber_id
    )
    query = (
        select(
            Subscription.subscriber_id,
            cast(Subscription.categories, Text),
            Subscription.language,
            Subscription.timezone,
            Subscription.format,
        )
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            *gets_editions(edition.list_name),
            Subscription.subscriber_id > after,
            ~has_row,
        )
        .order_by(Subscription.subscriber_id)  # as the index of the list has them
        .limit(PART)
    )
    return [Reader._make(row) for row in session.connection().execute(query)]


def add_rows(
    session: Session, edition_id: int, rows: Sequence[tuple[int, str, datetime]], now: datetime
) -> None:
    """Write a row of the ledger for each (subscriber id, variant, moment it may leave).

    An edition that had been sent to the end has somebody to go to again.
    """
    if not rows:
        return
    sent = update(Edition).where(Edition.id == edition_id, Edition.state == EditionState.SENT)
    session.execute(sent.values(state=EditionState.CUT))
    same = {"edition_id": edition_id, "state": DeliveryState.PENDING, "reply": "", "changed": now}
    new = [
        {"subscriber_id": who, "variant": variant, "due": due, **same} for who, variant, due in rows
    ]
    # By the connection: the session's own way of inserting costs twice as much.
    session.connection().execute(insert(Delivery.__table__), new)  # type: ignore[arg-type]


def prepared(session: Session, edition_id: int, now: datetime) -> None:
    """Say that every reader has a row."""
    session.execute(update(Edition).where(Edition.id == edition_id).values(prepared_at=now))
