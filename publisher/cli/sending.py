"""How far an edition is, in words and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from publisher.cli.common import counted
from publisher.delivery.codes import reasons
from publisher.model import Edition
from publisher.store import deliveries, workers
from publisher.store.engine import Session

PAGE = 100
# From so many answers it is told why letters were not taken; and so many reasons are told.
ANSWERS, REASONS = 5000, 5
# What the operator can do about it (docs/delivery.md).
ADVICE = {
    "policy": "refused by policy: mend what the servers complain of, then send --retry failed",
    "address": "of addresses that do not exist: they get no more mail",
    "rate": "put off, since mail comes too fast for the server: it is slowed down by itself",
    "mailbox": "not taken, since the mailbox is full or closed",
    "content": "unfit to be sent, or too large",
}
# What a mail that came back later says of one that had been accepted (docs/bounces.md).
REPORTS = {
    "hard": "came back: no such address",
    "soft": "came back: nothing is taken there now",
    "policy": "came back: refused by policy",
    "complaint": "called spam by the reader",
}


@dataclass(frozen=True, slots=True)
class Sending:
    """An edition on its way; `troubled` is a page of those who have not got it."""

    state: str
    first_date: date | None
    cut_at: datetime | None
    trouble: str
    deliveries: dict[str, int]
    faults: dict[str, int]
    reasons: list[dict[str, str | int]]
    reports: dict[str, int]
    workers: int
    per_second: float
    seconds_left: float | None
    troubled: list[dict[str, str]]
    page: int
    pages: int

    def lines(self, list_name: str, day: date) -> Iterator[str]:
        """The same for people."""
        counts = ", ".join(
            f"{number:,} {state}" for state, number in sorted(self.deliveries.items())
        )
        yield f"{list_name}, edition of {day}: {self.state}; {counts or 'nobody to send it to'}"
        if self.trouble:
            yield f"  it waits: {self.trouble}"
        if self.workers:
            left = "" if self.seconds_left is None else f", about {_span(self.seconds_left)} left"
            senders = counted(self.workers, "sender")
            yield f"  {senders} at work, {self.per_second:,.0f} letters a second{left}"
        for fault, advice in ADVICE.items():
            if number := self.faults.get(fault):
                yield f"  {number:,} {advice}"
        for report, meaning in REPORTS.items():
            if number := self.reports.get(report):
                yield f"  {number:,} accepted, and {meaning}"
        if number := self.deliveries.get("uncertain"):
            yield f"  {number:,} may have arrived: send --retry uncertain sends them once more"
        yield from why(self.reasons)
        for one in self.troubled:
            words = [one["email"], REPORTS.get(one["state"], one["state"]), one["reply"]]
            yield "  " + ": ".join(filter(None, words))
        if self.pages > 1:
            yield f"  page {self.page} of {self.pages} (--page)"


def state_of_sending(session: Session, edition: Edition, moment: datetime, page: int) -> Sending:
    """How far the edition is."""
    counts = deliveries.count_by_state(session, edition.id)
    at_work = workers.at(session, deliveries.work_of(edition.id), moment)
    rate = sum(one.rate for one in at_work)
    left = counts.get("pending", 0) + counts.get("sending", 0)
    reports = deliveries.count_by_report(session, edition.id)
    number = sum(counts.get(state, 0) for state in deliveries.TROUBLED) + sum(reports.values())
    troubled = deliveries.troubled(session, edition.id, PAGE, (page - 1) * PAGE)
    return Sending(
        state=edition.state,
        first_date=edition.first_date,
        cut_at=edition.cut_at,
        trouble=edition.trouble,
        deliveries=counts,
        faults=deliveries.count_by_fault(session, edition.id),
        reasons=reasons_of(session, edition.id),
        reports=reports,
        workers=len(at_work),
        per_second=rate,
        seconds_left=left / rate if rate else None,
        troubled=[{"email": e, "state": s, "reply": r} for e, s, r in troubled],
        page=page,
        pages=max(1, -(-number // PAGE)),
    )


def reasons_of(session: Session, edition_id: int) -> list[dict[str, str | int]]:
    """Why letters of an edition were refused or put off, by the codes that servers answered."""
    found = reasons(deliveries.replies(session, edition_id, ANSWERS))
    return [one._asdict() for one in found[:REASONS]]


def why(found: Sequence[Mapping[str, str | int]]) -> Iterator[str]:
    """The same for people."""
    for one in found:
        yield f"  {one['number']:,} × {one['code']}: {one['says']}"
        yield f"    → {one['do']}"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    minutes = seconds / 60
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
