"""All that is stored about one person, for the person (GDPR, articles 15 and 20)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from publisher.model import Delivery, Edition, MailReport, Notice, Subscriber
from publisher.store import subscribers, transitions


def everything(session: Session, person: Subscriber) -> dict[str, Any]:
    """The address and its state, its subscriptions, their history, every mail sent to it and what
    came back, as values that JSON can hold (moments in ISO 8601)."""
    return {
        "email": person.email,
        "name": person.name,
        "state": person.state,
        "subscriptions": [
            {
                "list": one.list_name, "state": one.state, "since": one.since.isoformat(),
                "categories": one.categories, "language": one.language,
                "timezone": one.timezone, "format": one.format,
            }
            for one in subscribers.subscriptions_of(session, person.id)
        ],
        "history": [
            {
                "at": one.at.isoformat(), "list": one.list_name, "before": one.before,
                "after": one.after, "cause": one.cause, "note": one.note,
            }
            for one in transitions.of(session, person.id)
        ],
        "editions": [
            {
                "list": name, "date": day.isoformat(), "state": state, "reply": reply,
                "at": at.isoformat(),
            }
            for name, day, state, reply, at in session.execute(_editions(person.id))
        ],
        "other_mails": [
            {
                "kind": one.kind, "list": one.list_name, "details": one.details,
                "state": one.state, "reply": one.reply, "at": one.changed.isoformat(),
            }
            for one in session.scalars(_notices(person.id))
        ],
        "came_back": [
            {
                "kind": one.kind, "list": one.list_name, "status": one.status,
                "diagnostic": one.diagnostic, "at": one.at.isoformat(),
            }
            for one in session.scalars(_reports(person.id))
        ],
    }  # fmt: skip


def _editions(subscriber_id: int) -> Select[str, date, str, str, datetime]:
    return (
        select(
            Edition.list_name, Edition.local_date, Delivery.state, Delivery.reply, Delivery.changed
        )
        .join(Edition, Edition.id == Delivery.edition_id)
        .where(Delivery.subscriber_id == subscriber_id)
        .order_by(Edition.local_date, Edition.list_name)
    )


def _notices(subscriber_id: int) -> Select[Notice]:
    query = select(Notice).where(Notice.subscriber_id == subscriber_id)
    return query.order_by(Notice.changed, Notice.id)


def _reports(subscriber_id: int) -> Select[MailReport]:
    query = select(MailReport).where(MailReport.subscriber_id == subscriber_id)
    return query.order_by(MailReport.id)
