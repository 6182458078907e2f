"""The ledger: one row for each edition and subscriber, written before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Text,
    and_,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from publisher.model import (
    Delivery,
    DeliveryState,
    Edition,
    EditionState,
    MailReport,
    ReportKind,
    Subscriber,
    UtcDateTime,
)
from publisher.store.json_rows import json_cells
from publisher.store.ledger import Ledger, Outcome
from publisher.store.subscribers import still_gets_editions

__all__ = [
    "Due",
    "Outcome",
    "count_by_fault",
    "count_by_report",
    "count_by_state",
    "finish",
    "is_waiting",
    "ledger_of",
    "prepare",
    "replies",
    "retry",
    "troubled",
]


# Whoever is in one of these states has not got the edition, or nobody knows.
TROUBLED = tuple(set(DeliveryState) - {DeliveryState.ACCEPTED, DeliveryState.PENDING})


class Due(NamedTuple):
    """One delivery to be made: to whom, which variant, and how often it was tried. `handle` stands
    for the subscriber in links."""

    id: int
    variant: str
    subscriber_id: int
    email: str
    name: str
    handle: int
    attempts: int = 0


def work_of(edition_id: int) -> str:
    """What a sender of the edition says it is at."""
    return f"edition {edition_id}"


def ledger_of(edition_id: int, owner: str, shard: Sequence[int] = ()) -> Ledger[Due]:
    """The ledger of an edition for the sender of that name; of a shard, only those rows (ids;
    PostgreSQL alone)."""
    state = select(Edition.state).where(Edition.id == edition_id).scalar_subquery()
    list_name = select(Edition.list_name).where(Edition.id == edition_id).scalar_subquery()
    row, reader = Delivery.__table__.c, Subscriber.__table__.c
    mine = [row.id == func.any(literal(list(shard), ARRAY(Integer)))] if shard else []
    return Ledger(
        Delivery,
        owner=owner,
        work=work_of(edition_id),
        scope=and_(row.edition_id == edition_id, *mine),
        going=state == EditionState.CUT,
        barred=~still_gets_editions(list_name),
        columns=(row.variant, reader.id, reader.email, reader.name, reader.handle, row.attempts),
        make=Due,
    )


def prepare(
    session: Session, edition_id: int, readers: Iterable[tuple[int, str]], now: datetime
) -> int:
    """Write a row for each (subscriber id, variant) that has none yet; how many were written.

    The readers of a large list come in parts, each in a transaction of its own.
    """
    sqlite = session.get_bind().dialect.name == "sqlite"
    who, variant = json_cells(sqlite, Integer(), Text())
    known = select(Delivery.id).where(
        Delivery.edition_id == edition_id, Delivery.subscriber_id == who
    )
    values = {
        "edition_id": literal(edition_id),
        "subscriber_id": who,
        "variant": variant,
        "state": literal(DeliveryState.PENDING, Text()),
        "reply": literal(""),
        "due": literal(now, UtcDateTime()),
        "changed": literal(now, UtcDateTime()),
    }
    rows = select(*values.values()).where(~known.exists())
    query = insert(Delivery.__table__).from_select(list(values), rows)  # type: ignore[arg-type]
    query = query.execution_options(preserve_rowcount=True)
    made = session.execute(query, {"rows": json.dumps(list(readers), ensure_ascii=False)})
    return int(made.rowcount)  # type: ignore[attr-defined]


def finish(session: Session, edition_id: int) -> bool:
    """Mark the edition as sent if nothing is left to be done for it; whether that is so."""
    open_states = [DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.DEFERRED]
    left = select(Delivery.id).where(
        Delivery.edition_id == edition_id, Delivery.state.in_(open_states)
    )
    if session.scalar(left.limit(1)) is not None:
        return False
    session.execute(
        update(Edition).where(Edition.id == edition_id, Edition.state == "cut").values(state="sent")
    )
    return True


def is_waiting(session: Session, edition_id: int, now: datetime) -> bool:
    """Whether there are rows that wait for their moment, and none that can be dealt with now."""
    mine = select(Delivery.id).where(Delivery.edition_id == edition_id)
    waiting = [DeliveryState.PENDING, DeliveryState.DEFERRED]
    ready = (mine.where(Delivery.state == state, Delivery.due <= now).limit(1) for state in waiting)
    sending = mine.where(Delivery.state == DeliveryState.SENDING).limit(1)
    if any(session.scalar(query) is not None for query in (*ready, sending)):
        return False
    return session.scalar(mine.where(Delivery.state.in_(waiting)).limit(1)) is not None


def count_by_state(session: Session, edition_id: int) -> dict[str, int]:
    """How many deliveries of the edition are in each state."""
    query = select(Delivery.state, func.count()).where(Delivery.edition_id == edition_id)
    return {row[0]: row[1] for row in session.execute(query.group_by(Delivery.state))}


def count_by_fault(session: Session, edition_id: int) -> dict[str, int]:
    """How many deliveries were refused, or put off, through whose fault."""
    query = select(Delivery.fault, func.count()).where(
        Delivery.edition_id == edition_id,
        Delivery.state.in_([DeliveryState.FAILED, DeliveryState.DEFERRED]),
        Delivery.fault != "",
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(Delivery.fault))}


def replies(session: Session, edition_id: int, limit: int) -> Sequence[str]:
    """What was answered to letters of the edition that were refused or put off, at most so many."""
    query = select(Delivery.reply).where(
        Delivery.edition_id == edition_id,
        Delivery.state.in_([DeliveryState.FAILED, DeliveryState.DEFERRED]),
    )
    return session.scalars(query.limit(limit)).all()


def count_by_report(session: Session, edition_id: int) -> dict[str, int]:
    """How many mails told of each kind of trouble after the edition had been accepted."""
    query = select(MailReport.kind, func.count()).where(*_came_back(edition_id))
    return {row[0]: row[1] for row in session.execute(query.group_by(MailReport.kind))}


def troubled(
    session: Session, edition_id: int, limit: int | None = None, offset: int = 0
) -> Sequence[tuple[str, str, str]]:
    """Address, state and reply of everybody who has not got the edition, by address.

    For what was accepted and came back later: the kind of report, and its words.
    """
    refused = (
        select(Subscriber.email, Delivery.state.label("state"), Delivery.reply.label("reply"))
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(Delivery.edition_id == edition_id, Delivery.state.in_(TROUBLED))
    )
    words = func.trim(MailReport.status + " " + MailReport.diagnostic)
    returned = (
        select(Subscriber.email, MailReport.kind, words)
        .join(MailReport, MailReport.subscriber_id == Subscriber.id)
        .where(*_came_back(edition_id))
    )
    both = union_all(refused, returned).subquery().c
    query = select(both.email, both.state, both.reply).order_by(both.email, both.state)
    found = session.execute(query.limit(limit).offset(offset))
    return [(email, state, reply) for email, state, reply in found]


def _came_back(edition_id: int) -> tuple[ColumnElement[bool], ...]:
    told = MailReport.kind != ReportKind.UNSUBSCRIBE, MailReport.undone.is_(None)
    return MailReport.edition_id == edition_id, *told


def retry(session: Session, edition_id: int, state: DeliveryState, now: datetime) -> int:
    """Let what is in this state be tried anew, at once; how many letters that is.

    An edition that had been sent is open again.
    """
    found = session.execute(
        update(Delivery)
        .where(Delivery.edition_id == edition_id, Delivery.state == state)
        .values(state=DeliveryState.PENDING, due=now, changed=now, attempts=0, owner=None, fault="")
        .execution_options(synchronize_session=False)
    )
    number = int(found.rowcount)  # type: ignore[attr-defined]
    if number:
        again = update(Edition).where(Edition.id == edition_id, Edition.state == EditionState.SENT)
        session.execute(again.values(state=EditionState.CUT))
    return number
