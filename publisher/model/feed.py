"""Feeds, and what is in them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import Base


class Feed(Base):
    """One selection of articles: everything, or those of one category, language, tag…

    `key` is what is selected (a category's path, a language's tag, a tag's slug). `uid` is the id
    of the feed itself (RFC 4151), which stays when the path or the site's address changes. `gone`
    says that its category has been removed, or has become part of another.
    Each change of what it holds counts `version` up; its files say what `built` counted.
    `length` is how many rows its own log has, and so the position of the next one.
    """

    __tablename__ = "feed"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index("ix_feed_uid", "uid", unique=True),
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
    uid: Mapped[str | None]
    title: Mapped[str] = mapped_column(default="")
    gone: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    version: Mapped[int] = mapped_column(default=1)
    built: Mapped[int] = mapped_column(default=0)
    length: Mapped[int] = mapped_column(default=0, server_default=text("0"))


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


class ChangeKind(StrEnum):
    """What has happened to an article, as readers see it."""

    PUBLISHED = "published"
    CORRECTED = "corrected"
    EDITED = "edited"
    MOVED = "moved"
    RETRACTED = "retracted"
    EXPIRED = "expired"
    REMOVED = "removed"


class Change(Base):
    """The change log: one row for each change that a reader can see, without gaps, in the order
    that the one sequencer gave them.

    `state` says what of the article was public after it; None if nothing was.
    """

    __tablename__ = "change"
    __table_args__ = (Index("ix_change_article", "article_id", "position"),)

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    article_id: Mapped[int]
    uid: Mapped[str]
    revision: Mapped[int]
    kind: Mapped[str]
    state: Mapped[str | None]
    at: Mapped[datetime]


class FeedChange(Base):
    """The log of one feed, with positions of its own that have no gaps either.

    `gone` says that the article left this feed, whatever became of it elsewhere.
    """

    __tablename__ = "feed_change"

    feed_id: Mapped[int] = mapped_column(ForeignKey("feed.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    change: Mapped[int]
    article_id: Mapped[int]
    uid: Mapped[str]
    gone: Mapped[bool]
    at: Mapped[datetime]


class Archive(Base):
    """An archive document as it was published once and for ever (compressed with gzip)."""

    __tablename__ = "archive"

    feed_id: Mapped[int] = mapped_column(ForeignKey("feed.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[str]
    data: Mapped[bytes]
