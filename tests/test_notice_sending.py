"""Notices go the way of editions: at their pace, within their bound, with the same consequences."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.delivery.throttle import Throttle
from publisher.model import Notice, NoticeKind, Subscriber
from publisher.pipeline.newsroom import Newsroom
from publisher.store import notice_ledger, notices
from tests.factories import join
from tests.mailroom import ADA, DAY, HOUR, NOW, mailroom, state, tick
from tests.sending import policy, smtp
from tests.smtp_server import Answer, Script, Server, Session, agreeable, running


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with mailroom(store_url, tmp_path) as made:
        yield made


def queue(newsroom: Newsroom, *addresses: str, kind: NoticeKind = NoticeKind.WELCOME) -> None:
    with newsroom.store.write() as session:
        join(session, "daily", [*addresses], confirmed=kind is not NoticeKind.CONFIRM)
        ids = list(session.scalars(select(Subscriber.id).where(Subscriber.email.in_(addresses))))
        if kind is not NoticeKind.CONFIRM:  # who has not confirmed has been asked by now
            notices.queue(session, kind, "daily", ids, NOW, key="k")


def towards(newsroom: Newsroom, server: Server, **limits: object) -> Newsroom:
    """The newsroom, whose mail goes to that server within these limits."""
    return replace(newsroom, transport=smtp(server.url()), policy=policy(**limits))


def refusing(reply: str) -> Script:
    def script(_session: Session, verb: str, _argument: str) -> Answer:
        return reply if verb == "RCPT" else None

    return script


def count(newsroom: Newsroom) -> dict[str, int]:
    with newsroom.store.read() as session:
        return notice_ledger.count_by_state(session)


@pytest.mark.parametrize(("kind", "was"), [("welcome", "active"), ("confirm", "pending")])
def test_an_address_that_does_not_exist_gets_no_more_mail(
    newsroom: Newsroom, kind: str, was: str
) -> None:
    queue(newsroom, ADA, kind=NoticeKind(kind))
    assert state(newsroom, ADA) == was
    with running(refusing("550 5.1.1 no such person")) as server:
        assert tick(towards(newsroom, server)) == ["failed"]
    assert state(newsroom, ADA) == "bounced"


def test_a_refusal_that_is_about_us_leaves_the_reader_alone(newsroom: Newsroom) -> None:
    queue(newsroom, ADA)
    with running(refusing("550 5.7.1 we do not like you")) as server:
        assert tick(towards(newsroom, server)) == ["failed"]
    assert state(newsroom, ADA) == "active"


def test_notices_leave_at_the_rate_of_the_config(newsroom: Newsroom) -> None:
    queue(newsroom, *(f"reader{n}@example.org" for n in range(10)))
    with running() as server:
        begun = time.monotonic()
        assert tick(towards(newsroom, server, per_second=20.0)) == ["accepted"] * 10
        assert time.monotonic() - begun >= 0.35  # all but what may go at once


def test_a_domain_keeps_its_limit_for_notices_too(newsroom: Newsroom) -> None:
    queue(newsroom, *(f"reader{n}@slow.example" for n in range(4)), "ada@fast.example")
    slow = Throttle(groups={"slow.example": ("slow", 1 / 60)})
    with running() as server:
        limited = towards(newsroom, server, throttle=slow)
        assert tick(limited) == ["accepted", "accepted"]
        assert "ada@fast.example" in server.recipients
    assert count(newsroom) == {"accepted": 2, "pending": 3}


def test_no_more_notices_are_in_doubt_than_may_be(newsroom: Newsroom) -> None:
    queue(newsroom, *(f"reader{n}@example.org" for n in range(20)))
    sending: list[int] = []

    def script(_session: Session, verb: str, _argument: str) -> Answer:
        if verb == "CONTENT":
            sending.append(count(newsroom).get("sending", 0))
        return None

    with running(script) as server:
        assert tick(towards(newsroom, server, in_doubt=3)) == ["accepted"] * 20
    assert 1 <= max(sending) <= 3


def test_two_senders_share_the_notices(newsroom: Newsroom) -> None:
    addresses = [f"reader{n}@example.org" for n in range(60)]
    queue(newsroom, *addresses)
    with running(agreeable) as server:
        senders = [
            threading.Thread(target=tick, args=[towards(newsroom, server, in_doubt=5)])
            for _ in range(2)
        ]
        for one in senders:
            one.start()
        for one in senders:
            one.join(30)
        assert sorted(server.recipients) == sorted(addresses)


def test_a_notice_that_is_put_off_again_and_again_has_failed_in_the_end(
    newsroom: Newsroom,
) -> None:
    queue(newsroom, ADA)
    with running(refusing("450 4.2.1 later")) as server:
        limited = towards(newsroom, server, give_up=DAY)
        hours, outcome = 0, "deferred"
        while outcome == "deferred" and hours < 100:
            (outcome,) = tick(limited, NOW + hours * HOUR) or ["deferred"]
            hours += 1
    assert outcome == "failed"
    with newsroom.store.read() as session:
        reply = session.scalars(select(Notice.reply)).one()
    assert "given up after" in reply
