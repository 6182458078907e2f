"""Our hub with many partners and several processes: nobody waits, nothing comes twice."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.bootstrap import opened
from publisher.outbound import Answer
from publisher.pipeline.at_once import drive
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.websub import Deliveries, push_due
from publisher.syndication.websub import Room
from tests import partner as partners
from tests.hub import SITE, Clock, change, config, publish, push, subscribe, subscriptions
from tests.partner import Partner, in_turn, only, polite

# Each address of the loopback network is another host.
ON_THIS_MACHINE = pytest.mark.allow_hosts(["127.0.0.0/8", "localhost", "::1"])


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with opened(config(store_url, tmp_path)) as made:
        publish(made)
        yield made


@pytest.fixture
def partner() -> Iterator[Partner]:
    with partners.partner() as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@ON_THIS_MACHINE
def test_a_slow_callback_holds_up_no_other(
    store_url: str, tmp_path: Path, partner: Partner, clock: Clock
) -> None:
    with opened(config(store_url, tmp_path, timeout_seconds=60.0, at_once_per_host=2)) as made:
        publish(made)
        with partners.partner("127.0.0.2") as slow:
            for number in range(6):
                slow.manners[f"/{number}"] = only("POST", partners.silent)
                subscribe(made, clock, f"{slow.address}/{number}")
            subscribe(made, clock, f"{partner.address}/in")
            change(made, "One")
            thread = threading.Thread(target=push_due, args=(made, clock))
            thread.start()
            partner.wait_for("POST", "/in", 1)
            assert thread.is_alive(), "the others have not answered yet"
            assert len(slow.got("POST")) <= 2, "no more than that at one host"
            slow.over.set()
            thread.join()
            assert len(slow.got("POST")) == 6


@ON_THIS_MACHINE
def test_many_hosts_are_served_at_the_same_time(
    store_url: str, tmp_path: Path, clock: Clock
) -> None:
    def slow(handler: partners.Handler, received: partners.Received) -> None:
        time.sleep(0.2)
        polite(handler, received)

    with opened(config(store_url, tmp_path)) as made, contextlib.ExitStack() as stack:
        publish(made)
        many = [stack.enter_context(partners.partner(f"127.0.0.{n}")) for n in range(2, 22)]
        for one in many:
            one.manners["/in"] = only("POST", slow)
            subscribe(made, clock, f"{one.address}/in")
        change(made, "One")
        start = time.monotonic()
        assert push(made, clock) == 20
        assert time.monotonic() - start < 2, "one after the other it would take 4 s"


def test_two_processes_send_each_change_once(
    store_url: str, tmp_path: Path, partner: Partner, clock: Clock
) -> None:
    settings = config(store_url, tmp_path, max_per_host=1000, at_once=10, at_once_per_host=10)
    with opened(settings) as one, opened(settings) as other:
        publish(one)
        for number in range(60):
            subscribe(one, clock, f"{partner.address}/{number}")
        for title in ("One", "Two"):
            change(one, title)
            threads = [threading.Thread(target=push_due, args=(n, clock)) for n in (one, other)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        sent = Counter((got.path, hashlib.sha256(got.body).digest()) for got in partner.got("POST"))
    assert set(sent.values()) == {1}
    assert len(sent) == 120


def test_what_was_claimed_when_a_process_died_is_sent_by_another(
    newsroom: Newsroom, partner: Partner, clock: Clock
) -> None:
    subscribe(newsroom, clock, f"{partner.address}/in")
    change(newsroom, "One")
    dead = Deliveries(newsroom, clock)
    (parcel,) = dead.claim(Room(5, 5, Counter()))
    asyncio.run(dead.attempt(parcel))  # it is sent, and never written down
    assert push(newsroom, clock) == 0
    clock.turn(seconds=10)
    assert push(newsroom, clock) == 1
    dead.record([(parcel, Answer(500))])  # it was not dead, only slow: its word counts no more
    (one,) = subscriptions(newsroom)
    assert (one.due, one.answer) == (None, "")
    assert len(partner.got("POST")) == 2


def test_one_callback_can_be_served_by_itself(
    newsroom: Newsroom, partner: Partner, clock: Clock
) -> None:
    for name in ("in", "other"):
        subscribe(newsroom, clock, f"{partner.address}/{name}")
        everything = f"{SITE}/feeds/atom.xml"
        subscribe(newsroom, clock, f"{partner.address}/{name}", topic=everything)
    change(newsroom, "One")
    assert push_due(newsroom, clock, f"{partner.address}/in") == 2
    assert partner.got("POST", "/other") == []


def test_what_is_under_way_at_the_end_is_given_back(
    store_url: str, tmp_path: Path, partner: Partner, clock: Clock
) -> None:
    with opened(config(store_url, tmp_path, timeout_seconds=60.0)) as made:
        publish(made)
        subscribe(made, clock, f"{partner.address}/in")
        partner.manners["/in"] = in_turn(partners.silent, polite)
        change(made, "One")
        ended = threading.Event()

        async def until_ended() -> int:
            return await drive(Deliveries(made, clock), asyncio.Event(), ended.is_set)

        thread = threading.Thread(target=lambda: asyncio.run(until_ended()))
        thread.start()
        partner.wait_for("POST", "/in", 1)
        ended.set()
        thread.join(timeout=10)
        assert not thread.is_alive()
        assert push(made, clock) == 1, "at once, and as if it had not been tried"
        assert len(partner.got("POST")) == 2
