"""Whatever a mail server does, nobody is lost, nobody is asked twice, and the reason is kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.delivery.lines import mail_text
from publisher.delivery.smtp import relay
from publisher.delivery.transport import Letter
from publisher.store.deliveries import Due
from publisher.store.engine import Store, open_store
from tests.sending import edition, letter, said, send, smtp
from tests.smtp_scripts import KINDS, ONE, OTHERS, READERS, check, for_one, once
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


def test_every_kind_of_server_gets_every_letter(store: Store, kind: tuple[str, ...]) -> None:
    edition_id = edition(store, READERS)
    with running(extensions=kind) as server:
        send(store, edition_id, smtp(server.url()))
    check(store, edition_id, server.recipients, accepted=READERS)
    for mail in server.taken:
        assert mail.data == letter(Due(0, "", 0, mail.recipient, "", 0)).data
    if "PIPELINING" in kind:
        assert "RSET" not in server.verbs


def test_a_server_that_knows_no_ehlo_gets_helo(store: Store) -> None:
    edition_id = edition(store, READERS)
    with running(lambda s, verb, a: "502 5.5.1 what?" if verb == "EHLO" else None) as server:
        send(store, edition_id, smtp(server.url()))
    check(store, edition_id, server.recipients, accepted=READERS)
    assert "HELO" in server.verbs


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "CONTENT"])
@pytest.mark.parametrize("answer", ["450 4.3.0 not now", "554 5.6.0 never"])
def test_a_refusal_in_the_middle_is_of_one_letter_alone(
    store: Store, kind: tuple[str, ...], verb: str, answer: str
) -> None:
    if verb == "DATA" and "CHUNKING" in kind:
        pytest.skip("DATA is not said")
    edition_id = edition(store, READERS)
    with running(for_one(verb, answer), extensions=kind) as server:
        send(store, edition_id, smtp(server.url()))
    state = "deferred" if answer.startswith("4") else "failed"
    check(store, edition_id, server.recipients, accepted=OTHERS, **{state: 1})
    assert said(store, edition_id) == {"reader7": (state, answer)}


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "CONTENT"])
@pytest.mark.parametrize("answer", ["450 4.3.0 not now", "550 5.3.0 never", "421 4.3.2 bye"])
def test_a_server_that_refuses_everything_leaves_a_reason_for_each(
    store: Store, kind: tuple[str, ...], verb: str, answer: str
) -> None:
    if verb == "DATA" and "CHUNKING" in kind:
        pytest.skip("DATA is not said")
    edition_id = edition(store, 6)
    with running(lambda s, asked, a: answer if asked == verb else None, extensions=kind) as server:
        send(store, edition_id, smtp(server.url()))
    state = "failed" if answer.startswith("5") else "deferred"
    check(store, edition_id, server.recipients, **{state: 6})
    assert {reply for _, reply in said(store, edition_id).values()} == {answer}


@pytest.mark.parametrize("answer", ["450 4.3.0 not now", "550 5.7.1 not from you"])
def test_a_sender_that_is_refused_once_is_a_refusal_of_one_letter(
    store: Store, kind: tuple[str, ...], answer: str
) -> None:
    edition_id = edition(store, READERS)
    number = iter(range(READERS))

    def script(_session: Session, verb: str, _argument: str) -> Answer:
        return answer if verb == "MAIL" and next(number) == 11 else None

    with running(script, extensions=kind) as server:
        send(store, edition_id, smtp(server.url()))
    state = "deferred" if answer.startswith("4") else "failed"
    check(store, edition_id, server.recipients, accepted=OTHERS, **{state: 1})


@pytest.mark.parametrize("verb", ["RSET", "QUIT"])
@pytest.mark.parametrize("answer", ["451 4.3.0 not now", "500 5.5.1 what?", Do.CLOSE, b"?\r\n"])
def test_a_server_that_is_no_good_at_small_things_costs_nobody_anything(
    store: Store, kind: tuple[str, ...], verb: str, answer: Answer
) -> None:
    edition_id = edition(store, READERS)

    def script(_session: Session, asked: str, argument: str) -> Answer:
        if asked == "RCPT" and ONE in argument:
            return "550 5.1.1 no such user"
        return answer if asked == verb else None

    with running(script, extensions=kind) as server:
        send(store, edition_id, smtp(server.url()))
    check(store, edition_id, server.recipients, accepted=OTHERS, failed=1)


def test_a_refused_recipient_whose_content_is_wanted_all_the_same_gets_none(store: Store) -> None:
    edition_id = edition(store, READERS)

    def script(session: Session, verb: str, argument: str) -> Answer:
        if verb == "RCPT" and ONE in argument:
            session.recipients = ["nobody"]
            return "550 5.1.1 no such user"
        return None

    with running(script) as server:
        send(store, edition_id, smtp(server.url()))
    assert said(store, edition_id) == {"reader7": ("failed", "550 5.1.1 no such user")}
    nobody = [mail.data for mail in server.taken if mail.recipient == "nobody"]
    assert nobody == [b""], "a dot alone, as RFC 2920 has it"
    assert len(set(server.recipients) - {"nobody"}) == OTHERS


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", [Do.CLOSE, Do.RESET, b"garbage\r\n", b"250-a\r\n550 b\r\n"])
def test_a_break_before_the_content_loses_nobody_and_counts_for_nobody(
    store: Store, kind: tuple[str, ...], verb: str, answer: Answer
) -> None:
    if verb == "DATA" and "CHUNKING" in kind:
        pytest.skip("DATA is not said")
    edition_id = edition(store, READERS)
    with running(once(verb, answer), extensions=kind) as server:
        outcomes = send(store, edition_id, smtp(server.url()))
    check(store, edition_id, server.recipients, accepted=READERS)
    assert {one.attempts for one in outcomes} == {1}


@pytest.mark.parametrize(
    "answer",
    [Do.CLOSE, Do.RESET, Do.TAKE_AND_CLOSE, b"garbage\r\n", b"250-a\r\n550 b\r\n", b"2" * 10_000],
)
def test_a_break_after_the_content_is_one_in_doubt_and_is_never_sent_again_by_itself(
    store: Store, kind: tuple[str, ...], answer: Answer
) -> None:
    edition_id = edition(store, READERS)
    with running(for_one("CONTENT", answer), extensions=kind) as server:
        send(store, edition_id, smtp(server.url()))
        send(store, edition_id, smtp(server.url()))
    check(store, edition_id, server.recipients, accepted=OTHERS, uncertain=1)
    state, reply = said(store, edition_id)["reader7"]
    assert state == "uncertain"
    assert reply.startswith("the connection broke after the message: ")


def large(due: Due) -> Letter:
    """Eight megabytes: more than any socket holds."""
    text = mail_text(b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * 100_000)
    return Letter(f"<{due.id}@x>", "news@example.org", due.email, text)


def test_a_break_in_the_middle_of_a_large_content_is_no_doubt(
    store: Store, kind: tuple[str, ...]
) -> None:
    edition_id = edition(store, 2)
    with running(once("PART", Do.CLOSE), extensions=kind) as server:
        send(store, edition_id, smtp(server.url(), connections=1), write=large)
    check(store, edition_id, server.recipients, accepted=2)


def test_a_break_in_the_middle_of_a_small_content_is_one_in_doubt(
    store: Store, kind: tuple[str, ...]
) -> None:
    """All of it has left at once, so nobody can know."""
    edition_id = edition(store, READERS)
    with running(once("PART", Do.CLOSE), extensions=kind) as server:
        send(store, edition_id, smtp(server.url()))
    check(store, edition_id, server.recipients, accepted=OTHERS, uncertain=1)


def test_a_server_that_has_enough_of_a_large_letter_is_heard(store: Store) -> None:
    edition_id = edition(store, 1)
    with running(extensions=("PIPELINING", "SIZE 1000000")) as server:
        send(store, edition_id, smtp(server.url()), write=large)
    assert said(store, edition_id)["reader0"][0] == "failed"
    assert "at most 1,000,000 bytes" in said(store, edition_id)["reader0"][1]
    assert "MAIL" not in server.verbs
