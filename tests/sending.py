"""An edition to send, and a way to send it, for the tests of delivery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from publisher.config.servers import parse_server
from publisher.delivery.lines import mail_text
from publisher.delivery.owner import new_name
from publisher.delivery.policy import Policy
from publisher.delivery.sender import deliver
from publisher.delivery.smtp.channel import Patience
from publisher.delivery.smtp.opening import Manners
from publisher.delivery.smtp.relay import Terms
from publisher.delivery.smtp.tls import believing, verifying
from publisher.delivery.smtp.transport import SmtpTransport
from publisher.delivery.transport import Letter, Transport
from publisher.model import Edition
from publisher.store import deliveries, subscribers
from publisher.store.deliveries import Due
from publisher.store.engine import Connection, Store
from publisher.store.ledger import Outcome
from tests.factories import join

NOW = datetime(2024, 5, 2, 18, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def edition(store: Store, readers: int | Sequence[str]) -> int:
    """A cut edition with a row for each reader; its id."""
    emails = (
        [f"reader{n}@example.org" for n in range(readers)] if isinstance(readers, int) else readers
    )
    with store.write() as session:
        made = Edition(list_name="daily", local_date=date(2024, 5, 2), cut_at=NOW)
        session.add(made)
        for start in range(0, len(emails), 500):
            join(session, "daily", [*emails[start : start + 500]])
        session.flush()
        active = [(s.subscriber_id, "v") for s in subscribers.active(session, "daily")]
        deliveries.prepare(session, made.id, active, NOW)
        return made.id


def letter(due: Due) -> Letter:
    """A small letter."""
    text = mail_text(f"To: {due.email}\r\nSubject: News\r\n\r\nHi\r\n".encode())
    return Letter(f"<{due.id}@example.org>", "news@example.org", due.email, text)


def smtp(*urls: str, seconds: float = 10.0, ca_file: Any = None, **more: Any) -> SmtpTransport:
    """A transport to these servers; `more` are terms of each."""
    terms = [Terms(parse_server(url), **{"connections": 4, **more}) for url in urls]
    manners = Manners(Patience.of(seconds), verifying(ca_file), believing(), "sender.example")
    return SmtpTransport(terms, manners)


def send(
    store: Store,
    edition_id: int,
    transport: Transport,
    *,
    moment: datetime = NOW,
    write: Any = letter,
    owner: str = "",
    **more: Any,
) -> list[Outcome]:
    """Send what is due at that moment; the outcomes."""
    ledger = deliveries.ledger_of(edition_id, owner or new_name())
    turns = deliver(store, ledger, write, transport, lambda: moment, **more)
    return [outcome for progress in turns for outcome in progress.outcomes]


@contextmanager
def turn(store: Store) -> Iterator[Connection]:
    """One transaction as a sender makes it."""
    with closing(store.turns()) as turns, turns.turn() as connection:
        yield connection


def states(store: Store, edition_id: int) -> dict[str, int]:
    """How many rows are in each state."""
    with store.read() as session:
        return deliveries.count_by_state(session, edition_id)


def said(store: Store, edition_id: int) -> dict[str, tuple[str, str]]:
    """State and reply of each reader who has not got the edition."""
    with store.read() as session:
        found = deliveries.troubled(session, edition_id)
    return {one[0].partition("@")[0]: (one[1], one[2]) for one in found}


def policy(**values: Any) -> Policy:
    """A policy with other values than usual."""
    return Policy(**values)
