"""Articles as editors look for them: also those that no reader can see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from publisher.model import Article
from publisher.store import pages, search
from publisher.store.search import Limits
from publisher.terms import Query

# What has no time of its own in the index is looked through up to here.
HIDDEN = 200


def page(session: Session, behind: tuple[datetime, int] | None, limit: int) -> Sequence[Article]:
    """The next articles, newest first, with those that are still to come."""
    query = select(Article).order_by(Article.published.desc(), Article.id.desc()).limit(limit)
    if behind is not None:
        query = query.where(tuple_(Article.published, Article.id) < behind)
    return session.scalars(query).all()


def named(session: Session, text: str) -> Sequence[Article]:
    """The article of which this is the slug, the address, the external id or the entry id."""
    slug = text.rstrip("/").rpartition("/")[2]
    same = or_(Article.slug.in_([text, slug]), Article.external_id == text, Article.uid == text)
    return session.scalars(select(Article).where(same).limit(5)).all()


def to_come(session: Session, text: str, now: datetime) -> Sequence[Article]:
    """Articles whose time has not come and whose title has the text."""
    query = (
        select(Article)
        .where(Article.published > now, Article.title.icontains(text, autoescape=True))
        .order_by(Article.published.desc())
        .limit(HIDDEN)
    )
    return session.scalars(query).all()


def found(session: Session, query: Query, limit: int) -> Sequence[Article]:
    """Public articles with what the query wants, those with it in the title first.

    Raises SlowSearchError.
    """
    everything = pages.feeds_at(session, [""]).get("")
    if everything is None:
        return []
    hits = search.find(session, query, Limits(), everything.id, limit=limit)
    return pages.articles_in_order(session, [hit.article_id for hit in hits])
