"""Feeds, and what is in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import Base


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
