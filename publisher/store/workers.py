"""The senders that are at work now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.orm import Session

from publisher.model import Worker

# A sender that has not been heard of for so long has left nothing that anybody still asks about.
FORGOTTEN = timedelta(days=7)


def beat(connection: Connection, name: str, until: datetime, work: str, rate: float) -> None:
    """Say that a sender is alive until then, at what, and how many letters a second it sends."""
    values = {"alive_until": until, "work": work, "rate": rate}
    found = connection.execute(update(Worker).where(Worker.id == name).values(**values))
    if not found.rowcount:
        connection.execute(insert(Worker).values(id=name, **values))


def leave(connection: Connection, name: str, now: datetime) -> None:
    """Say that a sender has ended in order; forget those that ended long ago otherwise."""
    old = Worker.alive_until < now - FORGOTTEN
    connection.execute(delete(Worker).where((Worker.id == name) | old))


def alive_until(connection: Connection, name: str) -> datetime | None:
    """Until when a sender said it was alive."""
    found: datetime | None = connection.scalar(select(Worker.alive_until).where(Worker.id == name))
    return found


def at(session: Session, work: str, now: datetime) -> Sequence[Worker]:
    """The senders that are at this work."""
    query = select(Worker).where(Worker.work == work, Worker.alive_until >= now)
    return session.scalars(query.order_by(Worker.id)).all()
