"""Articles, their categories and their earlier revisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from publisher.model import Article, Category, Content, Revision, SetAside, seal
from publisher.names import category_path, entry_id, numbered, slug_of
from publisher.store.categories import Categories


def known(session: Session, external_ids: Iterable[str]) -> dict[str, Article]:
    """The stored articles that their source calls by one of these ids."""
    query = select(Article).where(Article.external_id.in_(list(external_ids)))
    return {cast(str, article.external_id): article for article in session.scalars(query)}


def by_ids(session: Session, ids: Iterable[int]) -> dict[int, Article]:
    """The stored articles of these ids."""
    query = select(Article).where(Article.id.in_(list(ids)))
    return {article.id: article for article in session.scalars(query)}


class Writer:
    """Puts articles into one transaction; remembers categories and slugs on the way."""

    def __init__(self, session: Session, site_url: str, zone: ZoneInfo, now: datetime) -> None:
        self._session = session
        self._site_url = site_url
        self._zone = zone
        self._now = now
        self._categories = Categories(session)
        self._slugs: set[str] = set()  # known to be taken
        self._looked_up: set[str] = set()
        self._same_slug: dict[str, Article] = {}

    def expect(self, contents: Sequence[Content]) -> None:
        """Look up in two queries what the next calls of `add` and `twin` will ask for."""
        self._categories.expect(content.category for content in contents)
        wanted = {c.slug for c in contents if c.slug} - self._looked_up
        taken = self._session.scalars(select(Article).where(Article.slug.in_(wanted)))
        self._same_slug |= {article.slug: article for article in taken if article.slug}
        self._slugs.update(self._same_slug)
        self._looked_up |= wanted

    def settled(self, content: Content) -> Content:
        """The content in the category that its source means, which may have been renamed since."""
        return replace(content, category=self._categories.settled(content.category))

    def twin(self, content: Content) -> Article | None:
        """A stored article that says exactly the same: its file has only been moved."""
        article = self._same_slug.get(content.slug or "")
        if article is None or article.seal != seal(content):
            return None
        same_place = article.category.path == category_path(content.category)
        return article if same_place else None

    def add(self, content: Content, external_id: str) -> Article:
        """A new article with an id, a slug and a seal of its own."""
        article = Article(
            external_id=external_id, category=self._categories.place(content.category)
        )
        article.fill(content)
        article.slug = self._free_slug(content.slug or slug_of(content.title) or "article")
        article.uid = self._entry_id(content, external_id)
        article.seal = seal(article.content)
        self._session.add(article)
        return article

    def replace(self, article: Article, content: Content, *, significant: bool) -> None:
        """A new revision; the old one is kept. Only a significant change moves `updated`."""
        self._keep(article)
        article.fill(content)
        if content.category != article.category.titles:
            article.category = self._categories.place(content.category)
        if significant:
            article.updated = self._now
        article.revision += 1
        article.seal = seal(article.content)

    def adopt(self, article: Article, cleaned: Content) -> None:
        """Complete a row that another program wrote, with its content cleaned."""
        key = article.external_id or f"article/{article.id}"
        article.uid = article.uid or self._entry_id(cleaned, key)
        if not article.slug:
            article.slug = self._free_slug(cleaned.slug or slug_of(cleaned.title) or "article")
        if article.seal is not None:
            article.revision += 1
        article.fill(cleaned)
        article.seal = seal(article.content)

    def _keep(self, article: Article) -> None:
        before = asdict(article.content)
        for key in ("published", "expires"):
            before[key] = before[key] and before[key].astimezone(UTC).isoformat()
        self._session.add(
            Revision(
                article_id=article.id,
                number=article.revision,
                replaced=self._now,
                content=before,
            )
        )

    def _free_slug(self, wanted: str) -> str:
        known = wanted in self._looked_up
        if wanted in self._slugs or (not known and self._slug_exists(wanted)):
            like = Article.slug.startswith(f"{wanted}-", autoescape=True)
            stored = self._session.scalars(select(Article.slug).where(like))
            wanted = numbered(wanted, {wanted, *self._slugs, *(slug for slug in stored if slug)})
        self._slugs.add(wanted)
        return wanted

    def _slug_exists(self, slug: str) -> bool:
        return self._session.scalar(select(Article.id).where(Article.slug == slug)) is not None

    def _entry_id(self, content: Content, key: str) -> str:
        return entry_id(self._site_url, content.published.astimezone(self._zone).date(), key)


def set_aside(session: Session, origin: str, line: int, reason: str, now: datetime) -> None:
    """Remember that something could not be used, and why."""
    query = select(SetAside).where(SetAside.origin == origin, SetAside.line == line)
    row = session.scalar(query)
    if row is None:
        session.add(SetAside(origin=origin, line=line, reason=reason, since=now))
    else:
        row.reason = reason


def mended(session: Session, origins: Iterable[str]) -> None:
    """Forget what was set aside of these origins: they have been taken in since."""
    session.execute(delete(SetAside).where(SetAside.origin.in_(list(origins))))


def all_set_aside(session: Session) -> Sequence[SetAside]:
    """What waits to be mended, oldest first."""
    return session.scalars(select(SetAside).order_by(SetAside.since, SetAside.id)).all()


def newest(session: Session, category: str, limit: int) -> Sequence[Article]:
    """The newest articles, of one category path and what is below it if a path is given."""
    query = select(Article).order_by(Article.published.desc(), Article.id.desc()).limit(limit)
    if category:
        below = Category.path.startswith(f"{category}/", autoescape=True)
        inside = select(Category.id).where(or_(Category.path == category, below))
        query = query.where(Article.category_id.in_(inside))
    return session.scalars(query).all()


def count(session: Session) -> int:
    """How many articles are stored."""
    return session.scalar(select(func.count()).select_from(Article)) or 0


def count_set_aside(session: Session) -> int:
    """How many pieces wait to be mended."""
    return session.scalar(select(func.count()).select_from(SetAside)) or 0


def category_paths(session: Session) -> Sequence[str]:
    """The paths of all categories, in alphabetical order."""
    return session.scalars(select(Category.path).order_by(Category.path)).all()
