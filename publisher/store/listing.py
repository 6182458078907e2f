"""Long lists in parts, for whoever reads them by a program: each part begins behind a row, so it is
found by an index, and rows that are written meanwhile move nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session, contains_eager, joinedload

from publisher.model import (
    Article,
    Category,
    Delivery,
    DeliveryState,
    Edition,
    Feed,
    FrozenEdition,
    Subscriber,
    SubscriberState,
    Subscription,
    SubscriptionState,
)
from publisher.store import editions as stored_editions

# So many categories above an article's own are read at once; more is rare.
LEVELS = 4


def articles(
    session: Session,
    *,
    category: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    behind: tuple[datetime, int] | None = None,
    limit: int,
) -> Sequence[Article]:
    """Articles, newest first: of a category's path and what is below it, published from `since` on
    and before `until`, where these are given."""
    # What is above their categories comes along, so that naming these asks for nothing more.
    above = joinedload(Article.category).selectinload(Category.parent, recursion_depth=LEVELS)
    query = select(Article).options(above).limit(limit)
    query = query.order_by(Article.published.desc(), Article.id.desc())
    if category:
        below = Category.path.startswith(f"{category}/", autoescape=True)
        inside = select(Category.id).where(or_(Category.path == category, below))
        query = query.where(Article.category_id.in_(inside))
    if since is not None:
        query = query.where(Article.published >= since)
    if until is not None:
        query = query.where(Article.published < until)
    if behind is not None:
        query = query.where(tuple_(Article.published, Article.id) < behind)
    return session.scalars(query).all()


def categories(session: Session, behind: str, limit: int) -> Sequence[Category]:
    """Categories, by path."""
    query = select(Category).where(Category.path > behind).order_by(Category.path)
    return session.scalars(query.limit(limit)).all()


def feeds(session: Session, kinds: Collection[str], behind: int, limit: int) -> Sequence[Feed]:
    """Feeds that are published, by number."""
    query = select(Feed).where(Feed.kind.in_(kinds), ~Feed.gone, Feed.id > behind)
    return session.scalars(query.order_by(Feed.id).limit(limit)).all()


def editions(
    session: Session, list_name: str, behind: date | None, limit: int
) -> Sequence[tuple[Edition, str]]:
    """Editions of a list with their subjects (empty before they are composed), newest first."""
    query = (
        select(Edition, FrozenEdition.subject)
        .outerjoin(FrozenEdition, FrozenEdition.edition_id == Edition.id)
        .where(Edition.list_name == list_name)
        .order_by(Edition.local_date.desc())
        .limit(limit)
    )
    if behind is not None:
        query = query.where(Edition.local_date < behind)
    return [(edition, subject or "") for edition, subject in session.execute(query)]


class Headline(NamedTuple):
    """What an edition's list of articles tells of one."""

    id: int
    external_id: str | None
    title: str
    published: datetime


def headlines(session: Session, edition_id: int) -> Sequence[Headline]:
    """The articles that an edition shows, newest first, as far as they are still stored."""
    query = (
        select(Article.id, Article.external_id, Article.title, Article.published)
        .where(Article.id.in_(stored_editions.shown(edition_id)))
        .order_by(Article.published.desc(), Article.id.desc())
    )
    return [Headline._make(row) for row in session.execute(query)]


def deliveries(
    session: Session, edition_id: int, behind: int, limit: int
) -> Sequence[tuple[Delivery, str]]:
    """Deliveries of an edition with the readers' addresses, by the readers' numbers."""
    query = (
        select(Delivery, Subscriber.email)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.edition_id == edition_id, Delivery.subscriber_id > behind)
        .order_by(Delivery.subscriber_id)
        .limit(limit)
    )
    return [(one, email) for one, email in session.execute(query)]


def deliveries_in(
    session: Session,
    edition_id: int,
    state: DeliveryState,
    behind: tuple[datetime, int] | None,
    limit: int,
) -> Sequence[tuple[Delivery, str]]:
    """The same of one state, in the order of the ledger's own index."""
    query = (
        select(Delivery, Subscriber.email)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.edition_id == edition_id, Delivery.state == state)
        .order_by(Delivery.due, Delivery.id)
        .limit(limit)
    )
    if behind is not None:
        query = query.where(tuple_(Delivery.due, Delivery.id) > behind)
    return [(one, email) for one, email in session.execute(query)]


def subscriptions(
    session: Session, list_name: str, state: str, behind: int, limit: int
) -> Sequence[Subscription]:
    """Subscriptions of a list with their subscribers; those of one state that a list shows, or
    all with an empty one. By number: of the subscription where it has the state, else of the
    subscriber, since there is an index for each."""
    own = state in list(SubscriptionState)
    number = Subscription.id if own else Subscription.subscriber_id
    query = (
        select(Subscription)
        .join(Subscription.subscriber)
        .options(contains_eager(Subscription.subscriber))
        .where(Subscription.list_name == list_name, number > behind)
        .order_by(number)
        .limit(limit)
    )
    if own:
        reached = [SubscriberState.DELIVERABLE]
        if state == SubscriptionState.UNSUBSCRIBED:
            reached.append(SubscriberState.BOUNCED)
        query = query.where(Subscription.state == state, Subscriber.state.in_(reached))
    elif state:
        query = query.where(Subscriber.state == state)
        if state == SubscriberState.BOUNCED:
            query = query.where(Subscription.state != SubscriptionState.UNSUBSCRIBED)
    return session.scalars(query).all()
