"""Long lists in parts, for whoever reads them by a program: each part begins behind a row, so it is
found by an index, and rows that are written meanwhile move nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from publisher.model import Article, Category


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
    query = select(Article).order_by(Article.published.desc(), Article.id.desc()).limit(limit)
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
