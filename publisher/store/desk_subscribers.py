"""Subscribers as operators look for them, and files of people that wait for a word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from publisher.model import (
    ImportReport,
    MailReport,
    SetAside,
    Subscriber,
    SubscriberState,
    Subscription,
    SubscriptionState,
    Upload,
)
from publisher.model.states import Standing

LAST_CHARACTER = "\U0010ffff"
STOPPED = (SubscriberState.BOUNCED, SubscriberState.COMPLAINED)


class Found(NamedTuple):
    """A line of a list, or an address on none."""

    id: int
    email: str
    name: str
    address_state: str
    list_name: str | None
    subscription_state: str | None
    since: datetime | None

    @property
    def state(self) -> str:
        """The one word for both states."""
        here = SubscriptionState(self.subscription_state) if self.subscription_state else None
        shown = Standing(SubscriberState(self.address_state), here).shown
        return shown or self.address_state


_columns = (
    Subscriber.id, Subscriber.email, Subscriber.name, Subscriber.state, Subscription.list_name,
    Subscription.state, Subscription.since,
)  # fmt: skip


def beginning_with(session: Session, text: str, limit: int) -> Sequence[Found]:
    """Addresses that begin with the text, each with its subscriptions."""
    same = (Subscriber.email >= text, Subscriber.email < text + LAST_CHARACTER)
    if session.get_bind().dialect.name != "sqlite":  # whose order of letters is not that of bytes
        same = (Subscriber.email.startswith(text, autoescape=True), Subscriber.email != "")
    query = (
        select(*_columns)
        .outerjoin(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(*same, Subscriber.state != SubscriberState.ERASED)
        .order_by(Subscriber.email)
        .limit(limit)
    )
    return [Found(*row) for row in session.execute(query)]


def on_list(
    session: Session, list_name: str, state: str, behind: int, limit: int
) -> Sequence[Found]:
    """The next of a list, of all or of one state, in the order in which they came."""
    query = (
        select(*_columns)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscription.list_name == list_name, Subscriber.id > behind, *_in_state(state))
        .order_by(Subscriber.id)
        .limit(limit)
    )
    return [Found(*row) for row in session.execute(query)]


def _in_state(state: str) -> tuple[ColumnElement[bool], ...]:
    """What must hold of who is shown in that state (`publisher.model.states.Standing.shown`)."""
    if not state:
        return ()
    if state == SubscriberState.BOUNCED:
        left = Subscription.state != SubscriptionState.UNSUBSCRIBED
        return (Subscriber.state == state, left)
    if state == SubscriberState.COMPLAINED:
        return (Subscriber.state == state,)
    if state == SubscriptionState.UNSUBSCRIBED:
        return (Subscription.state == state, Subscriber.state != SubscriberState.COMPLAINED)
    return (Subscription.state == state, Subscriber.state == SubscriberState.DELIVERABLE)


def by_id(session: Session, subscriber_id: int) -> Subscriber | None:
    """The subscriber of that id."""
    return session.get(Subscriber, subscriber_id)


def reports_on(session: Session, subscriber_id: int, limit: int) -> Sequence[MailReport]:
    """What mail that came back told of somebody, the latest first."""
    query = select(MailReport).where(MailReport.subscriber_id == subscriber_id)
    return session.scalars(query.order_by(MailReport.id.desc()).limit(limit)).all()


def keep_upload(session: Session, upload: Upload) -> int:
    """Keep a file until it is decided about; its number."""
    session.add(upload)
    session.flush()
    return upload.id


def upload_of(session: Session, number: int, user_id: int) -> Upload | None:
    """The file of that number, if that user has sent it."""
    found = session.get(Upload, number)
    return found if found is not None and found.user_id == user_id else None


def has_uploads(session: Session, before: datetime) -> bool:
    """Whether there is a file from before that moment."""
    return session.scalar(select(Upload.id).where(Upload.at < before).limit(1)) is not None


def forget_uploads(session: Session, before: datetime) -> None:
    """Nobody has decided about files from before that moment."""
    session.execute(delete(Upload).where(Upload.at < before))


def forget_upload(session: Session, number: int) -> None:
    """The file is decided about."""
    session.execute(delete(Upload).where(Upload.id == number))


def note_import(session: Session, report: ImportReport) -> None:
    """Keep what became of an import."""
    session.add(report)


def imports(session: Session, limit: int) -> Sequence[ImportReport]:
    """What became of the latest imports, the latest first."""
    return session.scalars(select(ImportReport).order_by(ImportReport.id.desc()).limit(limit)).all()


def set_aside(session: Session, limit: int) -> Sequence[SetAside]:
    """What waits to be mended, the latest first."""
    query = select(SetAside).order_by(SetAside.since.desc(), SetAside.id.desc())
    return session.scalars(query.limit(limit)).all()
