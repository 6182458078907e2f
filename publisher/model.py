"""What the newsroom stores: the tables, and the plain value an article's content is.

Pure code takes these as values; only `publisher.store` opens sessions and writes queries.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

_Record = TypeVar("_Record", "Source", "Medium")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime; kept in UTC, since SQLite knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# A deleted article's id must not come back: the ledger of editions goes by it.
NEVER_REUSE_AN_ID = {"sqlite_autoincrement": True}

JsonList = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    """Maps Python's types to columns once, for every table."""

    type_annotation_map = {
        datetime: UtcDateTime(),
        date: Date(),
        str: Text(),
        list[str]: JsonList,
        list[dict[str, Any]]: JsonList,
        dict[str, Any]: JsonList,
    }


@dataclass(frozen=True, slots=True)
class Source:
    """Where a story comes from, as printed under it."""

    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Medium:
    """An image, sound or film that belongs to an article. `size` is in bytes."""

    url: str
    type: str = ""
    alt: str = ""
    size: int | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """Everything an editor can change about an article, cleaned and complete.

    `category` is the chain of titles from the top ("Media Center", "Coalition News");
    `body` is safe HTML; `published` is aware; `url` is where the story first stood, if elsewhere;
    `correction` says what was wrong before, where something was.
    """

    title: str
    body: str
    published: datetime
    category: tuple[str, ...]
    language: str
    title_derived: bool = False
    summary: str | None = None
    slug: str | None = None
    sources: tuple[Source, ...] = ()
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    media: tuple[Medium, ...] = ()
    aliases: tuple[str, ...] = ()
    expires: datetime | None = None
    url: str | None = None
    correction: str | None = None


SEALED = tuple(field.name for field in fields(Content) if field.name not in ("category", "slug"))


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
        """Titles from the top down to this one."""
        above = self.parent.titles if self.parent else ()
        return (*above, self.title)

    @property
    def paths(self) -> tuple[str, ...]:
        """This category's path and those of all above it, top first."""
        parts = self.path.split("/")
        return tuple("/".join(parts[: n + 1]) for n in range(len(parts)))


class Article(Base):
    """One article. A row needs no more than title, body, published and category_id:
    what another program leaves out is filled in, and cleaned, before anything is published.

    `uid` is the entry id of every feed (RFC 4151), made once and never changed.
    `seal` is the hash of the cleaned content; a row whose content does not match its seal
    was written by another program and is cleaned first.
    `published` never moves a reader's item; `updated` moves only for a significant change.
    """

    __tablename__ = "article"
    __table_args__ = (
        Index("ix_article_published", "published", "id"),
        Index("ix_article_category", "category_id", "published", "id"),
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
    seal: Mapped[str | None]

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

    def is_public(self, now: datetime) -> bool:
        """Whether a reader may see it at `now`: published, and not expired."""
        return self.published <= now and (self.expires is None or now < self.expires)

    def next_change(self, now: datetime) -> datetime | None:
        """The next moment after `now` at which `is_public` changes by itself, if there is one."""
        moments = [m for m in (self.published, self.expires) if m is not None and m > now]
        return min(moments, default=None)


def seal(content: Content) -> str:
    """SHA-256 over the cleaned fields as canonical JSON; equal content has an equal seal.

    Category and slug are left out: they are placed by the store, not cleaned.
    """
    # A plain list of values: three times as fast as asdict, which copies all it meets.
    values = [getattr(content, name) for name in SEALED]
    plain = json.dumps(values, default=_plain, ensure_ascii=False)
    return hashlib.sha256(plain.encode(errors="surrogatepass")).hexdigest()


def _plain(value: datetime | Source | Medium) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return [getattr(value, name) for name in value.__slots__]


def _record(kind: type[_Record], value: object, key: str, column: str) -> _Record:
    fields = {key: value} if isinstance(value, str) else value
    try:
        return kind(**fields)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"{column}: {value!r} is not understood; see docs/store.md") from None


def _texts(values: list[Any], column: str) -> tuple[str, ...]:
    if not all(isinstance(value, str) for value in values):
        raise ValueError(f"{column}: {values!r} is not a list of texts")
    return tuple(values)


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


class Feed(Base):
    """One selection of articles: everything, or those of one category, language, tag…

    `key` is what is selected (a category's path, a language's tag, a tag's slug).
    Each change of what it holds counts `version` up; its files say what `built` counted.
    """

    __tablename__ = "feed"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index(
            "ix_feed_stale",
            "id",
            sqlite_where=text("built < version"),
            postgresql_where=text("built < version"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    key: Mapped[str] = mapped_column(default="")
    title: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    built: Mapped[int] = mapped_column(default=0)


class FeedArticle(Base):
    """That an article is in a feed. Carries `published`, so one index answers 'the newest N'."""

    __tablename__ = "feed_article"
    __table_args__ = (
        Index("ix_feed_article_window", "feed_id", "published", "article_id"),
        Index("ix_feed_article_article", "article_id"),
    )

    feed_id: Mapped[int] = mapped_column(ForeignKey("feed.id"), primary_key=True)
    article_id: Mapped[int] = mapped_column(primary_key=True)
    published: Mapped[datetime]


class SetAside(Base):
    """Something that could not be used, with the reason, until somebody mends it."""

    __tablename__ = "set_aside"
    __table_args__ = (UniqueConstraint("origin", "line"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    origin: Mapped[str]
    line: Mapped[int]
    reason: Mapped[str]
    since: Mapped[datetime]


class SubscriberState(StrEnum):
    """Where an address stands."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class Subscriber(Base):
    """An address, and whether it may be written to."""

    __tablename__ = "subscriber"
    __table_args__ = NEVER_REUSE_AN_ID

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default=SubscriberState.PENDING)


class Subscription(Base):
    """A subscriber on a list. No categories means all of the list's."""

    __tablename__ = "subscription"
    __table_args__ = (UniqueConstraint("list", "subscriber_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_name: Mapped[str] = mapped_column("list")
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    categories: Mapped[list[str]] = mapped_column(default=list)
    language: Mapped[str | None]
    timezone: Mapped[str | None]
    format: Mapped[str] = mapped_column(default="html")

    subscriber: Mapped[Subscriber] = relationship(lazy="joined")


class EditionState(StrEnum):
    """How far an edition is."""

    CUT = "cut"
    EMPTY = "empty"
    SENT = "sent"


class Edition(Base):
    """One digest of one list for one local date of that list."""

    __tablename__ = "edition"
    __table_args__ = (UniqueConstraint("list", "date"), NEVER_REUSE_AN_ID)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_name: Mapped[str] = mapped_column("list")
    local_date: Mapped[date] = mapped_column("date")
    cut_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default=EditionState.CUT)


class EditionArticle(Base):
    """That a list has had an article. The key itself keeps a list from having one twice.

    `shown` is false for what was already old when the list began: had, but never sent.
    """

    __tablename__ = "edition_article"

    list_name: Mapped[str] = mapped_column("list", primary_key=True)
    article_id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), index=True)
    shown: Mapped[bool] = mapped_column(default=True)


class DeliveryState(StrEnum):
    """How far one edition to one subscriber is (docs/design.md, "The ledger")."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNCERTAIN = "uncertain"


class Delivery(Base):
    """The ledger's row: one edition to one subscriber, written before anything is sent."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("edition_id", "subscriber_id"),
        Index("ix_delivery_state", "edition_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id"))
    variant: Mapped[str]
    state: Mapped[str] = mapped_column(default=DeliveryState.PENDING)
    reply: Mapped[str] = mapped_column(default="")
    changed: Mapped[datetime]
