"""Every reader gets an edition once, through a real mailbox or a real SMTP server."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from publisher.delivery.ledger import deliver
from publisher.delivery.maildir import MaildirTransport
from publisher.delivery.smtp import SmtpTransport
from publisher.delivery.transport import Letter, Transport, UnreachableError
from publisher.model import Edition
from publisher.store import deliveries, subscribers
from publisher.store.deliveries import Due
from publisher.store.engine import Store, open_store
from tests.factories import join

NOW = datetime(2024, 5, 2, 18, 0, tzinfo=UTC)


def now() -> datetime:
    return NOW


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def edition(store: Store, readers: int) -> int:
    with store.write() as session:
        made = Edition(list_name="daily", local_date=date(2024, 5, 2), cut_at=NOW)
        session.add(made)
        join(session, "daily", [f"reader{n}@example.org" for n in range(readers)])
        session.flush()
        active = [(s.subscriber_id, "v") for s in subscribers.active(session, "daily")]
        deliveries.prepare(session, made.id, active, NOW)
        return made.id


def letter(due: Due) -> Letter:
    return Letter(
        f"<{due.id}@example.org>", "news@example.org", due.email, b"Subject: x\r\n\r\nHi\r\n"
    )


def send(store: Store, edition_id: int, transport: Transport, **more: Any) -> None:
    for _ in deliver(store, edition_id, letter, transport, now, **more):
        pass


def states(store: Store, edition_id: int) -> dict[str, int]:
    with store.read() as session:
        return deliveries.count_by_state(session, edition_id)


@dataclass
class Handler:
    """A mail server's mind: takes what it is sent, but says `answer(recipient)` first."""

    answer: Callable[[str], str | None] = lambda _recipient: None
    taken: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        refusal = self.answer(address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken += envelope.rcpt_tos
        return "250 taken"


@pytest.fixture
def smtp() -> Iterator[tuple[Handler, SmtpTransport]]:
    handler = Handler()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, SmtpTransport(f"smtp://127.0.0.1:{port}", timeout=5)
    controller.stop()


def test_a_maildir_gets_one_file_a_reader(store: Store, tmp_path: Path) -> None:
    edition_id = edition(store, 250)
    send(store, edition_id, MaildirTransport(tmp_path / "box"))
    files = list((tmp_path / "box" / "new").glob("*.eml"))
    assert len(files) == 250
    assert not list((tmp_path / "box" / "tmp").iterdir())
    assert states(store, edition_id) == {"accepted": 250}


def test_a_server_gets_one_letter_a_reader(
    store: Store, smtp: tuple[Handler, SmtpTransport]
) -> None:
    handler, transport = smtp
    edition_id = edition(store, 120)
    send(store, edition_id, transport)
    assert sorted(handler.taken) == sorted(f"reader{n}@example.org" for n in range(120))
    assert states(store, edition_id) == {"accepted": 120}


def test_sending_again_sends_nothing_again(
    store: Store, smtp: tuple[Handler, SmtpTransport]
) -> None:
    handler, transport = smtp
    edition_id = edition(store, 3)
    send(store, edition_id, transport)
    send(store, edition_id, transport)
    assert len(handler.taken) == 3


def test_a_refusal_is_kept_with_the_servers_words(
    store: Store, smtp: tuple[Handler, SmtpTransport]
) -> None:
    handler, transport = smtp
    refusals = {
        "reader0@example.org": "550 5.1.1 no such person",
        "reader1@example.org": "451 4.7.1 later please",
    }
    handler.answer = refusals.get
    edition_id = edition(store, 4)
    send(store, edition_id, transport)
    assert states(store, edition_id) == {"accepted": 2, "deferred": 1, "failed": 1}
    with store.read() as session:
        assert deliveries.troubled(session, edition_id) == [
            ("reader0@example.org", "failed", "550 5.1.1 no such person"),
            ("reader1@example.org", "deferred", "451 4.7.1 later please"),
        ]


def test_a_server_that_is_not_there_leaves_everything_pending(store: Store) -> None:
    edition_id = edition(store, 3)
    with pytest.raises(UnreachableError, match=r"mail server 127\.0\.0\.1:1 cannot be used"):
        send(store, edition_id, SmtpTransport("smtp://127.0.0.1:1", timeout=1))
    assert states(store, edition_id) == {"pending": 3}


def test_a_stop_leaves_the_rest_pending_and_loses_nobody(
    store: Store, smtp: tuple[Handler, SmtpTransport]
) -> None:
    handler, transport = smtp
    edition_id = edition(store, 150)
    send(store, edition_id, transport, stopping=lambda: len(handler.taken) >= 30)
    assert states(store, edition_id) == {"accepted": 30, "pending": 120}
    send(store, edition_id, transport)
    assert len(handler.taken) == len(set(handler.taken)) == 150


def test_what_was_being_sent_at_a_crash_is_in_doubt_and_held(store: Store, tmp_path: Path) -> None:
    edition_id = edition(store, 120)
    with store.write() as session:
        deliveries.claim(session, edition_id, 100, NOW)
    with store.write() as session:
        assert deliveries.doubt(session, edition_id, NOW, NOW) == 0
        later = NOW + timedelta(hours=1)
        assert deliveries.doubt(session, edition_id, later, later) == 100
    send(store, edition_id, MaildirTransport(tmp_path / "box"))
    assert states(store, edition_id) == {"accepted": 20, "uncertain": 100}


def test_the_same_letter_twice_is_one_file(tmp_path: Path) -> None:
    with MaildirTransport(tmp_path / "box") as transport:
        one = Letter("<1@x>", "a@x", "b@x", b"Subject: x\r\n\r\nHi\r\n")
        transport.send(one)
        transport.send(one)
    assert len(list((tmp_path / "box" / "new").iterdir())) == 1
