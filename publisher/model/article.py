"""Articles and what belongs to them."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.model.base import NEVER_REUSE_AN_ID, Base
from publisher.model.content import Content, Medium, Source

DEEPEST = 100
COUNTS = ("size", "width", "height")  # what of a medium is a number; all else is text
_Record = TypeVar("_Record", Source, Medium)


class Category(Base):
    """A section of the site. `path` is the slugs from the top, joined by slashes."""

    __tablename__ = "category"

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))

    parent: Mapped[Category | None] = relationship(remote_side=[id])

    @property
    def titles(self) -> tuple[str, ...]:
        """Titles from the top down to this one, as many as the path has parts.

        Another program may have left the parents out; their slugs then stand for their titles.
        """
        known = self._known_titles()
        slugs = self.path.split("/")
        missing = [slug.replace("-", " ").capitalize() for slug in slugs[: -len(known)]]
        return (*missing, *known[-len(slugs) :])

    @property
    def paths(self) -> tuple[str, ...]:
        """This category's path and those of all above it, top first."""
        parts = self.path.split("/")
        return tuple("/".join(parts[: n + 1]) for n in range(len(parts)))

    def _known_titles(self) -> tuple[str, ...]:
        titles: list[str] = []
        one: Category | None = self
        while one is not None and len(titles) < DEEPEST:  # parents may go round in a circle
            titles.insert(0, one.title)
            one = one.parent
        return tuple(titles)


class Article(Base):
    """One article. A row needs no more than title, body, published and category_id:
    what another program leaves out is filled in, and cleaned, before anything is published.

    `uid` is the entry id of every feed (RFC 4151), made once and never changed.
    `seal` is the hash of the cleaned content; a row whose content does not match its seal
    was written by another program and is cleaned first.
    `published` never moves a reader's item; `updated` moves only for a significant change, whose
    place in the change log is `updated_position`. `retracted` is when it was withdrawn.
    """

    __tablename__ = "article"
    __table_args__ = (
        Index("ix_article_published", "published", "id"),
        Index("ix_article_category", "category_id", "published", "id"),
        Index(
            "ix_article_translation",
            "translation_key",
            sqlite_where=text("translation_key IS NOT NULL"),
            postgresql_where=text("translation_key IS NOT NULL"),
        ),
        CheckConstraint("revision >= 1", name="revision_from_one"),
        NEVER_REUSE_AN_ID,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str | None] = mapped_column(unique=True)
    external_id: Mapped[str | None] = mapped_column(unique=True)
    slug: Mapped[str | None] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(server_default="")
    title_derived: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    summary: Mapped[str | None]
    body: Mapped[str] = mapped_column(server_default="")
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    language: Mapped[str | None]
    sources: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default=text("'[]'"))
    authors: Mapped[list[str]] = mapped_column(default=list, server_default=text("'[]'"))
    tags: Mapped[list[str]] = mapped_column(default=list, server_default=text("'[]'"))
    media: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default=text("'[]'"))
    aliases: Mapped[list[str]] = mapped_column(default=list, server_default=text("'[]'"))
    url: Mapped[str | None]
    published: Mapped[datetime]
    updated: Mapped[datetime | None]
    expires: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    correction: Mapped[str | None]
    retracted: Mapped[datetime | None]
    retraction: Mapped[str | None]
    seal: Mapped[str | None]
    updated_position: Mapped[int | None]
    translation_key: Mapped[str | None]

    category: Mapped[Category] = relationship(lazy="joined")

    @property
    def content(self) -> Content:
        """The row as the plain value that decisions are made on.

        Raises ValueError where another program left something that cannot be understood.
        """
        return Content(
            title=self.title,
            title_derived=self.title_derived,
            summary=self.summary,
            body=self.body,
            published=self.published,
            category=self.category.titles,
            language=self.language or "",
            slug=self.slug,
            sources=tuple(_record(Source, source, "name", "sources") for source in self.sources),
            authors=_texts(self.authors, "authors"),
            tags=_texts(self.tags, "tags"),
            media=tuple(_record(Medium, medium, "url", "media") for medium in self.media),
            aliases=_texts(self.aliases, "aliases"),
            expires=self.expires,
            url=self.url,
            correction=self.correction,
            translation_key=self.translation_key,
        )

    def fill(self, content: Content) -> None:
        """Take over all of `content` but category and slug, which are the store's to place."""
        self.title = content.title
        self.title_derived = content.title_derived
        self.summary = content.summary
        self.body = content.body
        self.published = content.published
        self.language = content.language
        self.sources = [asdict(source) for source in content.sources]
        self.authors = list(content.authors)
        self.tags = list(content.tags)
        self.media = [asdict(medium) for medium in content.media]
        self.aliases = list(content.aliases)
        self.expires = content.expires
        self.url = content.url
        self.correction = content.correction
        self.translation_key = content.translation_key

    def is_public(self, now: datetime) -> bool:
        """Whether a reader may see it at `now`: published, neither expired nor retracted."""
        if self.retracted is not None:
            return False
        return self.published <= now and (self.expires is None or now < self.expires)

    def next_change(self, now: datetime) -> datetime | None:
        """The next moment after `now` at which `is_public` changes by itself, if there is one."""
        moments = [m for m in (self.published, self.expires) if m is not None and m > now]
        return min(moments, default=None)


class Revision(Base):
    """What an article said before a change: `content` is the state that was replaced."""

    __tablename__ = "revision"

    article_id: Mapped[int] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    replaced: Mapped[datetime]
    content: Mapped[dict[str, Any]]


class StaleArticle(Base):
    """A note that the feeds of an article may be out of date from `due` on.

    Database triggers leave it in the transaction of the change itself, so nobody can forget.
    There is no foreign key: the note outlives a deleted row, whose feeds are stale as well.
    """

    __tablename__ = "stale_article"
    __table_args__ = (Index("ix_stale_article_due", "due", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int]
    due: Mapped[datetime]


class SetAside(Base):
    """Something that could not be used, with the reason, until somebody mends it."""

    __tablename__ = "set_aside"
    __table_args__ = (UniqueConstraint("origin", "line"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    origin: Mapped[str]
    line: Mapped[int]
    reason: Mapped[str]
    since: Mapped[datetime]


def _record(kind: type[_Record], value: object, key: str, column: str) -> _Record:
    fields: dict[str, Any] = value if isinstance(value, dict) else {key: value}
    said = {name: one for name, one in fields.items() if one is not None}
    with contextlib.suppress(TypeError):
        if all(
            _is_count(one) if name in COUNTS else isinstance(one, str) for name, one in said.items()
        ):
            return kind(**said)
    raise ValueError(f"{column}: {value!r} is not understood; see docs/store.md")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _texts(values: list[Any], column: str) -> tuple[str, ...]:
    if not all(isinstance(value, str) for value in values):
        raise ValueError(f"{column}: {values!r} is not a list of texts")
    return tuple(values)
