"""The ledgers of what is sent."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import Base


class DeliveryState(StrEnum):
    """How far one edition to one subscriber is (docs/design.md, "The ledger")."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNCERTAIN = "uncertain"


class NoticeKind(StrEnum):
    """A mail that is no edition: what it tells its reader."""

    CONFIRM = "confirm"
    WELCOME = "welcome"
    GOODBYE = "goodbye"
    CORRECTION = "correction"


class Notice(Base):
    """One mail that is no edition, to one subscriber: a ledger's row like a delivery.

    `key` names the occasion (a correction: the article and its revision), so that nobody gets the
    same notice twice; `details` are what its template needs besides the list and the reader; `due`
    is the moment from which it may leave, and `attempts` how often it has been put off.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("kind", "subscriber_id", "list", "key"),
        Index("ix_notice_next", "state", "due", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    list_name: Mapped[str] = mapped_column("list")
    key: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default=DeliveryState.PENDING)
    due: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    reply: Mapped[str] = mapped_column(default="")
    changed: Mapped[datetime]


class Delivery(Base):
    """The ledger's row: one edition to one subscriber, written before anything is sent.

    `due` is the moment from which the letter may leave: the reader's own hour, or the next try.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("edition_id", "subscriber_id"),
        Index("ix_delivery_state", "edition_id", "state", "id"),
        Index("ix_delivery_due", "edition_id", "state", "due"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id"))
    variant: Mapped[str]
    state: Mapped[str] = mapped_column(default=DeliveryState.PENDING)
    due: Mapped[datetime]
    reply: Mapped[str] = mapped_column(default="")
    changed: Mapped[datetime]
