"""What mails that came back say of readers, and what becomes of these by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.errors import UsageError
from publisher.model import (
    Cause,
    Delivery,
    DeliveryState,
    Edition,
    MailReport,
    Notice,
    ReportKind,
    Subscriber,
    SubscriberState,
    SubscriptionState,
)
from publisher.store import acts, subscribers

# An address is given up after a handful; more need not be read.
LOOKED_BACK = 100
# What a report makes of whom it is about; a soft bounce does so only after several.
CAUSES = {
    ReportKind.HARD: Cause.BOUNCED,
    ReportKind.COMPLAINT: Cause.COMPLAINED,
    ReportKind.UNSUBSCRIBE: Cause.MAILTO,
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a mail told of a subscriber; `mail` is that mail's own id."""

    kind: ReportKind
    subscriber_id: int
    list_name: str
    edition_id: int | None
    mail: str
    status: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class Patience:
    """An address is given up when so many editions in a row came back, over so many days."""

    editions: int
    days: int


def record(session: Session, told: Told, patience: Patience, now: datetime) -> MailReport | None:
    """Write down what a mail told, and change the subscriber's state where it says so.

    None where that mail has been written down already, or the subscriber is gone.
    """
    person = session.get(Subscriber, told.subscriber_id)
    if person is None or _is_known(session, told):
        return None
    state = _shown(session, person, told.list_name)
    report = MailReport(
        kind=told.kind,
        subscriber_id=told.subscriber_id,
        list_name=told.list_name,
        edition_id=told.edition_id,
        at=now,
        mail=told.mail,
        status=told.status,
        diagnostic=told.diagnostic,
        before=state,
        after=state,
    )
    session.add(report)
    session.flush()
    cause = CAUSES.get(told.kind)
    if told.kind is ReportKind.SOFT and _is_given_up(session, told.subscriber_id, patience):
        cause = Cause.BOUNCED
    if cause is not None:
        _apply(session, person, told, cause, now)
        report.after = _shown(session, person, told.list_name)
    return report


def _apply(session: Session, person: Subscriber, told: Told, cause: Cause, now: datetime) -> None:
    """Change what the report changes: the address, or for a wish to leave that list alone.

    What comes back from a list that the reader has left says nothing new of them.
    """
    place = subscribers.place_of(session, person, told.list_name)
    has_left = place.subscription_state is SubscriptionState.UNSUBSCRIBED
    if cause is Cause.MAILTO and place.subscription is not None:
        acts.act(session, told.list_name, place, cause, now)
    elif cause is Cause.COMPLAINED or (cause is Cause.BOUNCED and not has_left):
        acts.stop(session, person.id, cause, now, told.diagnostic)


def _shown(session: Session, person: Subscriber, list_name: str) -> str:
    """The state that the list shows the subscriber in, or the address's where it is on none."""
    where = acts.standing(subscribers.place_of(session, person, list_name))
    return where.shown or where.address.value


def undo(session: Session, report_id: int, now: datetime) -> tuple[MailReport, str]:
    """Take back what a report changed; the report, and the subscriber's address.

    It no longer counts then. Raises UsageError where there is no such report, where it was taken
    back already, or where the state has been changed since by something else.
    """
    report = session.get(MailReport, report_id)
    if report is None:
        raise UsageError(f"there is no report {report_id}; `publisher bounces list` names them")
    if report.undone is not None:
        raise UsageError(f"report {report_id} was taken back on {report.undone:%Y-%m-%d %H:%M}")
    person = session.get_one(Subscriber, report.subscriber_id)
    if report.after != report.before:
        state = _shown(session, person, report.list_name)
        if state != report.after:
            raise UsageError(
                f"{person.email} is {state} by now, and was {report.after} by report "
                f"{report_id}; something else has happened since"
            )
        left = report.list_name if report.kind == ReportKind.UNSUBSCRIBE else None
        bounced = report.before == SubscriberState.BOUNCED
        address = SubscriberState.BOUNCED if bounced else SubscriberState.DELIVERABLE
        acts.restore(session, person, left, now, f"report {report_id} was taken back", address)
    report.undone = now
    return report, person.email


def listed(session: Session, email: str, limit: int) -> Sequence[tuple[MailReport, str]]:
    """The newest reports with the addresses they are about; only those of `email`, if given."""
    query = select(MailReport, Subscriber.email).join(
        Subscriber, Subscriber.id == MailReport.subscriber_id
    )
    if email:
        query = query.where(Subscriber.email == email)
    rows = session.execute(query.order_by(MailReport.id.desc()).limit(limit))
    return [(report, address) for report, address in rows]


def list_of_edition(session: Session, edition_id: int) -> str:
    """The list of an edition; empty if there is no such edition."""
    found = session.get(Edition, edition_id)
    return found.list_name if found else ""


def list_of_notice(session: Session, notice_id: int) -> str:
    """The list that a notice was about; empty if there is no such notice."""
    found = session.get(Notice, notice_id)
    return found.list_name if found else ""


def address_of(session: Session, subscriber_id: int) -> str:
    """The address of a subscriber; empty if there is none."""
    found = session.get(Subscriber, subscriber_id)
    return found.email if found else ""


def _is_known(session: Session, told: Told) -> bool:
    query = select(MailReport.id).where(
        MailReport.mail == told.mail,
        MailReport.kind == told.kind,
        MailReport.subscriber_id == told.subscriber_id,
    )
    return session.scalar(query) is not None


def _is_given_up(session: Session, subscriber_id: int, patience: Patience) -> bool:
    """Whether the newest editions that came back were enough of them, with none that arrived."""
    failures = _soft_failures(session, subscriber_id)
    if len(failures) < patience.editions:
        return False
    arrived = _arrivals(session, subscriber_id, failures[-1], failures[0])
    run = failures[:1]
    for newer, older in pairwise(failures):
        if any(older < moment < newer for moment in arrived):
            break
        run.append(older)
    long_enough = run[0] - run[-1] >= timedelta(days=patience.days)
    return len(run) >= patience.editions and long_enough


def _soft_failures(session: Session, subscriber_id: int) -> list[datetime]:
    """When what came back was sent, newest first, each edition once, since the address was last
    given up, whether or not that was taken back."""
    query = (
        select(MailReport, Edition.cut_at)
        .outerjoin(Edition, Edition.id == MailReport.edition_id)
        .where(MailReport.subscriber_id == subscriber_id)
        .order_by(MailReport.id.desc())
        .limit(LOOKED_BACK)
    )
    moments: dict[object, datetime] = {}
    for report, cut_at in session.execute(query):
        if report.before != report.after:
            break
        if report.kind == ReportKind.SOFT and report.undone is None:
            moments[report.edition_id or f"report {report.id}"] = cut_at or report.at
    return sorted(moments.values(), reverse=True)


def _arrivals(
    session: Session, subscriber_id: int, since: datetime, until: datetime
) -> list[datetime]:
    """When editions were sent between the two that were accepted and did not come back."""
    came_back = select(MailReport.edition_id).where(
        MailReport.subscriber_id == subscriber_id,
        MailReport.edition_id.is_not(None),
        MailReport.undone.is_(None),
    )
    query = (
        select(Edition.cut_at)
        .join(Delivery, Delivery.edition_id == Edition.id)
        .where(
            Edition.cut_at > since,
            Edition.cut_at < until,
            Delivery.subscriber_id == subscriber_id,
            Delivery.state == DeliveryState.ACCEPTED,
            Edition.id.not_in(came_back),
        )
    )
    return list(session.scalars(query))
