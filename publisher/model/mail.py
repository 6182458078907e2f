"""The ledgers of what is sent."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
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


class Fault(StrEnum):
    """Whose fault it is that a letter was not taken (publisher/delivery/verdict.py)."""

    NONE = ""
    ADDRESS = "address"  # there is nobody at this address
    MAILBOX = "mailbox"  # there is, but it is full or closed for now
    CONTENT = "content"  # this letter is too large, or unfit
    POLICY = "policy"  # the server does not want our mail: something for the operator
    RATE = "rate"  # too much at once
    SERVER = "server"  # it has trouble of its own, or did not say


class NoticeKind(StrEnum):
    """A mail that is no edition: what it tells its reader."""

    CONFIRM = "confirm"
    WELCOME = "welcome"
    GOODBYE = "goodbye"
    CORRECTION = "correction"
    DATA = "data"


class LedgerRow:
    """What the rows of every ledger have in common.

    `due` is the moment from which the letter may leave: the reader's own hour, or the next try.
    `owner` is the sender that has taken it, while its state is "sending"; `attempts` is how often
    it has been offered to a server; `reply` what was answered last, and `fault` what that meant.
    """

    state: Mapped[str] = mapped_column(default=DeliveryState.PENDING)
    due: Mapped[datetime]
    reply: Mapped[str] = mapped_column(default="")
    changed: Mapped[datetime]
    owner: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    fault: Mapped[str] = mapped_column(default="", server_default="")


class Notice(LedgerRow, Base):
    """One mail that is no edition, to one subscriber: a ledger's row like a delivery.

    `key` names the occasion (a correction: the article and its revision), so that nobody gets the
    same notice twice; `details` are what its template needs besides the list and the reader.
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


class Delivery(LedgerRow, Base):
    """The ledger's row: one edition to one subscriber, written before anything is sent."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("edition_id", "subscriber_id"),
        Index("ix_delivery_next", "edition_id", "state", "due", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id"))
    variant: Mapped[str]


class Worker(Base):
    """A sender that is at work: its name is the owner of the rows that it has taken.

    It says again and again until when it is surely alive, and how many letters a second it sends.
    """

    __tablename__ = "worker"

    id: Mapped[str] = mapped_column(primary_key=True)
    alive_until: Mapped[datetime]
    work: Mapped[str]
    rate: Mapped[float] = mapped_column(default=0.0)
