"""What of an edition's ledger is due and not done, for those who hand it out in shards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ARRAY, Integer, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from publisher.model import Delivery, DeliveryState, Subscriber

WAITING = (DeliveryState.PENDING, DeliveryState.DEFERRED)


class Row(NamedTuple):
    """A row of the ledger that is due, and its reader's address."""

    id: int
    email: str


def due(session: Session, edition_id: int, now: datetime, limit: int) -> list[Row]:
    """The rows that may leave now, those first that may so longest."""
    found: list[Row] = []
    for state in WAITING:
        query = (
            select(Delivery.id, Subscriber.email)
            .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
            .where(Delivery.edition_id == edition_id, Delivery.state == state, Delivery.due <= now)
            .order_by(Delivery.due, Delivery.id)
            .limit(limit - len(found))
        )
        found += [Row(*row) for row in session.execute(query)]
    return found


def left(session: Session, ids: Sequence[int], now: datetime) -> dict[int, bool]:
    """Those of these rows that are not done: id → whether somebody is sending it right now.

    What waits for a later moment is none of them.
    """
    sending = Delivery.state == DeliveryState.SENDING
    waiting = and_(Delivery.state.in_(WAITING), Delivery.due <= now)
    query = select(Delivery.id, sending).where(
        Delivery.id == func.any(literal(list(ids), ARRAY(Integer))), or_(sending, waiting)
    )
    return {row[0]: row[1] for row in session.execute(query)}
