"""Who may use the API, and who is told of what by it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import NEVER_REUSE_AN_ID, Base


class Scope(StrEnum):
    """What an access token is good for."""

    READ_ARTICLES = "articles:read"
    WRITE_ARTICLES = "articles:write"
    MAIL_READERS = "articles:mail"  # tell readers of a correction by mail
    WRITE_CATEGORIES = "categories:write"
    READ_EDITIONS = "editions:read"
    READ_SUBSCRIBERS = "subscribers:read"
    WRITE_SUBSCRIBERS = "subscribers:write"
    READ_DELIVERIES = "deliveries:read"
    WEBHOOKS = "webhooks:write"


class AccessToken(Base):
    """A program that may use the API. Of its secret only the hash is kept.

    `handle` is the part of the token that says which one it is; `name` is what people call it.
    `last_used` is right to the minute.
    """

    __tablename__ = "access_token"
    __table_args__ = (NEVER_REUSE_AN_ID,)

    id: Mapped[int] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[bytes]
    name: Mapped[str]
    scopes: Mapped[list[str]]
    created: Mapped[datetime]
    last_used: Mapped[datetime | None]
    revoked: Mapped[datetime | None]

    def may(self, scope: Scope) -> bool:
        """Whether it is good for that."""
        return scope in self.scopes


class KeyedRequest(Base):
    """A request with an Idempotency-Key that has made an article, so that it makes no second one.

    `fingerprint` is the SHA-256 of what it said.
    """

    __tablename__ = "keyed_request"
    __table_args__ = (Index("ix_keyed_request_at", "at"),)

    token_id: Mapped[int] = mapped_column(
        ForeignKey("access_token.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    article_id: Mapped[int]
    at: Mapped[datetime]


class Webhook(Base):
    """An address that is told of what happens. `host` is where it is; `answer` and `failing_since`
    say what is wrong with it, if something is."""

    __tablename__ = "webhook"
    __table_args__ = (NEVER_REUSE_AN_ID,)

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str]
    host: Mapped[str]
    secret: Mapped[str]
    created: Mapped[datetime]
    failing_since: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(default="")


class WebhookEvent(Base):
    """That a webhook is told of one kind of event."""

    __tablename__ = "webhook_event"
    __table_args__ = (Index("ix_webhook_event_event", "event"),)

    webhook_id: Mapped[int] = mapped_column(
        ForeignKey("webhook.id", ondelete="CASCADE"), primary_key=True
    )
    event: Mapped[str] = mapped_column(primary_key=True)


class WebhookMessage(Base):
    """One event that one webhook is still to be told of; database triggers make it, in the
    transaction of the event itself.

    `subject` is the row that it is about: of the change log, of the log of states, or an edition.
    `due` is the moment of the next try, or until when somebody is trying.
    """

    __tablename__ = "webhook_message"
    __table_args__ = (
        Index("ix_webhook_message_due", "due"),
        Index("ix_webhook_message_webhook", "webhook_id"),
        NEVER_REUSE_AN_ID,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    event: Mapped[str]
    subject: Mapped[int]
    at: Mapped[datetime]
    due: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
