"""The log of states: what happened to an address and its subscriptions, when, and by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from publisher.model import Transition

_insert = insert(cast(Table, Transition.__table__))  # past the unit of work: faster for a million


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write down what has just happened: values by the names of the table's columns."""
    if rows:
        session.execute(_insert, rows)


def of(session: Session, subscriber_id: int) -> Sequence[Transition]:
    """Everything that has happened to a subscriber, oldest first."""
    query = select(Transition).where(Transition.subscriber_id == subscriber_id)
    return session.scalars(query.order_by(Transition.id)).all()


def last(session: Session, subscriber_id: int, list_name: str) -> Transition | None:
    """What happened last to a subscription, or to the address itself (an empty list name)."""
    query = select(Transition).where(
        Transition.subscriber_id == subscriber_id, Transition.list_name == list_name
    )
    return session.scalar(query.order_by(Transition.id.desc()).limit(1))
