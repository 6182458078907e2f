"""Numbers for those who watch: few queries, whose cost grows with what is going on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from publisher.model import (
    Delivery,
    DeliveryState,
    Edition,
    EditionState,
    Feed,
    FeedChange,
    HubRequest,
    HubSubscription,
    Notice,
    Ping,
    StaleArticle,
)

# A notice in one of these has not got to its reader, or nobody knows.
OPEN_NOTICES = ("pending", "sending", "deferred", "uncertain")


class FeedAge(NamedTuple):
    """A feed, when it last changed, and whether its files say so."""

    kind: str
    key: str
    changed: datetime
    is_current: bool


def newest_feeds(session: Session, kinds: Sequence[str], limit: int) -> Sequence[FeedAge]:
    """The feed of everything, and after it those that were made first, at most so many."""
    last = and_(FeedChange.feed_id == Feed.id, FeedChange.position == Feed.length - 1)
    query = (
        select(Feed.kind, Feed.key, FeedChange.at, Feed.built >= Feed.version)
        .join(FeedChange, last)
        .where(Feed.kind.in_(kinds), Feed.gone.is_(False))
        .order_by(Feed.kind != "everything", Feed.id)
        .limit(limit)
    )
    return [FeedAge(*row) for row in session.execute(query)]


def oldest_waiting(session: Session, now: datetime) -> datetime | None:
    """Since when the oldest change has been waiting that could be in the feeds."""
    return session.scalar(select(func.min(StaleArticle.due)).where(StaleArticle.due <= now))


def not_tried_since(session: Session, list_name: str, now: datetime) -> datetime | None:
    """When the oldest edition was cut that has letters due which nobody has tried to send."""
    untried = exists().where(
        Delivery.edition_id == Edition.id,
        Delivery.state == DeliveryState.PENDING,
        Delivery.attempts == 0,
        Delivery.due <= now,
    )
    return session.scalar(
        select(func.min(Edition.cut_at)).where(
            Edition.list_name == list_name,
            Edition.state == EditionState.CUT,
            or_(Edition.prepared_at.is_(None), untried),
        )
    )


def latest_letters(session: Session, list_name: str) -> dict[str, int]:
    """Letters of the list's latest edition: state → how many."""
    latest = (
        select(Edition.id)
        .where(Edition.list_name == list_name)
        .order_by(Edition.local_date.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(Delivery.state, func.count()).where(Delivery.edition_id == latest)
    return {row[0]: row[1] for row in session.execute(query.group_by(Delivery.state))}


def letters_waiting(session: Session, now: datetime) -> dict[str, int]:
    """Letters of all editions that could leave now: list → how many."""
    waiting = (DeliveryState.PENDING, DeliveryState.DEFERRED)
    query = (
        select(Edition.list_name, func.count())
        .join(Delivery, Delivery.edition_id == Edition.id)
        .where(Edition.state == EditionState.CUT, Delivery.state.in_(waiting), Delivery.due <= now)
        .group_by(Edition.list_name)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def notices(session: Session) -> dict[str, int]:
    """Other mails that wait or are in doubt: state → how many, each state named."""
    query = select(Notice.state, func.count()).where(Notice.state.in_(OPEN_NOTICES))
    counted = {row[0]: row[1] for row in session.execute(query.group_by(Notice.state))}
    return dict.fromkeys(OPEN_NOTICES, 0) | counted


def websub(session: Session, hubs: Sequence[str], now: datetime) -> dict[str, int]:
    """What WebSub has to do: documents for callbacks, callbacks to ask, news for hubs elsewhere."""
    due = HubSubscription.due.is_not(None)
    queries = {
        "documents": select(func.count()).where(due, HubSubscription.expires > now),
        "requests": select(func.count()).select_from(HubRequest),
        "hubs": select(func.count()).select_from(Ping).where(Ping.hub.in_(hubs)),
    }
    return {kind: session.scalar(query) or 0 for kind, query in queries.items()}
