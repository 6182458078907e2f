"""The search index, as far as both databases have it alike."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import Base


class SearchRow(Base):
    """That an article can be found, and under which number: the newer, the higher.

    The text itself is in `search_text`, which is FTS5's in SQLite and a tsvector in PostgreSQL, so
    it is no part of the model; its rows have the same number, and so come out newest first.
    """

    __tablename__ = "search_row"

    article_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    newness: Mapped[int] = mapped_column(BigInteger, unique=True)


class SearchProgress(Base):
    """How far of the change log the index has come; one row."""

    __tablename__ = "search_progress"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int]
