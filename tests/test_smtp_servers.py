"""Servers that are silent, slow, hostile or away, and those that have limits of their own."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.delivery.smtp import relay
from publisher.delivery.transport import UnreachableError
from publisher.errors import DeliveryError
from publisher.store.engine import Store, open_store
from tests.sending import NOW, edition, policy, said, send, smtp, states
from tests.smtp_scripts import KINDS, OTHERS, READERS, check, for_one, once
from tests.smtp_server import Answer, Do, Session, running


@pytest.fixture
def store(migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    """On SQLite alone: what servers do has nothing to do with where it is written down."""
    file = tmp_path / "newsroom.db"
    shutil.copyfile(migrated_file, file)
    opened = open_store(f"sqlite:///{file}")
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "FIRST_REST", 0.02)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return KINDS[request.param]


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_silent_server_is_left_and_what_it_had_is_not_lost(store: Store, verb: str) -> None:
    edition_id = edition(store, 3)

    def script(_session: Session, asked: str, _argument: str) -> Answer:
        return Do.NOTHING if asked == verb else None

    start = time.monotonic()
    with running(script) as server, pytest.raises(UnreachableError, match="silent for too long"):
        send(store, edition_id, smtp(server.url(), seconds=0.2, connections=1))
    assert time.monotonic() - start < 30
    assert states(store, edition_id) == {"pending": 3}


def test_a_server_that_falls_silent_after_a_letter_leaves_it_in_doubt(store: Store) -> None:
    edition_id = edition(store, 5)
    with running(once("CONTENT", Do.NOTHING)) as server:
        send(store, edition_id, smtp(server.url(), seconds=0.3))
    check(store, edition_id, server.recipients, accepted=4, uncertain=1)


def test_a_slow_server_is_waited_for(store: Store) -> None:
    edition_id = edition(store, 4)
    with running() as server:
        server.delay = 0.1
        send(store, edition_id, smtp(server.url(), seconds=5))
    check(store, edition_id, server.recipients, accepted=4)


def test_a_server_that_drips_is_not_waited_for_forever(store: Store) -> None:
    edition_id = edition(store, 1)
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        with listener, listener.accept()[0] as connection:
            for _ in range(200):
                try:
                    connection.sendall(b"2")
                except OSError:
                    return
                time.sleep(0.05)

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    with pytest.raises(UnreachableError, match="silent for too long"):
        send(store, edition_id, smtp(f"smtp://127.0.0.1:{port}", seconds=0.5))
    thread.join()
    assert states(store, edition_id) == {"pending": 1}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("554 5.7.1 go away", "it greets with 554 5.7.1 go away"),
        ("421 4.3.2 too busy", "it greets with 421 4.3.2 too busy"),
        (b"HTTP/1.1 400 Bad Request\r\n", "no reply of a mail server"),
        (b"220 " + b"x" * 10_000_000, "longer than 4096 bytes"),
        (Do.CLOSE, "the server closed the connection"),
        (Do.RESET, "cannot be used"),
    ],
)
def test_a_server_that_wants_no_mail_leaves_everything_pending(
    store: Store, answer: Answer, reason: str
) -> None:
    edition_id = edition(store, 3)

    def script(_session: Session, verb: str, _argument: str) -> Answer:
        return answer if verb == "CONNECT" else None

    with running(script) as server, pytest.raises(UnreachableError, match=reason):
        send(store, edition_id, smtp(server.url()))
    assert states(store, edition_id) == {"pending": 3}


@pytest.mark.parametrize("answer", ["421 4.3.2 not now", "550 5.7.1 who are you?"])
def test_a_server_that_wants_no_greeting_leaves_everything_pending(
    store: Store, answer: str
) -> None:
    edition_id = edition(store, 3)

    def script(_session: Session, verb: str, _argument: str) -> Answer:
        return answer if verb in ("EHLO", "HELO") else None

    with running(script) as server, pytest.raises(UnreachableError, match=answer):
        send(store, edition_id, smtp(server.url()))
    assert states(store, edition_id) == {"pending": 3}


def test_replies_that_nobody_asked_for_are_not_taken_for_answers(store: Store) -> None:
    edition_id = edition(store, 3)

    def script(_session: Session, verb: str, _argument: str) -> Answer:
        return b"250 a\r\n250 b\r\n250 c\r\n354 d\r\n250 e\r\n" if verb == "MAIL" else None

    with running(script) as server, pytest.raises(UnreachableError, match="without being asked"):
        send(store, edition_id, smtp(server.url()))
    assert states(store, edition_id) == {"pending": 3}
    assert server.taken == []


@pytest.mark.parametrize("limit", [1, 3])
def test_a_server_that_closes_after_some_letters_costs_nobody_anything(
    store: Store, kind: tuple[str, ...], limit: int
) -> None:
    edition_id = edition(store, READERS)

    def script(session: Session, verb: str, _argument: str) -> Answer:
        return Do.CLOSE if verb == "MAIL" and session.taken >= limit else None

    with running(script, extensions=kind) as server:
        outcomes = send(store, edition_id, smtp(server.url()))
    check(store, edition_id, server.recipients, accepted=READERS)
    assert {one.attempts for one in outcomes} == {1}
    assert all(session.taken <= limit for session in server.sessions)


def test_a_limit_that_a_server_shows_is_learnt(store: Store) -> None:
    edition_id = edition(store, 100)

    def script(session: Session, verb: str, _argument: str) -> Answer:
        return Do.CLOSE if verb == "MAIL" and session.taken >= 5 else None

    with running(script) as server:
        send(store, edition_id, smtp(server.url(), connections=1))
    check(store, edition_id, server.recipients, accepted=100)
    assert server.verbs.count("QUIT") >= 15, "after two surprises it closes in order"


def test_our_own_limit_of_letters_a_connection_is_kept(store: Store) -> None:
    edition_id = edition(store, 50)
    with running() as server:
        send(store, edition_id, smtp(server.url(), messages_per_connection=7))
    check(store, edition_id, server.recipients, accepted=50)
    assert max(session.taken for session in server.sessions) == 7


def test_a_server_that_takes_two_connections_gets_two(store: Store) -> None:
    edition_id = edition(store, 60)
    open_now: set[int] = set()

    def script(session: Session, verb: str, _argument: str) -> Answer:
        if verb == "CONNECT":
            if len(open_now) >= 2:
                return "421 4.7.0 too many connections"
            open_now.add(session.number)
        return None

    with running(script) as server:
        server.delay = 0.001
        send(store, edition_id, smtp(server.url(), connections=6))
    check(store, edition_id, server.recipients, accepted=60)


def test_a_server_that_goes_away_and_comes_back_gets_the_rest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "FIRST_REST", 0.5)
    edition_id = edition(store, 200)
    with running() as server:

        def restart() -> None:
            while len(server.taken) < 40:
                time.sleep(0.002)
            server.stop()
            time.sleep(0.3)
            server.start()

        thread = threading.Thread(target=restart)
        thread.start()
        server.delay = 0.001
        send(store, edition_id, smtp(server.url()))
        thread.join()
    counts = states(store, edition_id)
    assert counts["accepted"] + counts.get("uncertain", 0) == 200
    assert counts.get("uncertain", 0) <= 4, "one for each connection"
    assert len(server.recipients) == len(set(server.recipients))


def test_a_letter_that_breaks_every_connection_does_not_hold_up_the_others(store: Store) -> None:
    edition_id = edition(store, READERS)
    with running(for_one("RCPT", Do.CLOSE)) as server:
        send(store, edition_id, smtp(server.url()))
    check(store, edition_id, server.recipients, accepted=OTHERS, deferred=1)
    assert "connections break" in said(store, edition_id)["reader7"][1]


def test_a_server_that_refuses_everything_by_policy_is_not_asked_a_million_times(
    store: Store,
) -> None:
    edition_id = edition(store, 400)

    def script(_session: Session, verb: str, _argument: str) -> Answer:
        return "554 5.7.1 relay access denied" if verb == "RCPT" else None

    with running(script) as server, pytest.raises(DeliveryError, match="refuses everything"):
        send(store, edition_id, smtp(server.url()))
    counts = states(store, edition_id)
    assert 50 <= counts["failed"] <= 200
    assert counts["pending"] == 400 - counts["failed"]


def test_letters_are_shared_by_weight_and_a_dead_relay_is_passed_over(store: Store) -> None:
    edition_id = edition(store, 300)
    with running() as one, running() as two:
        for server in (one, two):
            server.delay = 0.001
        urls = (one.url(), two.url(), "smtp://127.0.0.1:1")
        send(store, edition_id, smtp(*urls, connections=2), policy=policy(in_doubt=20))
    taken = [*one.recipients, *two.recipients]
    check(store, edition_id, taken, accepted=300)
    assert min(len(one.taken), len(two.taken)) > 60


def test_the_clock_of_the_machine_may_jump(store: Store) -> None:
    edition_id = edition(store, 200)
    with running() as server:
        for days, most in ((0, 60), (10_000, 120), (-10_000, 180)):
            moment = NOW + timedelta(days=days)
            send(
                store, edition_id, smtp(server.url()), moment=moment,
                stopping=lambda most=most: len(server.taken) > most,
            )  # fmt: skip
        assert 60 < len(server.taken) < 200, "nothing was due in that year"
        send(store, edition_id, smtp(server.url()))
    check(store, edition_id, server.recipients, accepted=200)
