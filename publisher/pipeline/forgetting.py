"""What is known about somebody, and forgetting it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from publisher.errors import UsageError
from publisher.model import Cause, Subscriber, Subscription
from publisher.newsletter.addresses import normalised
from publisher.pipeline.newsroom import Newsroom
from publisher.store import about, erasing, subscribers, transitions
from publisher.store.acts import standing
from publisher.store.engine import Session
from publisher.store.subscribers import Place

BATCH = 500


def everything_about(newsroom: Newsroom, email: str) -> dict[str, Any]:
    """All that is stored about an address. Raises UsageError where nothing is."""
    with newsroom.store.read() as session:
        return about.everything(session, known(session, email))


def erase(newsroom: Newsroom, email: str, now: datetime) -> dict[str, int]:
    """Take an address out of every table, for good; how much there was in each.

    Only a keyed hash stays, by which a later import leaves the address alone. Raises UsageError.
    """
    with newsroom.store.write() as session:
        person = known(session, email)
        erasing.overwrite_deleted(session)
        remembered = standing(Place(person)).after(Cause.ERASED).address
        done = erasing.erase(session, person, remembered, now)
    erasing.wipe(newsroom.store)
    return done


def forget_unconfirmed(newsroom: Newsroom, now: datetime) -> int:
    """Remove whoever was asked to confirm and has not in time, a batch at a time; how many those
    were."""
    oldest = now - timedelta(days=newsroom.config.subscribers.confirm_days)
    with newsroom.store.read() as session:
        if not erasing.expired(session, oldest, 1):
            return 0
    total = 0
    while True:
        with newsroom.store.write() as session:
            batch = erasing.expired(session, oldest, BATCH)
            transitions.add(session, [_expiry(one, now) for one in batch])
            erasing.remove(session, batch)
        total += len(batch)
        if len(batch) < BATCH:
            return total


def _expiry(one: Subscription, now: datetime) -> dict[str, Any]:
    return {
        "subscriber_id": one.subscriber_id, "list": one.list_name, "at": now,
        "cause": Cause.EXPIRED, "before": one.state, "after": "", "note": "",
    }  # fmt: skip


def known(session: Session, email: str) -> Subscriber:
    """The subscriber of an address, in whatever spelling. Raises UsageError."""
    try:
        spelling = normalised(email)
    except ValueError as error:
        raise UsageError(f"{email!r} is no address: {error}") from None
    person = subscribers.by_email(session, spelling)
    if person is None:
        raise UsageError(f"there is nobody with the address {spelling}")
    return person
