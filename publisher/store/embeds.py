"""What embeds ask for: the newest articles of one feed, or of what several have in common."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Select, bindparam, exists, select, tuple_
from sqlalchemy.orm import Session

from publisher.model import Article, Change, ChangeKind, Feed, FeedArticle, FeedChange
from publisher.store import pages
from publisher.store.log import READ_ROWS
from publisher.store.pages import Mark

# How far back articles that several feeds have in common are looked for, so that two large feeds
# with nothing in common cost no more than others.
MOST_LOOKED_AT = 2000
Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An article that was retracted, and when readers were told."""

    article: Article
    at: datetime


def feeds_named(session: Session, names: Collection[Name]) -> dict[Name, Feed]:
    """The feeds of these kinds and keys; those that there are not are left out."""
    query = select(Feed).where(tuple_(Feed.kind, Feed.key).in_(names), ~Feed.gone)
    return {(feed.kind, feed.key): feed for feed in session.scalars(query)}


def languages(session: Session) -> Sequence[Feed]:
    """The feeds of the languages that hold something."""
    held = select(FeedArticle.article_id).where(FeedArticle.feed_id == Feed.id).exists()
    query = select(Feed).where(Feed.kind == "language", ~Feed.gone, held).order_by(Feed.key)
    return session.scalars(query).all()


def newest(session: Session, feeds: Sequence[Feed], limit: int) -> list[Mark]:
    """The newest articles that are in all of the feeds, newest first.

    Where it is more than one, only the newest 2,000 of the shortest are looked at.
    """
    first, *others = sorted(feeds, key=lambda feed: feed.length)
    if not others:
        return pages.older(session, first.id, None, limit)
    window = (
        select(FeedArticle.published, FeedArticle.article_id)
        .where(FeedArticle.feed_id == first.id)
        .order_by(FeedArticle.published.desc(), FeedArticle.article_id.desc())
        .limit(MOST_LOOKED_AT)
        .subquery()
    )
    query = select(window.c.published, window.c.article_id)
    for feed in others:
        query = query.where(
            exists().where(
                FeedArticle.feed_id == feed.id, FeedArticle.article_id == window.c.article_id
            )
        )
    query = query.order_by(window.c.published.desc(), window.c.article_id.desc()).limit(limit)
    return [Mark(*row) for row in session.execute(query)]


def withdrawn(session: Session, feeds: Sequence[Feed], days: int) -> list[Withdrawal]:
    """The articles that were retracted from all of the feeds in the last `days` before the newest
    change there, and have not come back, newest first."""
    told = [_retractions(session, feed, days) for feed in feeds]
    from_all = set.intersection(*map(set, told))
    if not from_all:
        return []
    query = select(Article).where(Article.id.in_(from_all), Article.retracted.is_not(None))
    articles = session.scalars(query).all()
    ordered = sorted(articles, key=lambda one: (one.published, one.id), reverse=True)
    return [Withdrawal(article, told[0][article.id]) for article in ordered]


def _retractions(session: Session, feed: Feed, days: int) -> dict[int, datetime]:
    """Article → when it was retracted, of those that the end of a feed's log tells of."""
    given = {"feed": feed.id, "first": feed.length - READ_ROWS}
    rows = session.execute(_statement(), given).all()
    return {one: at for one, at, last in rows if at >= last - timedelta(days=days)}


@cache
def _statement() -> Select[int, datetime, datetime]:
    """It is put together once: that takes longer than its answer."""
    feed = bindparam("feed", type_=FeedChange.feed_id.type)
    newest_change = (
        select(FeedChange.at)
        .where(FeedChange.feed_id == feed)
        .order_by(FeedChange.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(FeedChange.article_id, FeedChange.at, newest_change)
        .join(Change, Change.position == FeedChange.change)
        .where(
            FeedChange.feed_id == feed,
            FeedChange.position >= bindparam("first", type_=FeedChange.position.type),
            FeedChange.gone,
            Change.kind == ChangeKind.RETRACTED,
        )
        .order_by(FeedChange.position)
    )
