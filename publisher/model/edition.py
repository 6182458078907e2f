"""Editions: what each list has had, and what each of them said."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import NEVER_REUSE_AN_ID, Base


class EditionState(StrEnum):
    """How far an edition is.

    Held: built ahead of its time, and it can still change. Cut: its contents are settled, and it
    is being sent. Stopped: by a person; nothing leaves until a person lets it go on. Skipped: by a
    person; it counts as sent, and its articles as had.
    """

    HELD = "held"
    CUT = "cut"
    STOPPED = "stopped"
    EMPTY = "empty"
    SENT = "sent"
    SKIPPED = "skipped"


class Edition(Base):
    """One digest of one list for one local date of that list.

    It stands for the dates from `first_date` on: more than one where days were missed, or are no
    days of sending. `built_at` is when it was held, `frozen_at` when its contents were settled
    (None before), `prepared_at` when every reader had a row in the ledger.

    `position` is the place in the change log that its contents are from, `text_position` the one
    that letters which have not left yet are from. `trouble` is why it waits, if it does.
    """

    __tablename__ = "edition"
    __table_args__ = (UniqueConstraint("list", "date"), NEVER_REUSE_AN_ID)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_name: Mapped[str] = mapped_column("list")
    local_date: Mapped[date] = mapped_column("date")
    first_date: Mapped[date | None]
    cut_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default=EditionState.CUT)
    built_at: Mapped[datetime | None]
    frozen_at: Mapped[datetime | None]
    prepared_at: Mapped[datetime | None]
    position: Mapped[int | None]
    text_position: Mapped[int | None]
    trouble: Mapped[str] = mapped_column(default="", server_default="")


class FrozenEdition(Base):
    """What an edition said when it was cut, for ever: its articles as they were, its corrections.

    `data` is JSON, compressed with zlib (publisher/newsletter/frozen.py); `subject` is empty until
    the edition has been composed.
    """

    __tablename__ = "frozen_edition"

    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(default="")
    data: Mapped[bytes]


class EditionVariant(Base):
    """One variant of an edition as it was composed, once for all its readers.

    `position` is the place in the change log that its text is from; `shown` are the uids of the
    articles that it really shows, at least as headlines. `html` and `text` are compressed with
    zlib, and forgotten when the edition has been sent to the end.
    """

    __tablename__ = "edition_variant"

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), index=True)
    key: Mapped[str]  # too long for an index where a reader has chosen many categories
    position: Mapped[int]
    subject: Mapped[str]
    shown: Mapped[list[str]]
    html: Mapped[bytes | None]
    text: Mapped[bytes | None]


class EditionCorrection(Base):
    """That an edition carried the correction (or retraction) of an article that the list had had.

    `change` is its place in the change log.
    """

    __tablename__ = "edition_correction"
    __table_args__ = (Index("ix_edition_correction_change", "change"),)

    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), primary_key=True)
    article_id: Mapped[int] = mapped_column(primary_key=True)
    change: Mapped[int]


class CorrectionMail(Base):
    """That the readers whose delivered edition carried an article are to be told by mail.

    It stays undone until everybody has a notice with that `key`. Variants whose text is from a
    later place in the change log than `position` said it right already.
    """

    __tablename__ = "correction_mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), index=True)
    uid: Mapped[str]
    position: Mapped[int]
    key: Mapped[str]
    details: Mapped[dict[str, Any]]
    is_done: Mapped[bool] = mapped_column(default=False)


class EditionArticle(Base):
    """That a list has had an article. The key itself keeps a list from having one twice.

    `shown` is false for what was already old when the list began: had, but never sent.
    """

    __tablename__ = "edition_article"

    list_name: Mapped[str] = mapped_column("list", primary_key=True)
    article_id: Mapped[int] = mapped_column(primary_key=True, index=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), index=True)
    shown: Mapped[bool] = mapped_column(default=True)
