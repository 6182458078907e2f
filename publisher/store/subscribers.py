"""Subscribers and what they are subscribed to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, ScalarSelect, Table, and_, func, insert, literal, select
from sqlalchemy.orm import Session

from publisher.model import (
    Subscriber,
    SubscriberState,
    Subscription,
    SubscriptionState,
    Suppression,
)
from publisher.model.states import Standing
from publisher.store import suppressions

BATCH = 1000
# As a literal, so that a database can see that its partial index is meant.
_IS_STOPPED = Subscriber.state != literal(SubscriberState.DELIVERABLE, literal_execute=True)


@dataclass(frozen=True, slots=True)
class Wish:
    """An address in its one spelling, and how it wants a list; empty is what there was before.

    `state` is the state that another program had it in, if it comes from one.
    """

    email: str
    name: str = ""
    language: str | None = None
    timezone: str | None = None
    categories: tuple[str, ...] = ()
    format: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """What the store knows of an address, and of its subscription to one list."""

    subscriber: Subscriber | None = None
    subscription: Subscription | None = None
    suppression: Suppression | None = None

    @property
    def address_state(self) -> SubscriberState:
        """The state of the address, whether it is stored or only its hash is."""
        if self.suppression is not None:
            return SubscriberState(self.suppression.reason)
        if self.subscriber is not None:
            return SubscriberState(self.subscriber.state)
        return SubscriberState.DELIVERABLE

    @property
    def subscription_state(self) -> SubscriptionState | None:
        """The state of the subscription, or None where there is none."""
        return SubscriptionState(self.subscription.state) if self.subscription else None


def places(session: Session, list_name: str, emails: Sequence[str]) -> dict[str, Place]:
    """What is known of each of these addresses (in their one spelling), by address."""
    people = {
        one.email: one
        for one in session.scalars(select(Subscriber).where(Subscriber.email.in_(emails)))
    }
    subscriptions = _subscriptions(session, list_name, [one.id for one in people.values()])
    suppressed = suppressions.among(session, emails)
    return {
        email: Place(
            people.get(email),
            subscriptions.get(people[email].id) if email in people else None,
            suppressed.get(email),
        )
        for email in emails
    }


def place_of(session: Session, subscriber: Subscriber, list_name: str) -> Place:
    """The same for one subscriber."""
    found = _subscriptions(session, list_name, [subscriber.id]).get(subscriber.id)
    return Place(
        subscriber, found, suppressions.among(session, [subscriber.email]).get(subscriber.email)
    )


def _subscriptions(
    session: Session, list_name: str, subscriber_ids: Collection[int]
) -> dict[int, Subscription]:
    if not subscriber_ids:
        return {}
    query = select(Subscription).where(
        Subscription.list_name == list_name, Subscription.subscriber_id.in_(subscriber_ids)
    )
    return {one.subscriber_id: one for one in session.scalars(query)}


def by_email(session: Session, email: str) -> Subscriber | None:
    """The subscriber with an address in its one spelling."""
    return session.scalar(select(Subscriber).where(Subscriber.email == email))


def by_id(session: Session, subscriber_id: int) -> Subscriber | None:
    """The subscriber of that number."""
    return session.get(Subscriber, subscriber_id)


def by_handle(session: Session, handle: int) -> Subscriber | None:
    """The subscriber that a link of a mail stands for."""
    return session.scalar(select(Subscriber).where(Subscriber.handle == handle))


def subscriptions_of(session: Session, subscriber_id: int) -> Sequence[Subscription]:
    """All subscriptions of a subscriber, by the name of the list."""
    query = select(Subscription).where(Subscription.subscriber_id == subscriber_id)
    return session.scalars(query.order_by(Subscription.list_name)).all()


def create(session: Session, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """New subscribers, given by the names of the table's columns; their ids by address."""
    if not rows:
        return {}
    table = cast(Table, Subscriber.__table__)
    made = session.execute(insert(table).returning(table.c.email, table.c.id), rows)
    return {row.email: row.id for row in made}


def subscribe(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """New subscriptions, given by the names of the table's columns."""
    if rows:
        session.execute(insert(cast(Table, Subscription.__table__)), rows)


class Recipient(NamedTuple):
    """A subscription that gets the list's mail, with the choices that its variant depends on."""

    id: int
    subscriber_id: int
    categories: list[str]
    language: str | None
    timezone: str | None
    format: str


def active(session: Session, list_name: str) -> Iterator[Recipient]:
    """The list's subscriptions that may be sent to, in a steady order, a batch at a time."""
    query = (
        select(
            Subscription.id, Subscription.subscriber_id, Subscription.categories,
            Subscription.language, Subscription.timezone, Subscription.format,
        )
        .join(Subscription.subscriber)
        .where(*gets_editions(list_name))
        .order_by(Subscription.id)
        .limit(BATCH)
    )  # fmt: skip
    last = 0
    while batch := session.execute(query.where(Subscription.id > last)).all():
        yield from map(Recipient._make, batch)
        last = batch[-1].id


def has_active(session: Session, list_name: str) -> bool:
    """Whether anybody would get an edition of the list."""
    query = select(Subscription.id).join(Subscription.subscriber)
    return session.scalar(query.where(*gets_editions(list_name)).limit(1)) is not None


def some_active(session: Session, list_name: str) -> Subscriber | None:
    """Somebody who would get an edition of the list."""
    query = select(Subscriber).join(Subscription).where(*gets_editions(list_name))
    return session.scalar(query.limit(1))


def gets_editions(list_name: str | ScalarSelect[str]) -> tuple[ColumnElement[bool], ...]:
    """What must hold of a subscription and its subscriber, so that the list's mail goes there."""
    return (
        Subscription.list_name == list_name,
        Subscription.state == SubscriptionState.ACTIVE,
        Subscriber.state == SubscriberState.DELIVERABLE,
    )


def still_gets_editions(list_name: str | ScalarSelect[str]) -> ColumnElement[bool]:
    """The same of a subscriber that a query has, looked up by whom it is about.

    PostgreSQL might read through everybody on the list instead, for each of them, as long as it
    knows nothing of the table's size: so the state is no condition of the look-up.
    """
    place = select(Subscription.state).where(
        Subscription.list_name == list_name, Subscription.subscriber_id == Subscriber.id
    )
    state = func.coalesce(place.correlate(Subscriber).scalar_subquery(), "")
    return and_(state == SubscriptionState.ACTIVE, Subscriber.state == SubscriberState.DELIVERABLE)


def count_by_state(session: Session, list_name: str) -> dict[str, int]:
    """How many of the list's subscribers are in each state: pending, active, unsubscribed,
    bounced or complained."""
    query = select(Subscription.state, func.count()).group_by(Subscription.state)
    query = query.where(Subscription.list_name == list_name)
    # From an index alone; the few addresses that cannot be written to are then moved over. They are
    # looked up one by one: a join would begin with everybody on the list.
    counts = Counter({row[0]: row[1] for row in session.execute(query)})
    on_list = (
        select(Subscription.state)
        .where(Subscription.subscriber_id == Subscriber.id, Subscription.list_name == list_name)
        .scalar_subquery()
    )
    stopped = select(Subscriber.state.label("address"), on_list.label("here")).where(_IS_STOPPED)
    both = stopped.subquery().c
    pairs = select(both.address, both.here, func.count()).group_by(both.address, both.here)
    for address, here, number in session.execute(pairs):
        if here is not None:
            counts[here] -= number
            counts[_shown(address, here)] += number
    return {state: number for state, number in counts.items() if number}


class Listed(NamedTuple):
    """A line of a list: who is on it, in which state since when, with which choices."""

    subscriber_id: int
    email: str
    name: str
    address_state: str
    subscription_state: str
    since: datetime
    categories: list[str]
    language: str | None
    timezone: str | None
    format: str

    @property
    def state(self) -> str:
        """The one word for both states."""
        return _shown(self.address_state, self.subscription_state)


def listed(session: Session, list_name: str, states: Collection[str] = ()) -> Iterator[Listed]:
    """Everybody on the list, or those in some of its states, in the order in which they came, a
    batch at a time."""
    query = (
        select(
            Subscription.subscriber_id, Subscriber.email, Subscriber.name, Subscriber.state,
            Subscription.state, Subscription.since, Subscription.categories,
            Subscription.language, Subscription.timezone, Subscription.format,
        )
        .join(Subscription.subscriber)
        .where(Subscription.list_name == list_name)
        .order_by(Subscription.subscriber_id)
        .limit(BATCH)
    )  # fmt: skip
    last = 0
    while batch := session.execute(query.where(Subscription.subscriber_id > last)).all():
        rows = map(Listed._make, batch)
        yield from (row for row in rows if not states or row.state in states)
        last = batch[-1].subscriber_id


def _shown(address_state: str, subscription_state: str) -> str:
    return Standing(SubscriberState(address_state), SubscriptionState(subscription_state)).shown
