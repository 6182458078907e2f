"""Several clocks, one of which leads: another takes over, whatever has become of the first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from publisher.clock import Clock
from publisher.leader import Leader
from publisher.store.engine import open_store
from publisher.store.leader import Lead
from publisher.syndicator import Syndicator
from tests.conftest import REPOSITORY
from tests.postgres import Server
from tests.sites import newsroom_at

TAKEOVER_SECONDS = 30.0


@pytest.fixture
def postgresql(postgres_server: Server) -> Iterator[str]:
    """The URL of an empty store of PostgreSQL."""
    with postgres_server.database() as url:
        yield url


@contextmanager
def lead(url: str) -> Iterator[Lead]:
    store = open_store(url)
    one = Lead(store)
    try:
        yield one
    finally:
        one.leave()
        store.close()


@contextmanager
def another_process(url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that leads, and goes on to seek the lead each second."""
    code = (
        "import sys, time\n"
        "from publisher.store.engine import open_store\n"
        "from publisher.store.leader import Lead\n"
        "lead = Lead(open_store(sys.argv[1]))\n"
        "lead.seek()\n"
        "print(lead.is_held, flush=True)\n"
        "while True:\n"
        "    time.sleep(1)\n"
        "    lead.seek()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def seconds_until(done: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < TAKEOVER_SECONDS, "nobody took over in time"
        time.sleep(0.2)
    return time.monotonic() - began


def takes_over(one: Lead) -> bool:
    one.seek()
    return one.is_held


def test_one_of_several_leads(postgresql: str) -> None:
    with lead(postgresql) as first, lead(postgresql) as second:
        for _ in range(3):
            first.seek()
            second.seek()
            assert (first.is_held, second.is_held) == (True, False)


def test_who_leaves_is_followed_at_once(postgresql: str) -> None:
    with lead(postgresql) as first, lead(postgresql) as second:
        first.seek()
        first.leave()
        assert not first.is_held
        assert takes_over(second)


def test_a_leader_that_is_killed_is_followed(postgresql: str) -> None:
    with another_process(postgresql) as process, lead(postgresql) as one:
        assert not takes_over(one)
        process.kill()
        assert seconds_until(lambda: takes_over(one)) < 5


def test_a_leader_that_hangs_is_followed(postgresql: str) -> None:
    # Its connection stays open, as that of a machine that is out of reach does.
    with another_process(postgresql) as process, lead(postgresql) as one:
        os.kill(process.pid, signal.SIGSTOP)
        assert not takes_over(one)
        seconds_until(lambda: takes_over(one))
        os.kill(process.pid, signal.SIGCONT)


def test_who_was_long_away_does_not_believe_to_lead(
    postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lead(postgresql) as one:
        one.seek()
        later = time.monotonic() + 10
        monkeypatch.setattr("publisher.store.leader.time.monotonic", lambda: later)
        assert not one.is_held


def test_a_store_in_a_file_has_no_lead_to_lose(migrated_file: Path) -> None:
    with lead(f"sqlite:///{migrated_file}") as one:
        one.seek()
        assert one.is_held


def test_a_clock_that_does_not_lead_cuts_nothing_and_builds_nothing(
    postgresql: str, tmp_path: Path
) -> None:
    with newsroom_at(tmp_path, postgresql) as newsroom:
        syndicator = Syndicator(newsroom, leads=lambda: False)
        syndicator.start()
        Clock(newsroom, leads=lambda: False).cut()
        time.sleep(0.3)
        syndicator.stop()
        assert not (tmp_path / "feeds").exists()


def test_the_lead_is_sought_again_while_a_process_lives(postgresql: str, tmp_path: Path) -> None:
    with newsroom_at(tmp_path, postgresql) as newsroom, lead(postgresql) as other:
        other.seek()
        leader = Leader(newsroom)
        leader.start()
        assert not leader.leads()
        other.leave()
        seconds_until(leader.leads)
        leader.stop()
        assert not leader.leads()
