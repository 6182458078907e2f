"""Hubs elsewhere are told which feeds have changed, in few requests, however long they are down."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from publisher.bootstrap import opened
from publisher.cli import main
from publisher.config import Config
from publisher.model import HubMode, Ping
from publisher.pipeline.at_once import drive
from publisher.pipeline.build import build, syndicate
from publisher.pipeline.hub import Asked, accept, tidy
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.pings import Pings
from publisher.syndication.websub import Room
from tests import partner as partners
from tests.hub import SITE, TOPIC, Clock, change, config, publish, push, subscribe
from tests.partner import Partner, Received, answering, in_turn, only, polite
from tests.test_publishing import CONTENT, NOW, store


@pytest.fixture
def partner() -> Iterator[Partner]:
    with partners.partner() as made:
        yield made


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path, partner: Partner) -> Iterator[Newsroom]:
    hub = f"{partner.address}/hub"
    settings = config(store_url, tmp_path, own=False, hubs=(hub,), private_addresses=False)
    with opened(settings) as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


def tell(newsroom: Newsroom, clock: Clock) -> int:
    """Tell the hubs what they are to be told; how many requests that were."""
    return asyncio.run(drive(Pings(newsroom, clock)))


def told(received: Received) -> list[str]:
    """The topics that a hub was told of in one request."""
    assert received.headers["Content-Type"] == "application/x-www-form-urlencoded"
    pairs = parse_qsl(received.body.decode(), strict_parsing=True)
    assert pairs[0] == ("hub.mode", "publish")
    assert {name for name, _ in pairs[1:]} == {"hub.url"}
    return [value.removeprefix(f"{SITE}/feeds/") for _, value in pairs[1:]]


def waiting(newsroom: Newsroom) -> int:
    with newsroom.store.read() as session:
        return session.scalar(select(func.count()).select_from(Ping)) or 0


FOLDERS = ("", "town/", "town/roads/", "language/en/")
ALL = [f"{folder}{name}" for folder in FOLDERS for name in ("atom.xml", "rss.xml", "feed.json")]


def test_a_hub_is_told_of_every_format_of_every_changed_feed_in_one_request(
    newsroom: Newsroom, partner: Partner, clock: Clock
) -> None:
    publish(newsroom)
    assert tell(newsroom, clock) == 1
    (request,) = partner.got("POST", "/hub")
    assert sorted(told(request)) == sorted(ALL)
    assert tell(newsroom, clock) == 0
    build(newsroom, every=True)
    assert tell(newsroom, clock) == 0, "nothing has changed"


def test_only_what_changed_is_told(newsroom: Newsroom, partner: Partner, clock: Clock) -> None:
    publish(newsroom)
    tell(newsroom, clock)
    store(newsroom, replace(CONTENT, category=("Sport",), language="ar"), prefix="b")
    syndicate(newsroom, NOW)
    tell(newsroom, clock)
    folders = {topic.rpartition("/")[0] for topic in told(partner.got("POST")[-1])}
    assert folders == {"", "sport", "language/ar"}


def test_a_bulk_import_is_told_in_parts_one_after_the_other(
    newsroom: Newsroom, partner: Partner, clock: Clock
) -> None:
    under_way = threading.Semaphore(1)

    def alone(handler: partners.Handler, received: Received) -> None:
        if not under_way.acquire(blocking=False):
            handler.say(500)  # two requests at once
            return
        handler.server.partner.over.wait(0.02)
        under_way.release()
        handler.say(204)

    partner.manners["/hub"] = alone
    many = [replace(CONTENT, category=(f"Desk {n}",), slug=f"s{n}") for n in range(60)]
    store(newsroom, *many)
    syndicate(newsroom, NOW)
    assert tell(newsroom, clock) == 4
    topics = [told(request) for request in partner.got("POST", "/hub")]
    assert [len(part) for part in topics] == [50, 50, 50, 36]
    assert len({topic for part in topics for topic in part}) == 186


def test_a_hub_that_takes_only_one_topic_gets_one_at_a_time(
    store_url: str, tmp_path: Path, partner: Partner, clock: Clock
) -> None:
    settings = config(store_url, tmp_path, hubs=(partner.address,), topics_per_request=1)
    with opened(settings) as made:
        publish(made)
        assert tell(made, clock) == len(ALL)
    assert {len(told(request)) for request in partner.got("POST", "/")} == {1}


@pytest.mark.parametrize(
    "manners",
    [
        answering(503), answering(400), answering(302, Location="/elsewhere"), partners.silent,
        partners.closing,
    ],
)  # fmt: skip
def test_a_hub_that_is_down_is_told_again_and_holds_up_nothing(
    newsroom: Newsroom, partner: Partner, clock: Clock, manners: partners.Manners
) -> None:
    partner.manners["/hub"] = in_turn(manners, manners, polite)
    publish(newsroom)
    assert tell(newsroom, clock) == 1
    assert (newsroom.config.root / "feeds" / "atom.xml").exists()
    assert tell(newsroom, clock) == 0, "not at once"
    change(newsroom, "Another title")
    assert tell(newsroom, clock) == 0, "a further change does not cut the wait short"
    clock.turn(seconds=5)
    assert tell(newsroom, clock) == 1
    clock.turn(seconds=10)
    assert tell(newsroom, clock) == 1
    assert sorted(told(partner.got("POST", "/hub")[-1])) == sorted(ALL), "each topic once"
    assert waiting(newsroom) == 0
    assert partner.got("POST", "/elsewhere") == []


def test_what_waits_for_a_hub_survives_a_restart_and_is_never_dropped(
    store_url: str, tmp_path: Path, partner: Partner, clock: Clock
) -> None:
    settings = config(store_url, tmp_path, hubs=(f"{partner.address}/hub",))
    partner.manners["/hub"] = answering(500)
    with opened(settings) as made:
        publish(made)
        for _ in range(60):
            tell(made, clock)
            clock.turn(hours=1)
    tries = len(partner.received)
    assert 50 <= tries <= 60
    partner.manners.clear()
    with opened(settings) as made:
        tell(made, clock)
        assert waiting(made) == 0
    assert len(partner.received) == tries + 1


def test_a_change_while_a_hub_is_told_is_told_after_it(
    store_url: str, tmp_path: Path, partner: Partner, clock: Clock
) -> None:
    settings = config(store_url, tmp_path, hubs=(partner.address,), timeout_seconds=60.0)
    with opened(settings) as made:

        def changing(handler: partners.Handler, received: Received) -> None:
            change(made, "Another title")
            handler.say(204)

        partner.manners["/"] = in_turn(changing, polite)
        publish(made)
        assert tell(made, clock) == 2
    first, second = (sorted(told(request)) for request in partner.got("POST"))
    assert first == second == sorted(ALL)


def test_two_processes_tell_a_hub_of_each_change_once(
    store_url: str, tmp_path: Path, partner: Partner, clock: Clock
) -> None:
    settings = config(store_url, tmp_path, hubs=(partner.address,), topics_per_request=2)
    with opened(settings) as one, opened(settings) as other:
        publish(one)
        threads = [threading.Thread(target=tell, args=(n, clock)) for n in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tell(one, clock)
    topics = [topic for request in partner.got("POST") for topic in told(request)]
    assert sorted(topics) == sorted(ALL)


def test_what_was_begun_when_a_process_died_is_told_by_another(
    newsroom: Newsroom, partner: Partner, clock: Clock
) -> None:
    publish(newsroom)
    (news,) = Pings(newsroom, clock).claim(Room(5, 5, Counter()))
    assert tell(newsroom, clock) == 0
    assert clock.now < news.until < clock.now + timedelta(minutes=1)
    clock.turn(seconds=10)
    assert tell(newsroom, clock) == 1


def test_one_hub_does_not_wait_for_another(
    store_url: str, tmp_path: Path, partner: Partner, clock: Clock
) -> None:
    partner.manners["/down"] = partners.silent
    hubs = (f"{partner.address}/down", f"{partner.address}/up")
    settings = config(
        store_url, tmp_path, hubs=hubs, topics_per_request=3, timeout_seconds=60.0
    )  # fmt: skip
    with opened(settings) as made:
        publish(made)
        thread = threading.Thread(target=tell, args=(made, clock))
        thread.start()
        partner.wait_for("POST", "/up", 4)
        assert thread.is_alive(), "the other has not answered yet"
        assert len(partner.got("POST", "/down")) == 1
        partner.over.set()
        thread.join()


def test_a_hub_that_the_config_does_not_name_any_more_is_forgotten(
    store_url: str, tmp_path: Path, partner: Partner, clock: Clock
) -> None:
    with opened(config(store_url, tmp_path, hubs=(f"{partner.address}/old",))) as made:
        publish(made)
    with opened(config(store_url, tmp_path, hubs=(f"{partner.address}/new",))) as made:
        assert tell(made, clock) == 0
        tidy(made, clock.now)
        assert waiting(made) == 0
        change(made, "Another title")
        assert tell(made, clock) == 1
    assert partner.got("POST", "/old") == []


def test_feeds_name_every_hub_our_own_first(tmp_path: Path) -> None:
    settings = config("sqlite://", tmp_path, hubs=("https://hub.example/",))
    assert settings.hubs == (f"{SITE}/hub", "https://hub.example/")
    assert Config().hubs == ()


def test_the_status_says_how_websub_stands(
    store_url: str, tmp_path: Path, partner: Partner, clock: Clock
) -> None:
    hub = f"{partner.address}/hub"
    file = tmp_path / "config.toml"
    file.write_text(
        f'[site]\nurl = "{SITE}"\n[store]\nurl = "{store_url}"\n'
        f'[websub]\nown = true\nhubs = ["{hub}"]\n'
    )
    clock.now = datetime.now(UTC)  # by which the command goes
    partner.manners["/hub"] = answering(503)
    partner.manners["/bad"] = only("POST", answering(500))
    with opened(config(store_url, tmp_path, hubs=(hub,))) as made:
        publish(made)
        for name in ("good", "bad"):
            subscribe(made, clock, f"{partner.address}/{name}?token=hidden", secret="hidden")
        change(made, "Another title")
        tell(made, clock)
        push(made, clock)
        accept(made, Asked(HubMode.SUBSCRIBE, TOPIC, f"{partner.address}/new"))
    as_json, as_text = (
        CliRunner().invoke(main, ["--config", str(file), "status", *more])
        for more in (["--json"], [])
    )
    assert (as_json.exit_code, as_text.exit_code) == (0, 0)
    found = json.loads(as_json.output)["websub"]
    (troubled,), (told_later,) = found.pop("troubled"), found.pop("hubs")
    assert found == {
        "own_hub": True,
        "subscriptions": 2,
        "deliveries_waiting": 1,
        "requests_waiting": 1,
    }
    assert (troubled["host"], troubled["topic"]) == ("127.0.0.1", "town/atom.xml")
    assert (troubled["why"], troubled["next_try"] > troubled["since"]) == ("answered 500", True)
    assert (told_later["url"], told_later["feeds_waiting"]) == (hub, len(ALL))
    assert (told_later["why"], bool(told_later["next_try"])) == ("answered 503", True)
    assert "WebSub: 2 subscriptions; 1 delivery and 1 request waiting" in as_text.output
    assert "127.0.0.1, town/atom.xml: answered 500; next try" in as_text.output
    assert f"hub {hub}: 12 changed feeds to tell it of; fails since" in as_text.output
    assert "hidden" not in as_json.output + as_text.output


def test_the_status_names_a_hub_that_knows_everything(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[websub]\nhubs = ["https://hub.example"]\n')
    shown = CliRunner().invoke(main, ["--config", str(file), "status"]).output
    assert "hub https://hub.example: 0 changed feeds to tell it of" in shown


def test_the_status_is_silent_where_websub_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("")
    assert "WebSub" not in CliRunner().invoke(main, ["--config", str(file), "status"]).output
