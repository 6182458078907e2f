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
    Notice,
    StaleArticle,
)


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


def notices(session: Session) -> dict[str, int]:
    """Other mails that wait or are in doubt: state → how many."""
    open_ones = ("pending", "sending", "deferred", "uncertain")
    query = select(Notice.state, func.count()).where(Notice.state.in_(open_ones))
    return {row[0]: row[1] for row in session.execute(query.group_by(Notice.state))}
