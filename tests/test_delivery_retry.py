"""What a refusal means: another try, an end, or an address that gets no more mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from publisher.delivery.verdict import wait_before
from publisher.model import Delivery, DeliveryState, Edition
from publisher.store import deliveries, subscribers
from publisher.store.engine import Store, open_store
from tests.sending import NOW, edition, said, send, smtp, states
from tests.smtp_server import Session, running

DAY = timedelta(hours=24)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def test_what_is_refused_for_now_is_tried_again_at_its_time(store: Store) -> None:
    edition_id = edition(store, 3)
    busy = True

    def script(session: Session, verb: str, argument: str) -> str | None:
        return "450 4.2.0 later" if busy and verb == "RCPT" and "reader1@" in argument else None

    with running(script) as server:
        send(store, edition_id, smtp(server.url()))
        assert states(store, edition_id) == {"accepted": 2, "deferred": 1}
        soon = NOW + timedelta(minutes=4)
        send(store, edition_id, smtp(server.url()), moment=soon)
        assert states(store, edition_id) == {"accepted": 2, "deferred": 1}
        busy = False
        send(store, edition_id, smtp(server.url()), moment=NOW + timedelta(minutes=6))
    assert states(store, edition_id) == {"accepted": 3}
    assert len(server.taken) == 3


def test_what_is_refused_for_now_again_and_again_fails_in_the_end(store: Store) -> None:
    edition_id = edition(store, 1)
    moment, tries = NOW, 0
    with running(lambda s, verb, a: "450 4.2.0 later" if verb == "RCPT" else None) as server:
        while states(store, edition_id) != {"failed": 1}:
            send(store, edition_id, smtp(server.url()), moment=moment)
            tries += 1
            moment += timedelta(hours=5)
    assert tries == 11
    assert said(store, edition_id)["reader0"] == (
        "failed",
        "given up after 11 tries in 24 hours; at last: 450 4.2.0 later",
    )


def test_the_waits_grow_and_end() -> None:
    waits = [wait_before(attempt, DAY) for attempt in range(1, 12)]
    minutes = [None if wait is None else wait / timedelta(minutes=1) for wait in waits]
    assert minutes == [5, 10, 20, 40, 80, 160, 240, 240, 240, 240, None]
    spread = {wait_before(1, DAY, row) for row in range(100)}
    assert len(spread) > 50
    assert max(wait for wait in spread if wait) <= timedelta(minutes=5.5)
    assert wait_before(1, timedelta()) is None


def test_an_edition_is_open_until_the_last_try(store: Store) -> None:
    edition_id = edition(store, 2)

    def script(_session: Session, verb: str, argument: str) -> str | None:
        return "450 later" if verb == "RCPT" and "reader0@" in argument else None

    with running(script) as server:
        send(store, edition_id, smtp(server.url()))
    with store.write() as session:
        row = session.scalar(select(Delivery).where(Delivery.state == "deferred"))
        assert row is not None
        row.due = NOW + DAY
        session.flush()
        assert not deliveries.finish(session, edition_id)
        assert deliveries.is_waiting(session, edition_id, NOW)
        assert not deliveries.is_waiting(session, edition_id, NOW + DAY)
        row.state = "failed"
        session.flush()
        assert deliveries.finish(session, edition_id)
        assert deliveries.retry(session, edition_id, DeliveryState.FAILED, NOW) == 1
        assert session.scalars(select(Edition.state)).all() == ["cut"]


@pytest.mark.parametrize("state", ["failed", "uncertain", "deferred"])
def test_what_did_not_arrive_can_be_tried_again_on_demand(store: Store, state: str) -> None:
    edition_id = edition(store, 3)
    with store.write() as session:
        row = session.scalars(select(Delivery)).all()[1]
        row.state, row.attempts, row.due = state, 7, NOW + DAY
    with running() as server:
        send(store, edition_id, smtp(server.url()))
        assert len(server.taken) == 2
        with store.write() as session:
            assert deliveries.retry(session, edition_id, DeliveryState(state), NOW) == 1
        send(store, edition_id, smtp(server.url()))
    assert len(server.taken) == 3
    assert states(store, edition_id) == {"accepted": 3}


def test_an_address_that_does_not_exist_gets_no_more_mail(store: Store) -> None:
    edition_id = edition(store, 4)
    replies = {
        "reader0@": "550 5.1.1 no such user here",
        "reader1@": "552 5.2.2 mailbox full",
        "reader2@": "550 5.7.1 we do not like you",
    }

    def script(session: Session, verb: str, argument: str) -> str | None:
        found = (text for part, text in replies.items() if part in argument)
        return next(found, None) if verb == "RCPT" else None

    with running(script) as server:
        send(store, edition_id, smtp(server.url()))
    assert states(store, edition_id) == {"accepted": 1, "failed": 3}
    with store.read() as session:
        assert subscribers.count_by_state(session, "daily") == {"active": 3, "bounced": 1}
        assert deliveries.count_by_fault(session, edition_id) == {
            "address": 1,
            "mailbox": 1,
            "policy": 1,
        }
