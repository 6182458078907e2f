"""Subscribers, what they are subscribed to, and what has happened to them."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.model.base import NEVER_REUSE_AN_ID, Base


class SubscriberState(StrEnum):
    """Where an address stands, whatever its lists."""

    DELIVERABLE = "deliverable"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"


class SubscriptionState(StrEnum):
    """Where an address stands on one list."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"


class Cause(StrEnum):
    """What made a state change (docs/newsletter.md, "Subscribers")."""

    ADDED = "added"  # by the newsroom, without consent: a confirm mail asks for it
    CONSENT = "consent"  # by the newsroom, which says where the consent comes from
    SIGNED_UP = "signed up"  # by a form, which proves nothing yet
    CONFIRMED = "confirmed"
    UNSUBSCRIBE_LINK = "unsubscribe link"
    ONE_CLICK = "one-click"
    MAILTO = "mailto"
    TAKEN_OFF = "taken off"  # by the newsroom
    RESUBSCRIBED = "resubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    EXPIRED = "expired"
    RESTORED = "restored"  # by the newsroom, which says why
    ERASED = "erased"


def new_handle() -> int:
    """A number that says nothing about its subscriber, and never comes twice."""
    return secrets.randbits(63)


class Subscriber(Base):
    """An address, in its one spelling, and whether it can be written to.

    `handle` stands for the subscriber in the links of mails. Of an erased subscriber only the row
    is left, so that the ledgers still count; its `email` is then no address.
    """

    __tablename__ = "subscriber"
    __table_args__ = (
        Index("ix_subscriber_handle", "handle", unique=True),
        Index(
            "ix_subscriber_stopped",
            "state",
            sqlite_where=text("state <> 'deliverable'"),
            postgresql_where=text("state <> 'deliverable'"),
        ),
        NEVER_REUSE_AN_ID,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default=SubscriberState.DELIVERABLE)
    handle: Mapped[int] = mapped_column(BigInteger, default=new_handle)


class Subscription(Base):
    """A subscriber on a list, with the choices made for it. No categories means all of the list's;
    no language or zone means the list's. `since` is from when it has been in its state."""

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("list", "subscriber_id"),
        Index("ix_subscription_readers", "list", "state", "id"),
        Index("ix_subscription_subscriber", "subscriber_id"),
        Index(
            "ix_subscription_pending",
            "since",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    list_name: Mapped[str] = mapped_column("list")
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(default=SubscriptionState.PENDING)
    since: Mapped[datetime]
    categories: Mapped[list[str]] = mapped_column(default=list)
    language: Mapped[str | None]
    timezone: Mapped[str | None]
    format: Mapped[str] = mapped_column(default="html")

    subscriber: Mapped[Subscriber] = relationship(lazy="joined")


class Transition(Base):
    """That a state has changed, when and by what; rows are only ever added.

    `list_name` is empty where the address itself is meant; `before` or `after` is empty where
    there was nothing before, or nothing is left. `note` is the proof or the reason: where the
    consent comes from, what the mail server said, why somebody was restored.
    """

    __tablename__ = "transition"
    __table_args__ = (
        Index("ix_transition_subscriber", "subscriber_id", "id"),
        Index("ix_transition_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    list_name: Mapped[str] = mapped_column("list", default="")
    at: Mapped[datetime]
    before: Mapped[str] = mapped_column(default="")
    after: Mapped[str] = mapped_column(default="")
    cause: Mapped[str]
    note: Mapped[str] = mapped_column(default="")


class Suppression(Base):
    """An address that was erased and must not be written to again: only its keyed hash is kept.

    `reason` is the state that the address is in.
    """

    __tablename__ = "suppression"

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    reason: Mapped[str]
    since: Mapped[datetime]


class KeyUse(StrEnum):
    """What a key is for."""

    LINKS = "links"
    MAILS = "mails"
    SUPPRESSIONS = "suppressions"


class SigningKey(Base):
    """A secret that every machine of the site shares. The newest one of a use signs, and all that
    are not revoked are believed. The one of suppressions never changes."""

    __tablename__ = "signing_key"
    __table_args__ = (NEVER_REUSE_AN_ID,)

    id: Mapped[int] = mapped_column(primary_key=True)
    use: Mapped[str]
    secret: Mapped[bytes]
    created: Mapped[datetime]
    revoked: Mapped[datetime | None]
