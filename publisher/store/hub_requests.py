"""Requests to our hub to subscribe and to unsubscribe, until their callbacks have been asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from publisher.model import HubRequest, HubSubscription
from publisher.store.websub import AT_ONCE, wake


@dataclass(frozen=True, slots=True)
class Load:
    """How many subscriptions and open requests there are: in all, and at one host."""

    total: int
    at_host: int


def load(session: Session, host: str) -> Load:
    """What counts against the limits."""
    total = at_host = 0
    for kind in (HubSubscription, HubRequest):
        count = select(func.count()).select_from(kind)
        total += session.scalar(count) or 0
        at_host += session.scalar(count.where(kind.host == host)) or 0
    return Load(total, at_host)


def queue(session: Session, request: HubRequest) -> None:
    """Note a request, in place of an earlier one that says the same."""
    session.execute(
        delete(HubRequest).where(
            HubRequest.topic == request.topic,
            HubRequest.callback == request.callback,
            HubRequest.mode == request.mode,
        )
    )
    session.add(request)
    wake(session)


def count(session: Session) -> int:
    """How many requests are open."""
    return session.scalar(select(func.count()).select_from(HubRequest)) or 0


def is_anything_due(session: Session, now: datetime, *, busy: Collection[str] = ()) -> bool:
    """Whether any callback is to be asked now, but for `busy` hosts."""
    query = select(HubRequest.id).where(HubRequest.due <= now, HubRequest.host.not_in(busy))
    return session.scalar(query.limit(1)) is not None


def due(
    session: Session, now: datetime, limit: int, *, busy: Collection[str] = ()
) -> Sequence[HubRequest]:
    """The requests that are due, longest waiting first, without the hosts that are `busy`."""
    query = select(HubRequest).where(HubRequest.due <= now, HubRequest.host.not_in(busy))
    return session.scalars(query.order_by(HubRequest.due, HubRequest.id).limit(limit)).all()


def put_off(session: Session, request: HubRequest, later: datetime, attempts: int) -> None:
    """Ask again later."""
    ours = update(HubRequest).where(HubRequest.id == request.id, HubRequest.due == request.due)
    session.execute(ours.values(due=later, attempts=attempts))


def take_out(session: Session, request: HubRequest) -> bool:
    """Remove a request that has been answered, and what was asked before it about the same.

    Whether it still counted: a later request, or another process, may have taken its place.
    """
    ours = select(HubRequest.id).where(HubRequest.id == request.id, HubRequest.due == request.due)
    if session.scalar(ours) is None:
        return False
    session.execute(
        delete(HubRequest).where(
            HubRequest.topic == request.topic,
            HubRequest.callback == request.callback,
            HubRequest.id <= request.id,
        )
    )
    return True


def subscribe(session: Session, request: HubRequest, topic: str, expires: datetime) -> None:
    """Begin a subscription to the topic's path, or renew it, with what the request says now.

    What the callback has failed to take before, it gets with the renewal.
    """
    known = session.scalar(
        select(HubSubscription).where(
            HubSubscription.topic == topic, HubSubscription.callback == request.callback
        )
    )
    if known is None:
        known = HubSubscription(topic=topic, callback=request.callback, host=request.host)
        session.add(known)
    elif known.answer and known.due is None:
        known.due = AT_ONCE
    known.secret, known.expires = request.secret, expires


def unsubscribe(session: Session, topic: str, callback: str) -> None:
    """End a subscription."""
    session.execute(
        delete(HubSubscription).where(
            HubSubscription.topic == topic, HubSubscription.callback == callback
        )
    )
