"""Numbers over time, for charts: each is found by an index, from the time that it shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Date, case, cast, func, select
from sqlalchemy.orm import Session

from publisher.model import (
    Delivery,
    Edition,
    Feed,
    FeedArticle,
    MailReport,
    ReportKind,
    SubscriptionState,
    Transition,
)


def joined(session: Session, list_name: str, since: datetime) -> dict[str, int]:
    """By how many active subscriptions a list has grown on each day (UTC, `2018-02-15`)."""
    utc = Transition.at if _is_sqlite(session) else func.timezone("UTC", Transition.at)
    day = func.date(utc) if _is_sqlite(session) else cast(utc, Date)
    active = SubscriptionState.ACTIVE
    grown = case(
        (Transition.after == active, 1), (Transition.before == active, -1), else_=0
    )  # fmt: skip
    query = (
        select(day, func.sum(grown))
        .where(
            Transition.at >= since,
            Transition.list_name == list_name,
            Transition.before != Transition.after,
        )
        .group_by(day)
    )
    return {str(row[0]): int(row[1] or 0) for row in session.execute(query)}


def published(session: Session, since: datetime, until: datetime) -> Sequence[datetime]:
    """When each public article of that time was published."""
    query = (
        select(FeedArticle.published)
        .join(Feed, Feed.id == FeedArticle.feed_id)
        .where(
            Feed.kind == "everything",
            FeedArticle.published >= since,
            FeedArticle.published < until,
        )
    )
    return session.scalars(query).all()


def latest_editions(session: Session, list_name: str, limit: int) -> Sequence[Edition]:
    """The list's latest editions, the newest first, whatever their state."""
    query = select(Edition).where(Edition.list_name == list_name)
    return session.scalars(query.order_by(Edition.local_date.desc()).limit(limit)).all()


def letters(session: Session, edition_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Letters by state, of each of these editions."""
    query = (
        select(Delivery.edition_id, Delivery.state, func.count())
        .where(Delivery.edition_id.in_(edition_ids))
        .group_by(Delivery.edition_id, Delivery.state)
    )
    found: dict[int, dict[str, int]] = {one: {} for one in edition_ids}
    for edition_id, state, number in session.execute(query):
        found[edition_id][state] = number
    return found


def came_back(session: Session, edition_ids: Collection[int]) -> dict[int, int]:
    """How many letters of each edition came back after they had been accepted."""
    query = (
        select(MailReport.edition_id, func.count())
        .where(
            MailReport.edition_id.in_(edition_ids),
            MailReport.kind.in_([ReportKind.HARD, ReportKind.SOFT]),
        )
        .group_by(MailReport.edition_id)
    )
    return {row[0]: row[1] for row in session.execute(query) if row[0] is not None}


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
