"""Webhooks, and what they are still to be told; database triggers write the messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from publisher.model import (
    Article,
    Change,
    Edition,
    FrozenEdition,
    Subscriber,
    Transition,
    Webhook,
    WebhookEvent,
    WebhookMessage,
)

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
UNSEEN: dict[str, Any] = {"execution_options": {"synchronize_session": False}}


@dataclass(frozen=True, slots=True)
class Message:
    """What one webhook is to be told; ours to send until `until`, once it is claimed."""

    id: int
    webhook_id: int
    url: str = field(repr=False)
    host: str
    secret: str = field(repr=False)
    event: str
    subject: int
    at: datetime
    attempts: int
    failing_since: datetime | None
    until: datetime | None = None


def add(session: Session, webhook: Webhook, events: Collection[str]) -> None:
    """A new webhook, which is told of these events from now on."""
    session.add(webhook)
    session.flush()
    session.add_all(
        WebhookEvent(webhook_id=webhook.id, event=event) for event in sorted(set(events))
    )
    session.flush()


def every(session: Session) -> Sequence[tuple[Webhook, list[str]]]:
    """All webhooks, oldest first, with the events that they are told of."""
    events: dict[int, list[str]] = {}
    for row in session.scalars(select(WebhookEvent).order_by(WebhookEvent.event)):
        events.setdefault(row.webhook_id, []).append(row.event)
    found = session.scalars(select(Webhook).order_by(Webhook.id)).all()
    return [(one, events.get(one.id, [])) for one in found]


def count(session: Session) -> int:
    """How many webhooks there are."""
    return session.scalar(select(func.count()).select_from(Webhook)) or 0


def waiting(session: Session) -> dict[int, int]:
    """How many messages wait for each webhook (by its id)."""
    query = select(WebhookMessage.webhook_id, func.count()).group_by(WebhookMessage.webhook_id)
    return {row[0]: row[1] for row in session.execute(query)}


def remove(session: Session, webhook_id: int) -> bool:
    """Tell a webhook nothing more; whether there was one."""
    for table, key in (
        (WebhookMessage, WebhookMessage.webhook_id),
        (WebhookEvent, WebhookEvent.webhook_id),
    ):
        session.execute(delete(table).where(key == webhook_id), **UNSEEN)
    done = session.execute(delete(Webhook).where(Webhook.id == webhook_id), **UNSEEN)
    return bool(done.rowcount)  # type: ignore[attr-defined]


def is_anything_due(session: Session, now: datetime, busy: Collection[str]) -> bool:
    """Whether any webhook is to be told something now, but for `busy` hosts."""
    query = select(WebhookMessage.id).where(WebhookMessage.due <= now)
    if busy:
        query = query.join(Webhook, Webhook.id == WebhookMessage.webhook_id)
        query = query.where(Webhook.host.not_in(busy))
    return session.scalar(query.limit(1)) is not None


def due(session: Session, now: datetime, limit: int, busy: Collection[str]) -> list[Message]:
    """What is due, longest waiting first; `claim` makes it ours."""
    query = (
        select(WebhookMessage, Webhook)
        .join(Webhook, Webhook.id == WebhookMessage.webhook_id)
        .where(WebhookMessage.due <= now, Webhook.host.not_in(busy))
        .order_by(WebhookMessage.due, WebhookMessage.id)
        .limit(limit)
    )
    return [
        Message(
            one.id, hook.id, hook.url, hook.host, hook.secret, one.event, one.subject, one.at,
            one.attempts, one.failing_since,
        )
        for one, hook in session.execute(query)
    ]  # fmt: skip


def claim(session: Session, messages: Collection[Message], until: datetime) -> list[Message]:
    """Keep everybody else from sending these until then."""
    ids = [one.id for one in messages]
    mine = update(WebhookMessage).where(WebhookMessage.id.in_(ids))
    session.execute(mine.values(due=until), **UNSEEN)
    return [replace(one, until=until) for one in messages]


def put_off(session: Session, message: Message, later: datetime) -> None:
    """Send it later; it has not been tried."""
    session.execute(_ours(message).values(due=later), **UNSEEN)


def delivered(session: Session, message: Message) -> None:
    """The webhook knows it."""
    session.execute(delete(WebhookMessage).where(WebhookMessage.id == message.id), **UNSEEN)
    well = update(Webhook).where(
        Webhook.id == message.webhook_id, Webhook.failing_since.is_not(None)
    )
    session.execute(well.values(failing_since=None, answer=""), **UNSEEN)


def failed(
    session: Session, message: Message, again: datetime | None, now: datetime, answer: str
) -> None:
    """It did not arrive; it is tried again at that moment, or never (None)."""
    since = message.failing_since or now
    if again is None:
        session.execute(delete(WebhookMessage).where(WebhookMessage.id == message.id), **UNSEEN)
    else:
        values = {"due": again, "attempts": message.attempts + 1, "failing_since": since}
        session.execute(_ours(message).values(**values), **UNSEEN)
    hook = update(Webhook).where(Webhook.id == message.webhook_id)
    session.execute(hook.values(answer=answer), **UNSEEN)
    session.execute(hook.where(Webhook.failing_since.is_(None)).values(failing_since=now), **UNSEEN)


def _ours(message: Message) -> Any:
    """The row, if it is still ours: who took too long has lost it to another."""
    return update(WebhookMessage).where(
        WebhookMessage.id == message.id, WebhookMessage.due == message.until
    )


def changes(session: Session, ids: Collection[int]) -> dict[int, tuple[Change, Article | None]]:
    """Rows of the change log by position, each with its article if it is still there."""
    query = select(Change, Article).outerjoin(Article, Article.id == Change.article_id)
    found = session.execute(query.where(Change.position.in_(ids)))
    return {change.position: (change, article) for change, article in found}


def transitions(session: Session, ids: Collection[int]) -> dict[int, tuple[Transition, Subscriber]]:
    """Rows of the log of states by id, each with its subscriber."""
    query = select(Transition, Subscriber).join(
        Subscriber, Subscriber.id == Transition.subscriber_id
    )
    found = session.execute(query.where(Transition.id.in_(ids)))
    return {row.id: (row, person) for row, person in found}


def editions(session: Session, ids: Collection[int]) -> Mapping[int, tuple[Edition, str]]:
    """Editions by id, with their subjects."""
    query = select(Edition, FrozenEdition.subject).outerjoin(
        FrozenEdition, FrozenEdition.edition_id == Edition.id
    )
    found = session.execute(query.where(Edition.id.in_(ids)))
    return {edition.id: (edition, subject or "") for edition, subject in found}
