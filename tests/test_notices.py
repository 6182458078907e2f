"""Confirm, welcome, goodbye and correction: each reaches who it is for, and that once."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from publisher.clock import Clock
from publisher.config import MailingList
from publisher.delivery.transport import UnreachableError
from publisher.model import DeliveryState, Notice, NoticeKind, Subscription, seal
from publisher.pipeline.newsroom import Newsroom
from publisher.render.environment import Templates
from publisher.store import notice_ledger, notices, subscribers
from publisher.store.subscribers import Wish
from tests.factories import article, join
from tests.mailroom import DAY, HOUR, NOW, letters, mailroom, text_of, tick
from tests.sending import smtp, turn

LATER = NOW + timedelta(minutes=6)


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with mailroom(store_url, tmp_path) as made:
        yield made


@dataclass
class Handler:
    """A mail server that takes what it is sent, unless `answer(recipient)` says otherwise."""

    answer: Callable[[str], str | None] = lambda _recipient: None
    taken: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answer(address) or "250 fine"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken += envelope.rcpt_tos[-1:]
        return "250 taken"


@pytest.fixture
def server(newsroom: Newsroom) -> Iterator[tuple[Handler, Newsroom]]:
    """The same newsroom, whose mail goes to a server."""
    handler = Handler()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    transport = smtp(f"smtp://127.0.0.1:{port}", seconds=5)
    yield handler, replace(newsroom, transport=transport)
    controller.stop()


def queue(
    newsroom: Newsroom,
    *addresses: str,
    kind: NoticeKind = NoticeKind.WELCOME,
    key: str = "k",
    wishes: list[Wish] | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """A notice for each of these active readers."""
    made = wishes or [Wish(address) for address in addresses]
    with newsroom.store.write() as session:
        join(session, "daily", [*made])
        ids = [
            place.subscriber.id
            for place in subscribers.places(session, "daily", [w.email for w in made]).values()
            if place.subscriber
        ]
        notices.queue(session, kind, "daily", ids, NOW, key=key, details=details)


def rows(newsroom: Newsroom) -> list[tuple[str, str, datetime]]:
    with newsroom.store.read() as session:
        found = session.scalars(select(Notice).order_by(Notice.id))
        return [(one.state, one.reply, one.due) for one in found]


def test_a_notice_reaches_everybody_once(server: tuple[Handler, Newsroom]) -> None:
    handler, newsroom = server
    queue(newsroom, *(f"reader{n}@example.org" for n in range(230)))
    assert tick(newsroom) == ["accepted"] * 230
    assert tick(newsroom) == []
    queue(newsroom, *(f"reader{n}@example.org" for n in range(230)))
    assert tick(newsroom) == []
    assert len(set(handler.taken)) == len(handler.taken) == 230


def test_a_notice_that_is_put_off_is_tried_later_and_in_the_end_has_failed(
    server: tuple[Handler, Newsroom],
) -> None:
    handler, newsroom = server
    handler.answer = {
        "a@example.org": "451 4.7.1 later please",
        "b@example.org": "550 5.1.1 no such person",
    }.get
    queue(newsroom, "a@example.org", "b@example.org", "c@example.org")
    assert sorted(tick(newsroom)) == ["accepted", "deferred", "failed"]
    (state, reply, due), failed, _ = rows(newsroom)
    assert (state, reply) == ("deferred", "451 4.7.1 later please")
    assert timedelta(minutes=5) <= due - NOW < timedelta(minutes=6)
    assert failed == ("failed", "550 5.1.1 no such person", NOW)
    assert tick(newsroom) == []
    assert tick(newsroom, LATER) == ["deferred"]
    moment, outcome = LATER, "deferred"
    while outcome == "deferred":
        moment += DAY
        (outcome,) = tick(newsroom, moment)
    assert outcome == "failed"
    handler.answer = lambda _recipient: None
    assert tick(newsroom, moment + DAY) == []


def test_a_notice_that_was_put_off_arrives_when_the_server_will_have_it(
    server: tuple[Handler, Newsroom],
) -> None:
    handler, newsroom = server
    handler.answer = lambda _recipient: "451 4.7.1 later please"
    queue(newsroom, "a@example.org")
    tick(newsroom)
    handler.answer = lambda _recipient: None
    assert tick(newsroom, LATER) == ["accepted"]
    assert handler.taken == ["a@example.org"]


def test_a_server_that_is_not_there_leaves_everything_pending(newsroom: Newsroom) -> None:
    queue(newsroom, "a@example.org")
    away = replace(newsroom, transport=smtp("smtp://127.0.0.1:1", seconds=1))
    with pytest.raises(UnreachableError, match="cannot be used"):
        tick(away)
    assert [state for state, _, _ in rows(newsroom)] == ["pending"]
    assert tick(newsroom) == ["accepted"]


def test_a_server_that_goes_away_costs_nobody_a_notice(server: tuple[Handler, Newsroom]) -> None:
    handler, newsroom = server
    handler.answer = {"b@example.org": "421 4.3.2 going away"}.get
    queue(newsroom, "a@example.org", "b@example.org", "c@example.org")
    with contextlib.suppress(UnreachableError):
        tick(newsroom)
    handler.answer = lambda _recipient: None
    for hours in range(1, 4):
        tick(newsroom, NOW + hours * HOUR)
    assert sorted(handler.taken) == ["a@example.org", "b@example.org", "c@example.org"]


def test_what_was_being_sent_at_a_crash_is_in_doubt_and_held(newsroom: Newsroom) -> None:
    queue(newsroom, "a@example.org", "b@example.org")
    with turn(newsroom.store) as connection:
        (taken,) = notice_ledger.ledger_of("a.machine/that/is/gone").claim(connection, 1, NOW)
    assert taken.email == "a@example.org"
    assert tick(newsroom) == ["accepted"]
    assert tick(newsroom, NOW + HOUR) == []
    assert [state for state, _, _ in rows(newsroom)] == ["uncertain", "accepted"]


def test_who_is_gone_meanwhile_gets_nothing_and_the_ledger_says_why(newsroom: Newsroom) -> None:
    queue(newsroom, "a@example.org")
    with newsroom.store.write() as session:
        for one in session.scalars(select(Subscription)):
            one.state = "unsubscribed"
    assert tick(newsroom) == ["suppressed"]
    assert rows(newsroom)[0][1] == "the reader is unsubscribed"


def test_a_broken_template_holds_up_its_own_mails_only(newsroom: Newsroom, tmp_path: Path) -> None:
    folder = tmp_path / "email_templates" / "welcome"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("{{ nonsense }}")
    queue(newsroom, "a@example.org", "b@example.org")
    queue(newsroom, "a@example.org", kind=NoticeKind.CORRECTION, details=_store_article(newsroom))
    assert tick(newsroom) == ["accepted"]
    waiting = rows(newsroom)[:2]
    assert {state for state, _, _ in waiting} == {"pending"}
    assert all(
        "subject.txt:1: 'nonsense' is undefined" in reply and due > NOW for _, reply, due in waiting
    )
    (folder / "subject.txt").write_text("Hello")
    assert tick(newsroom, LATER) == ["accepted", "accepted"]


def test_a_list_that_the_config_no_longer_has_is_named(newsroom: Newsroom) -> None:
    queue(newsroom, "a@example.org")
    lists = (MailingList(name="other"),)
    config = newsroom.config.model_copy(update={"lists": lists})
    assert tick(replace(newsroom, config=config)) == ["failed"]
    assert rows(newsroom)[0][1] == "the config has no list 'daily'"


def test_an_import_can_ask_a_thousand_by_rendering_once(newsroom: Newsroom) -> None:
    rendered: list[str] = []
    real = newsroom.templates.render

    class Counting(Templates):
        def render(self, name: str, **context: Any) -> str:
            rendered.append(name)
            return real(name, **context)

    with newsroom.store.write() as session:
        people = [Wish(f"reader{n}@example.org", format="text") for n in range(150)]
        join(session, "daily", [*people], confirmed=False, now=NOW)
    assert tick(replace(newsroom, templates=Counting(None))) == ["accepted"] * 150
    assert sorted(rendered) == ["confirm/body.html", "confirm/body.txt", "confirm/subject.txt"]


def _store_article(newsroom: Newsroom, kind: str = "correction") -> dict[str, Any]:
    with newsroom.store.write() as session:
        made = article(id=None, title="Ferry sails at night @@UNSUBSCRIBE@@", slug="ferry")
        session.add(made)
        session.flush()
        made.seal = seal(made.content)
        return {"article_id": made.id, "note": "It sails at nine.", "kind": kind}


@pytest.mark.parametrize("kind", ["correction", "retraction"])
def test_a_correction_reaches_exactly_those_it_was_queued_for(
    newsroom: Newsroom, kind: str
) -> None:
    details = _store_article(newsroom, kind)
    with newsroom.store.write() as session:
        join(session, "daily", ["c@example.org"])
    queue(newsroom, "a@example.org", "b@example.org", kind=NoticeKind.CORRECTION, details=details)
    assert tick(newsroom) == ["accepted", "accepted"]
    found = letters(newsroom)
    assert sorted(one["Delivered-To"] for one in found) == ["a@example.org", "b@example.org"]
    text = text_of(found[0])
    assert "It sails at nine." in text
    assert ("https://news.example/articles/ferry" in text) == (kind == "correction")
    assert text.count("https://news.example/unsubscribe/") == 1, "an article cannot hold a marker"


def test_a_correction_waits_until_another_programs_change_is_clean(newsroom: Newsroom) -> None:
    details = _store_article(newsroom)
    queue(newsroom, "a@example.org", kind=NoticeKind.CORRECTION, details=details)
    with newsroom.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE article SET title = '<script>alert(1)</script>'")
    assert tick(newsroom) == []
    assert rows(newsroom)[0][:2] == ("pending", "the article waits to be cleaned")
    with newsroom.store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM article")
    assert tick(newsroom, LATER) == ["failed"]


def test_only_a_mail_of_the_list_offers_to_leave_it(newsroom: Newsroom) -> None:
    with newsroom.store.write() as session:
        join(session, "daily", ["c@example.org"], confirmed=False, now=NOW)
    queue(newsroom, "a@example.org")
    assert tick(newsroom) == ["accepted", "accepted"]
    heads = {str(one["Delivered-To"]): one for one in letters(newsroom)}
    assert heads["c@example.org"]["List-Unsubscribe"] is None
    assert "mailto:" in heads["a@example.org"]["List-Unsubscribe"]
    for one in heads.values():
        assert "@@" not in one.as_string()
        assert one["List-Id"] == "Daily digest <daily.news.example>"
        assert one["Content-Language"] == "en"


def test_a_resend_can_be_recognised_by_its_message_id(newsroom: Newsroom) -> None:
    queue(newsroom, "a@example.org")
    tick(newsroom)
    with newsroom.store.write() as session:
        for one in session.scalars(select(Notice)):
            one.state = DeliveryState.PENDING
    tick(newsroom, LATER)
    assert len(letters(newsroom)) == 1, "the same file, since it has the same id"


def test_the_clock_sends_notices_and_they_are_counted(newsroom: Newsroom) -> None:
    queue(newsroom, "a@example.org", "b@example.org")
    Clock(newsroom).send_notices()
    assert sorted(one["Delivered-To"] for one in letters(newsroom)) == [
        "a@example.org", "b@example.org",
    ]  # fmt: skip
    with newsroom.store.read() as session:
        assert notice_ledger.count_by_state(session) == {"accepted": 2}
