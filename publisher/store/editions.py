"""Editions: what each list has had, and what it has not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Select, insert, literal, or_, select
from sqlalchemy.orm import Session

from publisher.model import Article, Category, Edition, EditionArticle, Feed, FeedArticle


def find(session: Session, list_name: str, day: date) -> Edition | None:
    """The edition of a list for one of its local dates."""
    return session.scalar(
        select(Edition).where(Edition.list_name == list_name, Edition.local_date == day)
    )


def latest_date(session: Session, list_name: str) -> date | None:
    """The local date of the list's latest edition, or None before its first one."""
    return session.scalar(
        select(Edition.local_date)
        .where(Edition.list_name == list_name)
        .order_by(Edition.local_date.desc())
        .limit(1)
    )


def unfinished(session: Session, list_name: str) -> Sequence[Edition]:
    """Editions that were cut and not yet sent to the end, oldest first."""
    query = select(Edition).where(Edition.list_name == list_name, Edition.state == "cut")
    return session.scalars(query.order_by(Edition.local_date)).all()


def not_had(list_name: str, categories: Sequence[str], cut_at: datetime) -> Select[int]:
    """Ids of the public articles, published by `cut_at`, that the list has not had.

    It asks the feed of everything, which holds what is public and clean, and nothing else.
    """
    had = select(EditionArticle.article_id).where(
        EditionArticle.list_name == list_name, EditionArticle.article_id == FeedArticle.article_id
    )
    query = (
        select(FeedArticle.article_id)
        .join(Feed, Feed.id == FeedArticle.feed_id)
        .where(Feed.kind == "everything", FeedArticle.published <= cut_at, ~had.exists())
    )
    if categories:
        below = [
            or_(Category.path == path, Category.path.startswith(f"{path}/", autoescape=True))
            for path in categories
        ]
        query = (
            query.join(Article, Article.id == FeedArticle.article_id)
            .join(Category, Category.id == Article.category_id)
            .where(or_(*below))
        )
    return query


def candidates(
    session: Session, list_name: str, categories: Sequence[str], oldest: datetime, cut_at: datetime
) -> Sequence[Article]:
    """The articles that an edition cut at `cut_at` would hold; see `cut` for `oldest`."""
    query = not_had(list_name, categories, cut_at)
    if latest_date(session, list_name) is None:
        query = query.where(FeedArticle.published >= oldest)
    return session.scalars(select(Article).where(Article.id.in_(query))).all()


def cut(
    session: Session,
    list_name: str,
    day: date,
    categories: Sequence[str],
    oldest: datetime,
    cut_at: datetime,
) -> Edition:
    """Make the edition: every article that the list has not had is now in it.

    The list's first edition takes those from `oldest` on; what is older counts as had,
    since nobody who joins a list today expects the whole archive by mail.
    """
    first = latest_date(session, list_name) is None
    edition = Edition(list_name=list_name, local_date=day, cut_at=cut_at)
    session.add(edition)
    session.flush()
    rows = not_had(list_name, categories, cut_at).add_columns(
        literal(list_name),
        literal(edition.id),
        (FeedArticle.published >= oldest) if first else literal(True),
    )
    columns = ["article_id", "list", "edition_id", "shown"]
    session.execute(insert(EditionArticle.__table__).from_select(columns, rows))  # type: ignore[arg-type]
    if not session.scalar(_shown(edition.id).limit(1)):
        edition.state = "empty"
    return edition


def articles(session: Session, edition: Edition) -> Sequence[Article]:
    """What the edition holds and may still be shown, in no order that matters."""
    public = select(FeedArticle.article_id).join(Feed).where(Feed.kind == "everything")
    query = select(Article).where(Article.id.in_(_shown(edition.id)), Article.id.in_(public))
    return session.scalars(query).all()


def _shown(edition_id: int) -> Select[int]:
    return select(EditionArticle.article_id).where(
        EditionArticle.edition_id == edition_id, EditionArticle.shown
    )
