"""Subscribing to our hub: the callback is asked, and what it says is done."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.model import HubMode
from publisher.pipeline.hub import Asked, accept, tidy
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.websub import push_due
from publisher.store import hub_requests
from tests import partner as partners
from tests.hub import (
    SITE,
    TOPIC,
    Clock,
    change,
    config,
    publish,
    requests,
    subscribe,
    subscriptions,
    verify,
)
from tests.partner import Partner, answering, in_turn, only, polite


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with opened(config(store_url, tmp_path)) as made:
        publish(made)
        yield made


@pytest.fixture
def patient(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    """The same, with time for partners who do more than answer."""
    with opened(config(store_url, tmp_path, timeout_seconds=60.0)) as made:
        publish(made)
        yield made


@pytest.fixture
def partner() -> Iterator[Partner]:
    with partners.partner() as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_callback_that_echoes_the_challenge_is_subscribed_from_then_on(
    newsroom: Newsroom, partner: Partner, clock: Clock
) -> None:
    callback = f"{partner.address}/in?token=abc"
    subscribe(newsroom, clock, callback, secret="word", lease_seconds=3600)
    (asked,) = partner.got("GET", "/in")
    assert asked.query.pop("hub.challenge").isascii()
    assert asked.query == {
        "token": "abc",
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.lease_seconds": "3600",
    }
    (one,) = subscriptions(newsroom)
    assert (one.topic, one.callback, one.secret) == ("town/atom.xml", callback, "word")
    assert one.expires == clock.now + timedelta(hours=1)
    assert requests(newsroom) == []


def test_every_challenge_is_another(newsroom: Newsroom, partner: Partner, clock: Clock) -> None:
    for number in range(3):
        subscribe(newsroom, clock, f"{partner.address}/{number}")
    challenges = {asked.query["hub.challenge"] for asked in partner.got("GET")}
    assert len(challenges) == 3
    assert min(map(len, challenges)) >= 32


def short(handler: partners.Handler, received: partners.Received) -> None:
    handler.say(200, received.query["hub.challenge"][:-1].encode())


def longer(handler: partners.Handler, received: partners.Received) -> None:
    handler.say(200, received.query["hub.challenge"].encode() + b"\n")


def refusing_with_echo(handler: partners.Handler, received: partners.Received) -> None:
    handler.say(404, received.query["hub.challenge"].encode())


def redirecting(handler: partners.Handler, received: partners.Received) -> None:
    query = f"/polite?hub.challenge={received.query['hub.challenge']}"
    handler.say(302, received.query["hub.challenge"].encode(), Location=query)


@pytest.mark.parametrize(
    "manners",
    [
        answering(200, b"wrong"), answering(204), short, longer, refusing_with_echo, redirecting,
        partners.endless,
    ],
)  # fmt: skip
def test_a_callback_that_does_not_echo_it_is_not_subscribed(
    newsroom: Newsroom, partner: Partner, clock: Clock, manners: partners.Manners
) -> None:
    partner.manners["/in"] = manners
    subscribe(newsroom, clock, f"{partner.address}/in")
    clock.turn(hours=1)
    assert verify(newsroom, clock) == 0, "it is not asked again"
    assert len(partner.received) == 1, "no redirect was followed"
    assert (subscriptions(newsroom), requests(newsroom)) == ([], [])


@pytest.mark.parametrize(
    "manners", [answering(500), partners.silent, partners.closing, partners.dripping]
)
def test_a_callback_that_cannot_answer_now_is_asked_again(
    newsroom: Newsroom, partner: Partner, clock: Clock, manners: partners.Manners
) -> None:
    partner.manners["/in"] = in_turn(manners, polite)
    subscribe(newsroom, clock, f"{partner.address}/in")
    assert (len(requests(newsroom)), subscriptions(newsroom)) == (1, [])
    assert verify(newsroom, clock) == 0, "not at once"
    clock.turn(seconds=5)
    verify(newsroom, clock)
    assert (requests(newsroom), len(subscriptions(newsroom))) == ([], 1)


def test_a_callback_that_never_answers_is_asked_three_times(
    newsroom: Newsroom, partner: Partner, clock: Clock
) -> None:
    partner.manners["/in"] = answering(503)
    subscribe(newsroom, clock, f"{partner.address}/in")
    for _ in range(5):
        clock.turn(hours=1)
        verify(newsroom, clock)
    assert len(partner.received) == 3
    assert (requests(newsroom), subscriptions(newsroom)) == ([], [])


@pytest.mark.parametrize("topic", [f"{SITE}/feeds/no/atom.xml", "https://other.example/atom.xml",
                                   f"{SITE}/feeds/tag/bridges/atom.xml", "nonsense"])  # fmt: skip
def test_what_is_no_feed_of_ours_is_denied(
    newsroom: Newsroom, partner: Partner, clock: Clock, topic: str
) -> None:
    subscribe(newsroom, clock, f"{partner.address}/in", topic=topic)
    (told,) = partner.got("GET", "/in")
    assert told.query == {
        "hub.mode": "denied",
        "hub.topic": topic,
        "hub.reason": "this hub has no such feed",
    }
    assert (requests(newsroom), subscriptions(newsroom)) == ([], [])


def test_a_renewal_changes_lease_and_secret_and_nothing_until_it_is_confirmed(
    newsroom: Newsroom, partner: Partner, clock: Clock
) -> None:
    callback = f"{partner.address}/in"
    subscribe(newsroom, clock, callback, secret="old", lease_seconds=3600)
    before = subscriptions(newsroom)[0]
    clock.turn(minutes=50)
    partner.manners["/in"] = in_turn(answering(404), polite)
    subscribe(newsroom, clock, callback, secret="new", lease_seconds=7200)
    (refused,) = subscriptions(newsroom)
    assert (refused.secret, refused.expires) == ("old", before.expires)
    subscribe(newsroom, clock, callback, lease_seconds=7200)
    (renewed,) = subscriptions(newsroom)
    assert (renewed.id, renewed.secret) == (before.id, None)
    assert renewed.expires == clock.now + timedelta(hours=2)


def test_unsubscribing_is_asked_as_well(newsroom: Newsroom, partner: Partner, clock: Clock) -> None:
    callback = f"{partner.address}/in"
    subscribe(newsroom, clock, callback)
    partner.manners["/in"] = in_turn(answering(404), polite)
    subscribe(newsroom, clock, callback, mode=HubMode.UNSUBSCRIBE)
    assert len(subscriptions(newsroom)) == 1, "it did not mean it"
    subscribe(newsroom, clock, callback, mode=HubMode.UNSUBSCRIBE)
    assert subscriptions(newsroom) == []
    last = partner.got("GET", "/in")[-1].query
    assert last["hub.mode"] == "unsubscribe"
    assert "hub.lease_seconds" not in last


def test_a_later_request_wins_over_an_earlier_one_that_is_answered_later(
    newsroom: Newsroom, partner: Partner, clock: Clock
) -> None:
    callback = f"{partner.address}/in"
    partner.manners["/in"] = in_turn(answering(500), polite)
    subscribe(newsroom, clock, callback)  # is to be asked again in a while
    subscribe(newsroom, clock, callback, mode=HubMode.UNSUBSCRIBE)
    clock.turn(hours=1)
    verify(newsroom, clock)
    assert (requests(newsroom), subscriptions(newsroom)) == ([], [])


def test_what_is_answered_after_a_later_request_took_its_place_does_not_count(
    patient: Newsroom, partner: Partner, clock: Clock
) -> None:
    callback = f"{partner.address}/in"
    again = Asked(HubMode.SUBSCRIBE, TOPIC, callback, secret="second")

    def interrupted(handler: partners.Handler, received: partners.Received) -> None:
        accept(patient, again)
        polite(handler, received)

    partner.manners["/in"] = in_turn(interrupted, answering(404))
    subscribe(patient, clock, callback, secret="first")
    assert len(partner.received) == 2
    assert subscriptions(patient) == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_name_that_leads_into_the_local_network_is_not_asked(
    store_url: str, tmp_path: Path, partner: Partner, clock: Clock, host: str,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO)
    port = partner.address.rpartition(":")[2]
    with opened(config(store_url, tmp_path, private_addresses=False)) as made:
        publish(made)
        subscribe(made, clock, f"http://{host}:{port}/in", secret="very-secret")
        assert (requests(made), subscriptions(made)) == ([], [])
    assert partner.received == []
    assert "local network" in caplog.text
    assert "very-secret" not in caplog.text


def test_a_lease_ends(newsroom: Newsroom, partner: Partner, clock: Clock) -> None:
    subscribe(newsroom, clock, f"{partner.address}/in", lease_seconds=3600)
    clock.turn(minutes=59)
    change(newsroom, "In time")
    push_due(newsroom, clock)
    assert len(partner.got("POST")) == 1
    clock.turn(minutes=1)
    change(newsroom, "Too late")
    assert push_due(newsroom, clock) == 0
    assert len(subscriptions(newsroom)) == 1
    tidy(newsroom, clock.now)
    assert subscriptions(newsroom) == []


def test_a_feed_that_is_published_no_more_is_denied_to_its_subscribers(
    store_url: str, tmp_path: Path, partner: Partner, clock: Clock
) -> None:
    everything = f"{SITE}/feeds/atom.xml"
    with opened(config(store_url, tmp_path)) as made:
        publish(made)
        subscribe(made, clock, f"{partner.address}/town")
        subscribe(made, clock, f"{partner.address}/all", topic=everything)
    fewer = config(store_url, tmp_path).model_dump() | {"feeds": {"kinds": ["everything"]}}
    with opened(Config.model_validate(fewer)) as made:
        tidy(made, clock.now)
        verify(made, clock)
        assert [one.topic for one in subscriptions(made)] == ["atom.xml"]
    (told,) = partner.got("GET", "/town")[1:]
    assert (told.query["hub.mode"], told.query["hub.topic"]) == ("denied", TOPIC)


def test_strangers_do_not_take_all_the_room(
    store_url: str, tmp_path: Path, partner: Partner, clock: Clock
) -> None:
    """At most so many callbacks of one host are asked at the same time."""
    under_way: list[int] = []
    now = 0

    def counting(handler: partners.Handler, received: partners.Received) -> None:
        nonlocal now
        with partner.changed:
            now += 1
            under_way.append(now)
        partner.over.wait(0.05)
        with partner.changed:
            now -= 1
        polite(handler, received)

    with opened(config(store_url, tmp_path, at_once=100, at_once_per_host=2)) as made:
        publish(made)
        for number in range(10):
            partner.manners[f"/{number}"] = only("GET", counting)
            callback = f"{partner.address}/{number}"
            accept(made, Asked(HubMode.SUBSCRIBE, TOPIC, callback))
        with made.store.read() as session:
            assert hub_requests.load(session, "127.0.0.1") == hub_requests.Load(10, 10)
        assert verify(made, clock) == 10
        assert len(subscriptions(made)) == 10
    assert max(under_way) <= 2
