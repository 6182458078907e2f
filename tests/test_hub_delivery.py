"""What our hub sends: every change, signed, to everybody who has subscribed, whatever they do."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.bootstrap import opened
from publisher.pipeline.at_once import drive
from publisher.pipeline.build import build
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.websub import Deliveries
from publisher.store import categories, websub
from tests import partner as partners
from tests.hub import (
    SITE,
    Clock,
    change,
    config,
    publish,
    push,
    subscribe,
    subscriptions,
)
from tests.partner import Partner, answering, in_turn, only, polite
from tests.test_publishing import sql


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


def feed(newsroom: Newsroom, name: str = "town/atom.xml") -> bytes:
    return (newsroom.config.root / "feeds" / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("town/atom.xml", "application/atom+xml; charset=utf-8"),
        ("rss.xml", "application/rss+xml; charset=utf-8"),
        ("language/en/feed.json", "application/feed+json; charset=utf-8"),
    ],
)
def test_a_change_arrives_whole_with_its_type_its_links_and_its_signature(
    newsroom: Newsroom, partner: Partner, clock: Clock, name: str, media_type: str
) -> None:
    topic = f"{SITE}/feeds/{name}"
    callback = f"{partner.address}/in?token=abc"
    subscribe(newsroom, clock, callback, topic=topic, secret="wörd")
    assert push(newsroom, clock) == 0, "what it could have read before is not sent"
    change(newsroom, "Another title")
    assert push(newsroom, clock) == 1
    (got,) = partner.got("POST", "/in")
    assert got.body == feed(newsroom, name)
    assert b"Another title" in got.body
    assert got.query == {"token": "abc"}
    assert got.headers["Content-Type"] == media_type
    assert got.headers["Link"] == f'<{SITE}/hub>; rel="hub", <{topic}>; rel="self"'
    expected = hmac.new("wörd".encode(), got.body, hashlib.sha256).hexdigest()
    assert got.headers["X-Hub-Signature"] == f"sha256={expected}"
    assert push(newsroom, clock) == 0, "and once"


def test_a_subscription_goes_along_with_a_renamed_category(
    newsroom: Newsroom, partner: Partner, clock: Clock
) -> None:
    for path in ("in", "roads"):
        topic = f"{SITE}/feeds/town/{'roads/' if path == 'roads' else ''}atom.xml"
        subscribe(newsroom, clock, f"{partner.address}/{path}", topic=topic)
    with newsroom.store.write() as session:
        town = categories.at(session, "town")
        assert town is not None
        categories.rename(session, town, "City", "city")
    change(newsroom, "Another title")
    push(newsroom, clock)
    for path, folder in (("in", "city"), ("roads", "city/roads")):
        (got,) = partner.got("POST", f"/{path}")
        assert got.body == feed(newsroom, f"{folder}/atom.xml")
        assert f'<{SITE}/feeds/{folder}/atom.xml>; rel="self"' in got.headers["Link"]


def test_two_topics_may_change_places(newsroom: Newsroom, partner: Partner, clock: Clock) -> None:
    one, other = "town/atom.xml", "rss.xml"
    for topic in (one, other):
        subscribe(newsroom, clock, f"{partner.address}/{topic}", topic=f"{SITE}/feeds/{topic}")
    subscribe(newsroom, clock, f"{partner.address}/{one}", topic=f"{SITE}/feeds/{other}")
    with newsroom.store.write() as session:
        websub.move(session, {one: other, other: one})
    found = {(one.topic, one.callback.rpartition("/")[2]) for one in subscriptions(newsroom)}
    assert found == {(other, "atom.xml"), (one, "rss.xml"), (one, "atom.xml")}


def test_nothing_is_signed_without_a_secret(
    newsroom: Newsroom, partner: Partner, clock: Clock
) -> None:
    subscribe(newsroom, clock, f"{partner.address}/in")
    change(newsroom, "Another title")
    push(newsroom, clock)
    assert "X-Hub-Signature" not in partner.got("POST", "/in")[0].headers


def test_what_did_not_change_is_not_sent(
    newsroom: Newsroom, partner: Partner, clock: Clock
) -> None:
    subscribe(newsroom, clock, f"{partner.address}/in")
    sql(newsroom, "UPDATE article SET title = title")
    build(newsroom, every=True)
    assert push(newsroom, clock) == 0


def test_a_crash_between_file_and_note_loses_no_change(
    newsroom: Newsroom, partner: Partner, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(newsroom, clock, f"{partner.address}/in")

    def crash(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("publisher.pipeline.build._announce", crash)
        patched.setattr("publisher.pipeline.build.NOTE_SECONDS", 1000)
        with pytest.raises(KeyboardInterrupt):
            change(newsroom, "Written and not noted")
    assert b"Written and not noted" in feed(newsroom)
    assert push(newsroom, clock) == 0
    assert "town/atom.xml" not in build(newsroom), "the file is there already"
    assert push(newsroom, clock) == 1


@pytest.mark.parametrize(
    "manners",
    [
        answering(500), answering(429), answering(302, Location="/elsewhere"), partners.silent,
        partners.closing, partners.dripping, partners.babbling,
    ],
)  # fmt: skip
def test_what_does_not_arrive_is_sent_again(
    newsroom: Newsroom, partner: Partner, clock: Clock, manners: partners.Manners
) -> None:
    callback = f"{partner.address}/in"
    subscribe(newsroom, clock, callback)
    partner.manners["/in"] = in_turn(manners, manners, polite)
    change(newsroom, "One")
    assert push(newsroom, clock) == 1
    assert push(newsroom, clock) == 0, "not at once"
    assert subscriptions(newsroom)[0].answer
    clock.turn(seconds=5)
    assert push(newsroom, clock) == 1
    clock.turn(seconds=5)
    assert push(newsroom, clock) == 0, "the second wait is longer"
    change(newsroom, "Two")
    assert push(newsroom, clock) == 0, "a change in the meantime does not cut it short"
    clock.turn(seconds=5)
    assert push(newsroom, clock) == 1
    assert b"Two" in partner.got("POST", "/in")[-1].body, "it gets the newest"
    assert partner.got("POST", "/elsewhere") == []
    assert push(newsroom, clock) == 0
    (one,) = subscriptions(newsroom)
    assert (one.attempts, one.failing_since, one.answer, one.due) == (0, None, "", None)


@pytest.mark.parametrize("manners", [partners.endless, answering(201, b"z" * 300_000)])
def test_whatever_else_is_answered_a_success_is_a_success(
    newsroom: Newsroom, partner: Partner, clock: Clock, manners: partners.Manners
) -> None:
    """Section 7: the body of the answer is ignored."""
    subscribe(newsroom, clock, f"{partner.address}/in")
    partner.manners["/in"] = manners
    change(newsroom, "One")
    assert push(newsroom, clock) == 1
    assert subscriptions(newsroom)[0].due is None


def test_gone_ends_the_subscription(newsroom: Newsroom, partner: Partner, clock: Clock) -> None:
    subscribe(newsroom, clock, f"{partner.address}/in")
    subscribe(newsroom, clock, f"{partner.address}/other")
    partner.manners["/in"] = answering(410)
    change(newsroom, "One")
    push(newsroom, clock)
    assert [one.callback for one in subscriptions(newsroom)] == [f"{partner.address}/other"]


def test_a_change_that_is_never_taken_is_given_up_and_the_next_one_is_tried(
    newsroom: Newsroom, partner: Partner, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Section 7: the subscription stays until its lease ends."""
    subscribe(newsroom, clock, f"{partner.address}/in", secret="very-secret")
    partner.manners["/in"] = only("POST", answering(500))
    change(newsroom, "One")
    for _ in range(200):
        push(newsroom, clock)
        clock.turn(minutes=15)
    (one,) = subscriptions(newsroom)
    assert one.due is None
    assert "given up after" in one.answer
    tries = len(partner.got("POST"))
    assert 20 < tries < 50
    change(newsroom, "Two")
    push(newsroom, clock)
    assert len(partner.got("POST")) == tries + 1
    partner.manners.clear()
    clock.turn(seconds=5)
    push(newsroom, clock)
    assert b"Two" in partner.got("POST")[-1].body
    assert "very-secret" not in caplog.text


def test_a_renewal_brings_what_was_given_up(
    newsroom: Newsroom, partner: Partner, clock: Clock
) -> None:
    callback = f"{partner.address}/in"
    subscribe(newsroom, clock, callback)
    partner.manners["/in"] = only("POST", answering(500))
    change(newsroom, "One")
    for _ in range(120):
        push(newsroom, clock)
        clock.turn(minutes=15)
    assert subscriptions(newsroom)[0].due is None
    partner.manners.clear()
    subscribe(newsroom, clock, callback)
    assert push(newsroom, clock) == 1
    assert b"One" in partner.got("POST")[-1].body


def test_a_change_during_a_delivery_follows_it(
    patient: Newsroom, partner: Partner, clock: Clock
) -> None:
    subscribe(patient, clock, f"{partner.address}/in")

    def changing(handler: partners.Handler, received: partners.Received) -> None:
        change(patient, "Two")
        polite(handler, received)

    partner.manners["/in"] = in_turn(changing, polite)
    change(patient, "One")
    assert push(patient, clock) == 2
    bodies = [got.body for got in partner.got("POST")]
    assert (b"One" in bodies[0], b"Two" in bodies[1]) == (True, True)
    assert subscriptions(patient)[0].due is None


def test_a_change_that_is_taken_back_before_it_is_sent_is_not_sent(
    newsroom: Newsroom, partner: Partner, clock: Clock
) -> None:
    subscribe(newsroom, clock, f"{partner.address}/in")
    change(newsroom, "One")
    push(newsroom, clock)
    for sha256 in ("a" * 64, hashlib.sha256(feed(newsroom)).hexdigest()):
        with newsroom.store.write() as session:
            assert websub.announce(session, {"town/atom.xml": sha256}, ()) == 1
    assert push(newsroom, clock) == 0
    assert subscriptions(newsroom)[0].due is None


def test_a_document_that_is_newer_than_its_note_is_sent_once(
    newsroom: Newsroom, partner: Partner, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process is building: it has written the file, and is about to note it."""
    subscribe(newsroom, clock, f"{partner.address}/in")
    change(newsroom, "One")
    with monkeypatch.context() as patched:
        patched.setattr("publisher.pipeline.build._announce", lambda *_arguments: None)
        change(newsroom, "Two")
    assert push(newsroom, clock) == 1
    assert b"Two" in partner.got("POST")[-1].body
    clock.turn(seconds=1)
    assert push(newsroom, clock) == 0
    change(newsroom, "Three")
    with newsroom.store.write() as session:
        websub.announce(session, {"town/atom.xml": "a" * 64}, ())
    clock.turn(seconds=1)
    assert push(newsroom, clock) == 1
    assert b"Three" in partner.got("POST")[-1].body


def test_a_document_that_was_altered_by_hand_is_sent_once_and_that_is_said(
    newsroom: Newsroom, partner: Partner, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    subscribe(newsroom, clock, f"{partner.address}/in")
    change(newsroom, "One")
    (newsroom.config.root / "feeds" / "town" / "atom.xml").write_bytes(b"<altered/>")
    deliveries = Deliveries(newsroom, clock)
    for _ in range(20):
        asyncio.run(drive(deliveries))
        clock.turn(seconds=1)
    assert [got.body for got in partner.got("POST")] == [b"<altered/>"]
    assert "is not what was announced" in caplog.text
    assert subscriptions(newsroom)[0].due is None


def test_a_document_that_is_not_there_is_waited_for(
    newsroom: Newsroom, partner: Partner, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    subscribe(newsroom, clock, f"{partner.address}/in")
    change(newsroom, "One")
    file = newsroom.config.root / "feeds" / "town" / "atom.xml"
    data = file.read_bytes()
    file.unlink()
    deliveries = Deliveries(newsroom, clock)
    for _ in range(20):
        asyncio.run(drive(deliveries))
        clock.turn(seconds=1)
    assert partner.got("POST") == []
    assert "feeds/town/atom.xml is not there" in caplog.text
    file.write_bytes(data)
    clock.turn(minutes=1)
    assert asyncio.run(drive(deliveries)) == 1
