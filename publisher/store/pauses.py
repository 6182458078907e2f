"""Lists that wait until an operator says how to go on, and what a skip writes into the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from publisher.model import (
    Delivery,
    DeliveryState,
    Edition,
    EditionState,
    Feed,
    ListPause,
    Notice,
)

# What may still leave by itself.
LEAVING = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.DEFERRED)


def pause(session: Session, list_name: str, since: datetime, reason: str) -> None:
    """Let the list wait; a list that waits already keeps the older moment."""
    found = session.get(ListPause, list_name)
    if found is None:
        session.add(ListPause(list_name=list_name, since=since, reason=reason))
    elif since < found.since:
        found.since, found.reason = since, reason


def find(session: Session, list_name: str) -> ListPause | None:
    """The pause of a list, or None where it goes on."""
    return session.get(ListPause, list_name)


def all_pauses(session: Session) -> Sequence[ListPause]:
    """Every list that waits, by name; also those that the config has no more."""
    return session.scalars(select(ListPause).order_by(ListPause.list_name)).all()


def resume(session: Session, list_name: str) -> bool:
    """Let the list go on; whether it was waiting."""
    found = session.get(ListPause, list_name)
    if found is not None:
        session.delete(found)
    return found is not None


def skip(session: Session, edition: Edition, reason: str, now: datetime) -> int:
    """Send no more of an edition; how many letters that were not sent yet stay unsent.

    What is on its way at this moment may arrive, and is uncertain.
    """
    edition.state = EditionState.SKIPPED
    rows = Delivery.edition_id == edition.id
    changed = {"reply": reason, "changed": now, "owner": None}
    flying = update(Delivery).where(rows, Delivery.state == DeliveryState.SENDING)
    session.execute(flying.values(state=DeliveryState.UNCERTAIN, **changed))
    waiting = update(Delivery).where(
        rows, Delivery.state.in_([DeliveryState.PENDING, DeliveryState.DEFERRED])
    )
    unsent = waiting.values(state=DeliveryState.SUPPRESSED, **changed).returning(Delivery.id)
    return len(session.execute(unsent).all())


def doubt_letters(session: Session, reason: str, now: datetime) -> None:
    """Hold as uncertain every letter that was on its way: whoever sent it is not here."""
    flying = update(Delivery).where(Delivery.state == DeliveryState.SENDING)
    session.execute(
        flying.values(state=DeliveryState.UNCERTAIN, reply=reason, changed=now, owner=None)
    )


def doubt_notices(session: Session, reason: str, now: datetime) -> int:
    """Hold as uncertain every other mail that was on its way; how many there are."""
    found = session.execute(
        update(Notice)
        .where(Notice.state.in_(LEAVING))
        .values(state=DeliveryState.UNCERTAIN, reply=reason, changed=now, owner=None)
        .returning(Notice.id)
    ).all()
    return len(found)


def forget_files(session: Session) -> None:
    """Let every feed be written anew, into a folder that holds none of its files."""
    session.execute(update(Feed).values(built=0))
