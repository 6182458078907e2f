"""What the sitemaps list: articles in parts that stay as they are, categories, and the news."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session, aliased

from publisher.model import Article, Change, Feed, FeedArticle, FeedChange, SitemapPart
from publisher.store.feeds import Moves

# Rows of the change log in one part, and so the most articles that it can list. Never change it:
# articles stay in their parts (the table is counted by it).
ROWS = 5000


@dataclass(frozen=True, slots=True)
class ListedArticle:
    """A public article as a sitemap needs it; `media` as the row has them.

    `changed` is when its page last changed: its publication, if it never has since.
    """

    slug: str
    changed: datetime
    media: list[Any]


@dataclass(frozen=True, slots=True)
class RecentArticle:
    """A public article as the news sitemap needs it."""

    slug: str
    title: str
    language: str | None
    published: datetime
    updated: datetime | None
    media: list[Any]


@dataclass(frozen=True, slots=True)
class ListedCategory:
    """A category with public articles; `number` is the part that lists it."""

    number: int
    path: str
    changed: datetime


@dataclass(frozen=True, slots=True)
class LastChange:
    """Where the change log ends: while it ends there, nothing that is public has changed.

    A log that is empty ends at 0, and has no time.
    """

    position: int
    at: datetime | None


def note(session: Session, moves: Mapping[int, Moves], now: datetime) -> None:
    """Count the changes of these articles, which the log has just got, in their parts.

    Must run in the transaction of the sequencer, which alone writes here.
    """
    if not moves:
        return
    query = (
        select(Change.article_id, func.min(Change.position), func.max(Change.position))
        .where(Change.article_id.in_(moves))
        .group_by(Change.article_id)
    )
    more: Counter[int] = Counter()
    last: dict[int, int] = {}
    for article_id, first, position in session.execute(query):
        number, move = _part_of(first), moves[article_id]
        more[number] += bool(move.after) - bool(move.before)
        last[number] = max(position, last.get(number, 0))
    known = select(SitemapPart).where(SitemapPart.number.in_(last))
    parts = {part.number: part for part in session.scalars(known)}
    for number, position in last.items():
        part = parts.get(number) or SitemapPart(number=number, articles=0)
        part.articles += more[number]
        part.position, part.changed = position, now
        session.add(part)


def last_change(session: Session) -> LastChange:
    """Where the log ends."""
    query = select(Change.position, Change.at).order_by(Change.position.desc()).limit(1)
    row = session.execute(query).first()
    return LastChange(*row) if row else LastChange(0, None)


def part(session: Session, number: int) -> SitemapPart | None:
    """A part that lists something, or None."""
    found = session.get(SitemapPart, number)
    return found if found and found.articles > 0 else None


def parts(session: Session) -> Sequence[SitemapPart]:
    """All parts that list something, oldest first."""
    query = select(SitemapPart).where(SitemapPart.articles > 0).order_by(SitemapPart.number)
    return session.scalars(query).all()


def articles_of(session: Session, number: int) -> list[ListedArticle]:
    """The public articles of a part, `ROWS` at most, in the order in which they came."""
    first, last, other = aliased(Change), aliased(Change), aliased(Change)
    # Subqueries of one value, here and below: PostgreSQL looks each up in an index, where it turns
    # EXISTS and its like into joins that read whole tables.
    earliest = select(func.min(other.position)).where(other.article_id == first.article_id)
    newest = select(func.max(other.position)).where(other.article_id == first.article_id)
    query = (
        select(
            Article.slug, Article.published, Article.media, first.position, last.position, last.at
        )
        .join(Article, Article.id == first.article_id)
        .join(last, last.position == newest.scalar_subquery())
        .where(first.position > (number - 1) * ROWS, first.position <= number * ROWS)
        .where(first.position == earliest.scalar_subquery())
        .where(last.state.is_not(None), Article.slug.is_not(None))
        .order_by(first.position)
    )  # fmt: skip
    return [
        ListedArticle(slug, published if came == went else at, media)
        for slug, published, media, came, went, at in session.execute(query)
    ]


def categories(session: Session, number: int | None = None) -> list[ListedCategory]:
    """The categories with public articles, all or those of one part of the sitemap."""
    one = select(FeedArticle.article_id).where(FeedArticle.feed_id == Feed.id).limit(1)
    at = select(FeedChange.at).where(
        FeedChange.feed_id == Feed.id, FeedChange.position == Feed.length - 1
    )
    query = (
        select(Feed.id, Feed.key, at.scalar_subquery())
        .where(Feed.kind == "category", ~Feed.gone, one.scalar_subquery().is_not(None))
        .order_by(Feed.id)
    )
    if number is not None:
        query = query.where(Feed.id > (number - 1) * ROWS, Feed.id <= number * ROWS)
    return [ListedCategory(_part_of(key), path, at) for key, path, at in session.execute(query)]


def recent(session: Session, since: datetime, limit: int) -> list[RecentArticle]:
    """The newest public articles that were published after `since`, newest first."""
    query = (
        select(
            Article.slug, Article.title, Article.language, FeedArticle.published,
            Article.updated, Article.media,
        )
        .join(Article, Article.id == FeedArticle.article_id)
        .where(FeedArticle.feed_id == _everything(), FeedArticle.published > since)
        .where(Article.slug.is_not(None))
        .order_by(FeedArticle.published.desc(), FeedArticle.article_id.desc())
        .limit(limit)
    )  # fmt: skip
    return [RecentArticle(*row) for row in session.execute(query)]


def newest_until(session: Session, moment: datetime) -> datetime | None:
    """When the newest public article of those published up to `moment` was published."""
    query = (
        select(FeedArticle.published)
        .where(FeedArticle.feed_id == _everything(), FeedArticle.published <= moment)
        .order_by(FeedArticle.published.desc())
        .limit(1)
    )
    return session.scalar(query)


def _everything() -> ScalarSelect[int]:
    return select(Feed.id).where(Feed.kind == "everything").scalar_subquery()


def _part_of(position: int) -> int:
    return (position - 1) // ROWS + 1
