"""The senders that are at work now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from publisher.model import Worker

# A sender that has not been heard of for so long has left nothing that anybody still asks about.
FORGOTTEN = timedelta(days=7)


def beat(session: Session, name: str, until: datetime, work: str, rate: float) -> None:
    """Say that a sender is alive until then, at what, and how many letters a second it sends."""
    values = {"alive_until": until, "work": work, "rate": rate}
    found = session.execute(update(Worker).where(Worker.id == name).values(**values))
    if not found.rowcount:  # type: ignore[attr-defined]
        session.add(Worker(id=name, **values))
        session.flush()


def leave(session: Session, name: str, now: datetime) -> None:
    """Say that a sender has ended in order; forget those that ended long ago otherwise."""
    old = Worker.alive_until < now - FORGOTTEN
    session.execute(delete(Worker).where((Worker.id == name) | old))


def alive_until(session: Session, name: str) -> datetime | None:
    """Until when a sender said it was alive."""
    return session.scalar(select(Worker.alive_until).where(Worker.id == name))


def at(session: Session, work: str, now: datetime) -> Sequence[Worker]:
    """The senders that are at this work."""
    query = select(Worker).where(Worker.work == work, Worker.alive_until >= now)
    return session.scalars(query.order_by(Worker.id)).all()
