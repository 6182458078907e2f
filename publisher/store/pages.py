"""What pages ask for. Each question is answered from one index, whatever is stored.

All go through `feed_article`: what is not in there is not public, or not clean yet.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Select,
    bindparam,
    func,
    literal,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import Tuple

from publisher.model import Article, Category, Change, Feed, FeedArticle

EVERYTHING = ("everything", "")


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a feed: right before the article of that id, by time of publication.

    The id 0 is the place before everything of that moment.
    """

    published: datetime
    article_id: int = 0


def older(
    session: Session,
    feed_id: int,
    mark: Mark | None,
    limit: int,
    *,
    lowest: datetime | None = None,
) -> list[Mark]:
    """The articles before a mark (or the newest of all) and not before `lowest`, newest first."""
    query = _window(feed_id).order_by(FeedArticle.published.desc(), FeedArticle.article_id.desc())
    if mark is not None:
        query = query.where(_place() < _literal(mark))
    if lowest is not None:
        query = query.where(FeedArticle.published >= lowest)
    return [Mark(*row) for row in session.execute(query.limit(limit))]


def newer(session: Session, feed_id: int, mark: Mark, limit: int) -> list[Mark]:
    """The articles from a mark on, oldest first."""
    query = _window(feed_id).order_by(FeedArticle.published, FeedArticle.article_id)
    query = query.where(_place() >= _literal(mark))
    return [Mark(*row) for row in session.execute(query.limit(limit))]


def _window(feed_id: int) -> Select[datetime, int]:
    return select(FeedArticle.published, FeedArticle.article_id).where(
        FeedArticle.feed_id == feed_id
    )


def _place() -> Tuple:
    return tuple_(FeedArticle.published, FeedArticle.article_id)


def _literal(mark: Mark) -> Tuple:
    published = literal(mark.published, FeedArticle.published.type)
    return tuple_(published, literal(mark.article_id))


def neighbours(
    session: Session, feed_id: int, *, before: Sequence[datetime], after: Sequence[datetime]
) -> list[datetime | None]:
    """The last time of publication before each of the first moments, then the first one at or
    after each of the others; one look into the index for each."""
    times = select(FeedArticle.published).where(FeedArticle.feed_id == feed_id).limit(1)
    published = FeedArticle.published
    wanted = [times.where(published < one).order_by(published.desc()) for one in before]
    wanted += [times.where(published >= one).order_by(published) for one in after]
    row = session.execute(select(*(query.scalar_subquery() for query in wanted))).one()
    return list(row)


def counts(
    session: Session, feed_id: int, days: Mapping[date, tuple[datetime, datetime]]
) -> dict[date, int]:
    """How many articles each day has, of those that have any (day → its bounds in time)."""
    ordered = list(days)
    bounds = {
        f"{name}{number}": moment
        for number, day in enumerate(ordered)
        for name, moment in zip(("first", "end"), days[day], strict=True)
    }
    rows = session.execute(_counts(len(ordered)), {"feed": feed_id, **bounds})
    return {ordered[number]: count for number, count in rows if count}


@cache
def _counts(days: int) -> CompoundSelect[int, int]:
    """One question for all days. It is put together once: that takes longer than its answer."""

    def moment(name: str) -> BindParameter[datetime]:
        return bindparam(name, type_=FeedArticle.published.type)

    parts = [
        select(literal(number), func.count()).where(
            FeedArticle.feed_id == bindparam("feed", type_=FeedArticle.feed_id.type),
            FeedArticle.published >= moment(f"first{number}"),
            FeedArticle.published < moment(f"end{number}"),
        )
        for number in range(days)
    ]
    return union_all(*parts)


def feeds_at(session: Session, paths: Collection[str]) -> dict[str, Feed]:
    """The feed of everything (under "") and those of the categories at these paths."""
    keys = [EVERYTHING, *(("category", path) for path in paths if path)]
    query = select(Feed).where(tuple_(Feed.kind, Feed.key).in_(keys), ~Feed.gone)
    return {feed.key: feed for feed in session.scalars(query)}


def sections(session: Session, above: str, limit: int) -> list[Feed]:
    """The categories right below a path ("" is the top) that hold something, by title."""
    prefix = f"{above}/" if above else ""
    query = select(Feed).where(
        Feed.kind == "category",
        Feed.key.startswith(prefix, autoescape=True),
        ~Feed.key.contains("/") if not prefix else ~Feed.key.like(_deeper(prefix), escape="\\"),
        select(FeedArticle.article_id).where(FeedArticle.feed_id == Feed.id).exists(),
    )
    return list(session.scalars(query.order_by(Feed.title, Feed.key).limit(limit)))


def all_sections(session: Session, limit: int) -> list[Feed]:
    """Every category that holds something, each before what is below it."""
    held = select(FeedArticle.article_id).where(FeedArticle.feed_id == Feed.id).exists()
    query = select(Feed).where(Feed.kind == "category", held).order_by(Feed.key).limit(limit)
    return sorted(session.scalars(query), key=lambda feed: feed.key.split("/"))


def _deeper(prefix: str) -> str:
    escaped = prefix.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return f"{escaped}%/%"


def articles_in_order(session: Session, ids: Sequence[int]) -> list[Article]:
    """The articles of these ids in that order, with the categories above theirs at hand."""
    found = {article.id: article for article in session.scalars(_by_ids(ids))}
    with_categories(session, found.values())
    return [found[one] for one in ids if one in found]


def _by_ids(ids: Sequence[int]) -> Select[Article]:
    return select(Article).where(Article.id.in_(ids))


def with_categories(session: Session, articles: Collection[Article]) -> None:
    """Read all categories above those of the articles at once, and not each when asked for."""
    wanted = {path for article in articles for path in article.category.paths}
    known = {article.category.path for article in articles}
    if wanted - known:
        query = select(Category).where(Category.path.in_(wanted - known))
        session.info["categories"] = session.scalars(query).all()  # or they would be forgotten


def by_slug(session: Session, slug: str) -> Article | None:
    """The article at an address, public or not."""
    return session.scalar(select(Article).where(Article.slug == slug))


def last_change(session: Session, article_id: int) -> Change | None:
    """The last thing that readers saw happen to an article; None if they never saw it."""
    query = select(Change).where(Change.article_id == article_id)
    return session.scalar(query.order_by(Change.position.desc()).limit(1))


def place_in(session: Session, feed_ids: Collection[int], article_id: int) -> dict[int, Mark]:
    """Where the article stands in those of the feeds that it is in."""
    query = select(FeedArticle.feed_id, FeedArticle.published, FeedArticle.article_id).where(
        FeedArticle.article_id == article_id, FeedArticle.feed_id.in_(feed_ids)
    )
    return {feed_id: Mark(published, one) for feed_id, published, one in session.execute(query)}


def translations(session: Session, everything: int, key: str) -> list[tuple[int, str, str]]:
    """The public articles that tell one story: id, language and slug, the first ones first."""
    query = (
        select(Article.id, Article.language, Article.slug)
        .join(FeedArticle, FeedArticle.article_id == Article.id)
        .where(Article.translation_key == key, FeedArticle.feed_id == everything)
        .order_by(Article.id)
    )
    return [(one, language or "", slug or "") for one, language, slug in session.execute(query)]
