"""Every reader gets an edition once, and what is written down is what happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.delivery.maildir import MaildirTransport
from publisher.delivery.owner import new_name
from publisher.delivery.smtp.replies import Reply
from publisher.delivery.transport import UnreachableError
from publisher.model import Delivery, DeliveryState, Edition, Subscriber, Subscription
from publisher.store import deliveries
from publisher.store.engine import Store, open_store
from tests.sending import NOW, edition, letter, policy, said, send, smtp, states
from tests.smtp_server import Session, running

DAY = timedelta(hours=24)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def test_a_maildir_gets_one_file_a_reader(store: Store, tmp_path: Path) -> None:
    edition_id = edition(store, 250)
    send(store, edition_id, MaildirTransport(tmp_path / "box"))
    files = list((tmp_path / "box" / "new").glob("*.eml"))
    assert len(files) == 250
    assert not list((tmp_path / "box" / "tmp").iterdir())
    assert states(store, edition_id) == {"accepted": 250}


def test_a_server_gets_one_letter_a_reader(store: Store) -> None:
    edition_id = edition(store, 250)
    with running() as server:
        outcomes = send(store, edition_id, smtp(server.url()))
    assert sorted(server.recipients) == sorted(f"reader{n}@example.org" for n in range(250))
    assert states(store, edition_id) == {"accepted": 250}
    assert len(outcomes) == 250
    assert all(one.reply.startswith("250 2.0.0 Ok: queued as ") for one in outcomes)


def test_sending_again_sends_nothing_again(store: Store) -> None:
    edition_id = edition(store, 3)
    with running() as server:
        send(store, edition_id, smtp(server.url()))
        assert send(store, edition_id, smtp(server.url())) == []
    assert len(server.taken) == 3


def test_a_stop_leaves_the_rest_pending_and_loses_nobody(store: Store) -> None:
    edition_id = edition(store, 150)
    with running() as server:
        send(store, edition_id, smtp(server.url()), stopping=lambda: len(server.taken) >= 30)
        counts = states(store, edition_id)
        assert set(counts) == {"accepted", "pending"}
        assert counts["accepted"] == len(server.taken) >= 30
        assert counts["pending"] > 0
        send(store, edition_id, smtp(server.url()))
    assert len(server.recipients) == len(set(server.recipients)) == 150


def test_whoever_stops_listening_in_the_middle_loses_nothing(store: Store) -> None:
    edition_id = edition(store, 100)
    from publisher.delivery.sender import deliver

    with running() as server:
        ledger = deliveries.ledger_of(edition_id, new_name())
        transport = smtp(server.url())
        turns = deliver(store, ledger, letter, transport, lambda: NOW, policy=policy(in_doubt=20))
        next(turns)
        turns.close()  # type: ignore[attr-defined]
        assert states(store, edition_id).get("accepted") == len(server.taken)
        assert "sending" not in states(store, edition_id)
        send(store, edition_id, transport)
    assert len(server.recipients) == len(set(server.recipients)) == 100


def test_a_person_can_stop_an_edition_from_elsewhere(store: Store) -> None:
    edition_id = edition(store, 200)

    def stop(session: Session, verb: str, _argument: str) -> None:
        if verb == "CONTENT" and len(server.taken) == 20:
            with store.write() as writing:
                found = writing.get(Edition, edition_id)
                assert found is not None
                found.state = "stopped"

    with running(stop) as server:
        send(store, edition_id, smtp(server.url()), policy=policy(in_doubt=10))
    counts = states(store, edition_id)
    assert counts == {"accepted": len(server.taken), "pending": 200 - len(server.taken)}
    assert len(server.taken) <= 40


def test_a_server_that_is_not_there_leaves_everything_pending(store: Store) -> None:
    edition_id = edition(store, 3)
    with pytest.raises(UnreachableError, match=r"mail server 127\.0\.0\.1:1 cannot be used"):
        send(store, edition_id, smtp("smtp://127.0.0.1:1"))
    assert states(store, edition_id) == {"pending": 3}


def test_who_leaves_before_the_turn_comes_gets_nothing(store: Store) -> None:
    edition_id = edition(store, 5)
    with store.write() as session:
        left, gone, other = (session.get_one(Subscriber, number) for number in (2, 3, 4))
        subscription = select(Subscription).where(Subscription.subscriber_id == left.id)
        session.scalars(subscription).one().state = "unsubscribed"
        gone.state = "bounced"
        elsewhere = Subscription(
            subscriber=other, list_name="weekly", state="unsubscribed", since=NOW
        )
        session.add(elsewhere)
    with running() as server:
        send(store, edition_id, smtp(server.url()))
    assert len(server.taken) == 3
    assert states(store, edition_id) == {"accepted": 3, "suppressed": 2}
    assert "has left" in said(store, edition_id)["reader1"][1]


def test_a_letter_that_cannot_be_written_fails_alone(store: Store) -> None:
    edition_id = edition(store, 3)

    def write(due: deliveries.Due) -> object:
        if due.email == "reader1@example.org":
            raise ValueError("a header cannot hold a line break")
        return letter(due)

    with running() as server:
        send(store, edition_id, smtp(server.url()), write=write)
    assert states(store, edition_id) == {"accepted": 2, "failed": 1}
    assert said(store, edition_id)["reader1"] == ("failed", "a header cannot hold a line break")


def test_a_fault_of_ours_stops_everything_and_loses_nothing(store: Store) -> None:
    edition_id = edition(store, 30)

    def write(due: deliveries.Due) -> object:
        if due.email == "reader9@example.org":
            raise ZeroDivisionError("a broken template")
        return letter(due)

    with running() as server, pytest.raises(ZeroDivisionError):
        send(store, edition_id, smtp(server.url()), write=write)
    counts = states(store, edition_id)
    assert set(counts) <= {"accepted", "pending"}
    assert counts.get("accepted", 0) == len(server.taken) < 30


def test_a_letter_for_later_waits_for_its_moment(store: Store) -> None:
    edition_id = edition(store, 3)
    with store.write() as session:
        row = session.scalars(select(Delivery)).all()[2]
        row.due = NOW + timedelta(hours=3)
    with running() as server:
        send(store, edition_id, smtp(server.url()))
        assert states(store, edition_id) == {"accepted": 2, "pending": 1}
        send(store, edition_id, smtp(server.url()), moment=NOW + timedelta(hours=3))
    assert states(store, edition_id) == {"accepted": 3}


def test_the_same_letter_twice_is_one_file(store: Store, tmp_path: Path) -> None:
    edition_id = edition(store, 1)
    for _ in range(2):
        send(store, edition_id, MaildirTransport(tmp_path / "box"))
        with store.write() as session:
            deliveries.retry(session, edition_id, DeliveryState.ACCEPTED, NOW)
    assert len(list((tmp_path / "box" / "new").iterdir())) == 1


def test_a_mailbox_that_cannot_be_written_leaves_everything_pending(
    store: Store, tmp_path: Path
) -> None:
    edition_id = edition(store, 3)
    (tmp_path / "box").write_text("a file stands where the mailbox should be")
    with pytest.raises(UnreachableError, match="cannot be used"):
        send(store, edition_id, MaildirTransport(tmp_path / "box"))
    assert states(store, edition_id) == {"pending": 3}


def test_replies_are_kept_on_one_line_whatever_a_server_says() -> None:
    assert Reply(250, b"2.0.0 Ok\n\xff\x00 two").text == "250 2.0.0 Ok \ufffd two"
