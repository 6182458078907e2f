"""Subscribers and what they are subscribed to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from publisher.model import Subscriber, SubscriberState, Subscription

BATCH = 1000


class Joined(Enum):
    """What became of an address that was to be put on a list."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEFT = (
        "left alone"  # it has unsubscribed, bounced or complained; an import never overrides that
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """An address, and how it wants a list."""

    email: str
    name: str = ""
    language: str | None = None
    timezone: str | None = None
    categories: tuple[str, ...] = ()


def join(
    session: Session, list_name: str, wishes: Sequence[Wish], *, confirmed: bool
) -> list[Joined]:
    """Put addresses on a list, one outcome for each; confirmed ones are active at once."""
    emails = [wish.email for wish in wishes]
    people = {
        s.email: s for s in session.scalars(select(Subscriber).where(Subscriber.email.in_(emails)))
    }
    query = select(Subscription).where(
        Subscription.list_name == list_name,
        Subscription.subscriber_id.in_([person.id for person in people.values()]),
    )
    subscriptions = {s.subscriber_id: s for s in session.scalars(query)}
    outcomes = []
    for wish in wishes:
        person = people.get(wish.email)
        subscription = subscriptions.get(person.id) if person else None
        outcomes.append(_join_one(session, list_name, wish, person, subscription, confirmed))
    return outcomes


def _join_one(
    session: Session,
    list_name: str,
    wish: Wish,
    person: Subscriber | None,
    subscription: Subscription | None,
    confirmed: bool,
) -> Joined:
    state = SubscriberState.ACTIVE if confirmed else SubscriberState.PENDING
    if person is None:
        person = Subscriber(email=wish.email, name=wish.name, state=state)
        session.add(person)
    elif person.state not in (SubscriberState.ACTIVE, SubscriberState.PENDING):
        return Joined.LEFT
    if subscription is None:
        subscription = Subscription(list_name=list_name, subscriber=person)
        session.add(subscription)
        outcome = Joined.NEW
    else:
        outcome = Joined.UNCHANGED
    if confirmed and person.state == SubscriberState.PENDING:
        person.state = state
    person.name = wish.name or person.name
    subscription.language = wish.language or subscription.language
    subscription.timezone = wish.timezone or subscription.timezone
    subscription.categories = list(wish.categories) or list(subscription.categories or [])
    if outcome is Joined.UNCHANGED and (
        session.is_modified(person) or session.is_modified(subscription)
    ):
        return Joined.CHANGED
    return outcome


def active(session: Session, list_name: str) -> Iterator[Subscription]:
    """The list's subscriptions that may be sent to, in a steady order, a batch at a time."""
    query = (
        select(Subscription)
        .join(Subscriber)
        .where(Subscription.list_name == list_name, Subscriber.state == SubscriberState.ACTIVE)
        .order_by(Subscription.id)
        .limit(BATCH)
    )
    last = 0
    while batch := session.scalars(query.where(Subscription.id > last)).unique().all():
        yield from batch
        last = batch[-1].id


def count_by_state(session: Session, list_name: str) -> dict[str, int]:
    """How many of the list's subscribers are in each state."""
    query = (
        select(Subscriber.state, func.count())
        .join(Subscription)
        .where(Subscription.list_name == list_name)
        .group_by(Subscriber.state)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def has_active(session: Session, list_name: str) -> bool:
    """Whether anybody would get an edition of the list."""
    return next(iter(active(session, list_name)), None) is not None


def emails(session: Session, list_name: str) -> Iterable[tuple[str, str, str]]:
    """Address, name and state of everybody on the list, in alphabetical order."""
    query = (
        select(Subscriber.email, Subscriber.name, Subscriber.state)
        .join(Subscription)
        .where(Subscription.list_name == list_name)
        .order_by(Subscriber.email)
    )
    return ((email, name, state) for email, name, state in session.execute(query))
