"""Addresses that used to lead somewhere; database triggers keep them, whoever changes a row."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import Base


class FormerSlug(Base):
    """A slug that an article has had. Its article may be gone: then the page is gone, too."""

    __tablename__ = "former_slug"

    slug: Mapped[str] = mapped_column(primary_key=True)
    article_id: Mapped[int]


class FormerPathState(StrEnum):
    """How far a change of a category's path has got."""

    NOTED = "noted"  # by the trigger
    PLACED = "placed"  # the feed goes by its new path
    SWEPT = "swept"  # its files have left the old folder


class FormerPath(Base):
    """A path that a category has had; no category if it has been removed."""

    __tablename__ = "former_path"
    __table_args__ = (
        Index(
            "ix_former_path_open",
            "state",
            sqlite_where=text("state <> 'swept'"),
            postgresql_where=text("state <> 'swept'"),
        ),
    )

    path: Mapped[str] = mapped_column(primary_key=True)
    category_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(default=FormerPathState.NOTED)
