"""Forgetting people: who asked for it, and who never confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Text, cast, delete, exists, literal, or_, select, text, update
from sqlalchemy.orm import Session

from publisher.model import (
    Cause,
    Delivery,
    DeliveryState,
    MailReport,
    Notice,
    NoticeKind,
    Subscriber,
    SubscriberState,
    Subscription,
    SubscriptionState,
    Transition,
)
from publisher.model.people import new_handle
from publisher.store import suppressions, transitions
from publisher.store.engine import Store

_WAITING = (DeliveryState.PENDING, DeliveryState.DEFERRED)
# As a literal, so that a database can see that its partial index is meant.
_IS_PENDING = Subscription.state == literal(SubscriptionState.PENDING, literal_execute=True)


def erase(
    session: Session, person: Subscriber, remembered: SubscriberState, now: datetime
) -> dict[str, int]:
    """Take everything personal of a subscriber out of every table, for good.

    What is left is a row without address that the ledgers count by, and the address's keyed hash
    on the suppression list, with the state that is `remembered`. How much there was in each table.
    """
    suppressions.add(session, person.email, remembered, now)
    of_person = {"subscriber_id": person.id}
    done = {
        "subscriptions": _run(session, delete(Subscription).filter_by(**of_person)),
        "transitions": _run(session, update(Transition).filter_by(**of_person).values(note="")),
        "deliveries": _forget_mail(session, Delivery, person.id, now),
        "notices": _forget_mail(session, Notice, person.id, now),
        "reports": _forget_reports(session, person.id),
    }
    before = person.state
    person.email, person.name = f"erased-{person.id}", ""
    person.state, person.handle = SubscriberState.ERASED, new_handle()
    row = {"before": before, "after": SubscriberState.ERASED, "cause": Cause.ERASED, "at": now}
    transitions.add(session, [{**of_person, **row}])
    return done


def _forget_mail(
    session: Session, ledger: type[Delivery] | type[Notice], subscriber_id: int, now: datetime
) -> int:
    """A server's reply can hold the address; what has not left must not leave any more."""
    of_person = ledger.subscriber_id == subscriber_id
    stopped = {"state": DeliveryState.SUPPRESSED, "changed": now}
    _run(session, update(ledger).where(of_person, ledger.state.in_(_WAITING)).values(stopped))
    return _run(session, update(ledger).where(of_person).values(reply=""))


def _forget_reports(session: Session, subscriber_id: int) -> int:
    """What came back quotes the address, and the ids of such mails can hold it."""
    mail = literal("erased ").concat(cast(MailReport.id, Text))
    reports = update(MailReport).where(MailReport.subscriber_id == subscriber_id)
    return _run(session, reports.values(diagnostic="", mail=mail))


def overwrite_deleted(session: Session) -> None:
    """On SQLite, have what this session frees filled with zeros."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA secure_delete=ON"))


def wipe(store: Store) -> None:
    """On SQLite, empty the write-ahead log, which still holds what was deleted.

    PostgreSQL clears its pages by vacuum.
    """
    if store.is_sqlite:
        connection = store.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()


def expired(session: Session, oldest: datetime, limit: int) -> Sequence[Subscription]:
    """Subscriptions that have been pending since before `oldest`, and whose last confirm mail left
    before that too; one that still waits to leave keeps its subscription."""
    asked = exists().where(
        Notice.kind == NoticeKind.CONFIRM,
        Notice.subscriber_id == Subscription.subscriber_id,
        Notice.list_name == Subscription.list_name,
        or_(Notice.changed >= oldest, Notice.state.in_(_WAITING)),
    )
    query = select(Subscription).where(_IS_PENDING, Subscription.since < oldest, ~asked)
    return session.scalars(query.order_by(Subscription.since).limit(limit)).all()


def remove(session: Session, subscriptions: Sequence[Subscription]) -> None:
    """Delete subscriptions, and those of their subscribers of whom nothing must be remembered:
    deliverable addresses that are on no list, and to which no edition was ever sent."""
    ids = [one.id for one in subscriptions]
    people = [one.subscriber_id for one in subscriptions]
    _run(session, delete(Subscription).where(Subscription.id.in_(ids)))
    subscribed = exists().where(Subscription.subscriber_id == Subscriber.id)
    written_to = exists().where(Delivery.subscriber_id == Subscriber.id)
    strangers = delete(Subscriber).where(
        Subscriber.id.in_(people),
        Subscriber.state == SubscriberState.DELIVERABLE,
        ~subscribed,
        ~written_to,
    )
    _run(session, strangers)


def _run(session: Session, statement: Any) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return result.rowcount if isinstance(result, CursorResult) else 0
