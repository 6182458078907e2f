"""One change of somebody's state: decided, written down, logged. In a session of the caller's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from publisher.model import (
    Cause,
    NoticeKind,
    Subscriber,
    SubscriberState,
    Subscription,
    SubscriptionState,
)
from publisher.model.states import LEAVING, OWN_ACTS, Former, Standing
from publisher.store import notices, subscribers, transitions
from publisher.store.subscribers import Place


def standing(place: Place) -> Standing:
    """Where an address stands, of which the store knows this."""
    return Standing(place.address_state, place.subscription_state)


def act(
    session: Session,
    list_name: str,
    place: Place,
    cause: Cause,
    now: datetime,
    note: str = "",
    former: Former | None = None,
) -> Place:
    """What is known of a subscriber of a list after `cause`.

    Whatever changes is logged; welcome or goodbye is queued where it was the reader's own act, or
    the newsroom took them off. `place` must have a subscriber.
    """
    before, person = standing(place), place.subscriber
    if person is None:
        raise ValueError("there is nobody who could have done this")
    after = before.after(cause, former or Former())
    log: dict[str, Any] = {"subscriber_id": person.id, "at": now, "cause": cause, "note": note}
    rows = []
    if after.address is not before.address:
        person.state = after.address
        rows.append({**log, "list": "", "before": before.address, "after": after.address})
        if place.suppression is not None:
            session.delete(place.suppression)
    if after.subscription is not before.subscription:
        found = _subscription(session, list_name, place, after.subscription, now)
        states = {"before": before.subscription or "", "after": after.subscription or ""}
        rows.append({**log, "list": list_name, **states})
        place = replace(place, subscription=found)
        _tell(session, list_name, person, before, after, cause, now)
    transitions.add(session, rows)
    return replace(place, suppression=None) if cause in OWN_ACTS else place


def _subscription(
    session: Session, list_name: str, place: Place, state: SubscriptionState | None, now: datetime
) -> Subscription | None:
    """The subscription in that state: made, changed, or gone."""
    found = place.subscription
    if state is None:
        session.delete(found)
        return None
    if found is None:
        found = Subscription(list_name=list_name, subscriber=place.subscriber)
        session.add(found)
    found.state, found.since = state, now
    session.flush()
    return found


def _tell(
    session: Session,
    list_name: str,
    person: Subscriber,
    before: Standing,
    after: Standing,
    cause: Cause,
    now: datetime,
) -> None:
    if cause in OWN_ACTS and after.gets_editions:
        kind = NoticeKind.WELCOME
    elif cause in LEAVING and before.gets_editions:
        kind = NoticeKind.GOODBYE
    else:
        return
    notices.queue(session, kind, list_name, [person.id], now, key=now.isoformat())


def stop(session: Session, subscriber_id: int, cause: Cause, now: datetime, note: str = "") -> bool:
    """Nothing more is sent to an address that has bounced for good or complained (`cause`);
    `note` says how that is known. Whether that is new; an erased address is left alone."""
    person = session.get(Subscriber, subscriber_id)
    if person is None or person.state == SubscriberState.ERASED:
        return False
    before = person.state
    lists = [one.list_name for one in subscribers.subscriptions_of(session, person.id)]
    for list_name in lists or [""]:
        act(session, list_name, subscribers.place_of(session, person, list_name), cause, now, note)
    return person.state != before


def restore(
    session: Session,
    person: Subscriber,
    list_name: str | None,
    now: datetime,
    note: str,
    address: SubscriberState = SubscriberState.DELIVERABLE,
) -> list[str]:
    """The newsroom reverses what stopped the mail to an address: a bounce or a complaint with all
    that it stopped, or, where a list is named, that it has left this list; `note` says why.

    A stopped address goes back to the state `address`. What is active or pending again: "address",
    and names of lists; nothing where nothing was stopped.
    """
    is_stopped = person.state != SubscriberState.DELIVERABLE
    lists = [one.list_name for one in subscribers.subscriptions_of(session, person.id)]
    meant = [n for n in lists if n == list_name or _stopped_by_complaint(session, person, n)]
    restored = [one for one in meant if _restore(session, person, one, now, note, address)]
    if is_stopped and person.state != address:
        _restore(session, person, "", now, note, address)  # where no list was meant
    return ["address", *restored] if is_stopped else restored


def _stopped_by_complaint(session: Session, person: Subscriber, list_name: str) -> bool:
    last = transitions.last(session, person.id, list_name)
    complained = person.state == SubscriberState.COMPLAINED
    return complained and last is not None and last.cause == Cause.COMPLAINED


def _restore(
    session: Session,
    person: Subscriber,
    list_name: str,
    now: datetime,
    note: str,
    address: SubscriberState,
) -> bool:
    place = subscribers.place_of(session, person, list_name)
    last = transitions.last(session, person.id, list_name)
    former = Former(address)
    if last is not None and last.before in list(SubscriptionState):
        former = Former(address, SubscriptionState(last.before))
    before = standing(place)
    return standing(act(session, list_name, place, Cause.RESTORED, now, note, former)) != before
