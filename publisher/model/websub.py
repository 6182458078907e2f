"""WebSub: what was announced last, who is to be told, and what is still to be said."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import NEVER_REUSE_AN_ID, Base


class Topic(Base):
    """A live document as it was last announced; `path` is its place below `feeds/`.

    What a build writes is compared with it, so that nothing is lost between writing a file and
    noting whom to tell.
    """

    __tablename__ = "websub_topic"

    path: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]


class HubSubscription(Base):
    """That our hub sends a topic to a callback whenever it changes, until `expires`.

    `sent` is the SHA-256 of the document that the callback has. `due` is the moment from which a
    document is to be sent; None while there is nothing to send. Who sends moves it ahead first, so
    that nobody else does at the same time. `failing_since` and `attempts` are of the document at
    hand; `answer` says why it, or the last one, did not arrive.
    """

    __tablename__ = "websub_subscription"
    __table_args__ = (
        UniqueConstraint("topic", "callback"),
        Index("ix_websub_subscription_due", "due"),
        Index("ix_websub_subscription_host", "host"),
        Index("ix_websub_subscription_expires", "expires"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str]
    callback: Mapped[str]
    host: Mapped[str]
    secret: Mapped[str | None]
    expires: Mapped[datetime]
    sent: Mapped[str | None]
    due: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(default="")


class HubMode(StrEnum):
    """What a callback is asked, or told, about a subscription."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    DENIED = "denied"


class HubRequest(Base):
    """A request to our hub, until its callback has been asked whether it is meant.

    `topic` is the address as it was given. `due` is as in a subscription. A later request about
    the same has a higher id, and wins.
    """

    __tablename__ = "websub_request"
    __table_args__ = (
        UniqueConstraint("topic", "callback", "mode"),
        Index("ix_websub_request_due", "due"),
        Index("ix_websub_request_host", "host"),
        NEVER_REUSE_AN_ID,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mode: Mapped[str]
    topic: Mapped[str]
    callback: Mapped[str]
    host: Mapped[str]
    secret: Mapped[str | None]
    lease_seconds: Mapped[int]
    due: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)


class Hub(Base):
    """A hub elsewhere, and when it may next be told something. `due` is as in a subscription."""

    __tablename__ = "websub_hub"

    url: Mapped[str] = mapped_column(primary_key=True)
    due: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(default="")


class Ping(Base):
    """That a hub elsewhere is still to be told of a change of a topic.

    A further change makes a new row in place of the old one: what is told at the same moment does
    not count for it.
    """

    __tablename__ = "websub_ping"
    __table_args__ = (UniqueConstraint("hub", "topic"), NEVER_REUSE_AN_ID)

    id: Mapped[int] = mapped_column(primary_key=True)
    hub: Mapped[str]
    topic: Mapped[str]
