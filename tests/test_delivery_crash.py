"""What a crash leaves behind, and how several senders share an edition."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.delivery.maildir import MaildirTransport
from publisher.delivery.owner import LEASE, is_dead, new_name
from publisher.model import Delivery, DeliveryState, Subscriber, Worker
from publisher.store import deliveries, workers
from publisher.store.engine import Store, open_store
from publisher.store.ledger import Outcome
from tests.sending import NOW, SECOND, edition, policy, said, send, smtp, states, turn
from tests.smtp_server import Session, running

DAY = timedelta(hours=24)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def crashed(store: Store, edition_id: int, number: int, owner: str) -> None:
    """A sender of that name took so many rows, and was never heard of again."""
    with turn(store) as connection:
        ledger = deliveries.ledger_of(edition_id, owner)
        assert len(ledger.claim(connection, number, NOW)) == number
        workers.beat(connection, owner, NOW + LEASE, ledger.work, 0)


def a_dead_process() -> str:
    """The name of a sender of this machine whose process has ended."""
    machine, pid, began, _ = new_name().split("/")
    return f"{machine}/{pid}/{int(began) - 1}/1"


def test_what_was_being_sent_at_a_crash_is_in_doubt_at_once_and_held(
    store: Store, tmp_path: Path
) -> None:
    edition_id = edition(store, 120)
    crashed(store, edition_id, 100, a_dead_process())
    send(store, edition_id, MaildirTransport(tmp_path / "box"))
    assert states(store, edition_id) == {"accepted": 20, "uncertain": 100}
    assert said(store, edition_id)["reader0"] == (
        "uncertain",
        "its sender ended while it was being sent; it may have arrived",
    )


def test_what_is_in_doubt_is_sent_again_where_the_config_says_so(
    store: Store, tmp_path: Path
) -> None:
    edition_id = edition(store, 120)
    crashed(store, edition_id, 100, a_dead_process())
    resend = policy(after_crash=DeliveryState.PENDING)
    send(store, edition_id, MaildirTransport(tmp_path / "box"), policy=resend)
    assert states(store, edition_id) == {"accepted": 120}


def test_the_rows_of_a_sender_that_lives_are_left_alone(store: Store, tmp_path: Path) -> None:
    edition_id = edition(store, 120)
    elsewhere = "another.machine/77/12345/1"
    crashed(store, edition_id, 100, elsewhere)
    send(store, edition_id, MaildirTransport(tmp_path / "box"))
    assert states(store, edition_id) == {"accepted": 20, "sending": 100}
    later = NOW + LEASE + SECOND
    send(store, edition_id, MaildirTransport(tmp_path / "box"), moment=later)
    assert states(store, edition_id) == {"accepted": 20, "uncertain": 100}


def test_a_sender_that_was_taken_for_dead_can_still_say_what_it_knows(store: Store) -> None:
    edition_id = edition(store, 2)
    ledger = deliveries.ledger_of(edition_id, "slow.machine/1/1/1")
    with turn(store) as connection:
        taken = ledger.claim(connection, 2, NOW)
    with turn(store) as connection:
        other = deliveries.ledger_of(edition_id, new_name())
        assert other.recover(connection, lambda _: True, DeliveryState.UNCERTAIN, NOW) == 2
    with turn(store) as connection:
        ledger.record(connection, [Outcome(taken[0].id, DeliveryState.ACCEPTED, "250 Ok")], NOW)
    assert states(store, edition_id) == {"accepted": 1, "uncertain": 1}
    with turn(store) as connection:  # and only once
        ledger.record(connection, [Outcome(taken[0].id, DeliveryState.FAILED, "550 No")], NOW)
    assert states(store, edition_id) == {"accepted": 1, "uncertain": 1}


def test_a_process_is_known_by_more_than_its_number() -> None:
    assert not is_dead(new_name(), NOW + LEASE, NOW)
    assert is_dead(new_name(), NOW - SECOND, NOW), "our own process, and the sender gave up"
    assert is_dead(a_dead_process(), NOW + LEASE, NOW)
    assert not is_dead("another.machine/1/1/1", NOW + LEASE, NOW)
    assert is_dead("another.machine/1/1/1", NOW - SECOND, NOW)
    assert is_dead("another.machine/1/1/1", None, NOW)
    machine = new_name().partition("/")[0]
    assert not is_dead(f"{machine}/1/{_began(1)}/1", NOW - LEASE, NOW), "alive, if silent"


def _began(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def test_two_senders_share_an_edition(store: Store) -> None:
    edition_id = edition(store, 400)
    with running() as server:
        threads = [
            threading.Thread(target=send, args=[store, edition_id, smtp(server.url())])
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.recipients) == len(set(server.recipients)) == 400
    assert states(store, edition_id) == {"accepted": 400}
    with store.read() as session:
        assert session.scalars(select(Worker)).all() == []


def test_two_senders_of_a_process_share_the_bound(store: Store) -> None:
    one, two = policy(in_doubt=10), policy(in_doubt=10)
    with one.share() as first:
        assert first.room(0.0) == 10
        with one.share() as second:
            assert second.room(0.0) == 0, "the first one has everything"
            first.give_back(7)
            assert (first.room(0.0), second.room(0.0)) == (2, 5)
    with two.share() as third:
        assert third.room(0.0) == 10


def test_never_more_than_the_bound_is_in_doubt(store: Store) -> None:
    edition_id = edition(store, 60)
    seen = []

    def count(session: Session, verb: str, _argument: str) -> None:
        if verb == "CONTENT":
            seen.append(states(store, edition_id).get("sending", 0))

    with running(count) as server:
        send(store, edition_id, smtp(server.url()), policy=policy(in_doubt=7))
    assert len(server.taken) == 60
    assert 1 <= min(seen) <= max(seen) <= 7


def test_a_row_is_marked_before_its_letter_leaves(store: Store) -> None:
    edition_id = edition(store, 20)
    found = []

    def look(session: Session, verb: str, argument: str) -> None:
        if verb == "RCPT":
            email = argument.partition("<")[2].partition(">")[0]
            with store.read() as reading:
                query = select(Delivery.state).join(Subscriber).where(Subscriber.email == email)
                found.append(reading.scalar(query))

    with running(look) as server:
        send(store, edition_id, smtp(server.url()))
    assert found == ["sending"] * 20
