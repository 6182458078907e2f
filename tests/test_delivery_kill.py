"""SIGKILL at any moment: nobody is lost, nobody gets it twice, and what is in doubt is bounded."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.model import Delivery, Subscriber
from publisher.store.engine import Store, open_store
from tests.conftest import REPOSITORY
from tests.sending import edition, states

BOUND = 100  # the config's default
LOST = "its sender ended while it was being sent; it may have arrived"


@contextmanager
def sink(file: Path) -> Iterator[int]:
    """A mail server in a process that nobody kills; its port."""
    file.touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.smtp_server", str(file)],
        cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    yield int(process.stdout.readline())
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


def taken(file: Path) -> list[str]:
    return file.read_text().split()


def start(store_url: str, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.sender_process", store_url, str(port)]
    return subprocess.Popen(command, cwd=REPOSITORY)


def kill_somewhere(process: subprocess.Popen[bytes], file: Path, chance: random.Random) -> None:
    """Kill it when it has sent some more letters, up to 400, and then a moment later."""
    wanted = file.stat().st_size + chance.randint(1, 400) * len("reader1000@example.org\n")
    while file.stat().st_size < wanted:
        assert process.poll() is None, "the edition came to an end before it was killed"
        time.sleep(0.0005)
    time.sleep(chance.random() * 0.01)
    process.kill()
    process.wait()


def rows(store: Store, state: str) -> set[str]:
    with store.read() as session:
        query = select(Subscriber.email).join(Delivery, Delivery.subscriber_id == Subscriber.id)
        return set(session.scalars(query.where(Delivery.state == state)))


@pytest.mark.parametrize(("readers", "kills"), [(20_000, 50)])
def test_an_edition_survives_being_killed_again_and_again(
    store_url: str, tmp_path: Path, readers: int, kills: int
) -> None:
    if store_url.startswith("postgresql"):
        readers, kills = readers // 5, kills // 5
    store, file = open_store(store_url), tmp_path / "taken"
    everybody = [f"reader{n}@example.org" for n in range(readers)]
    edition_id = edition(store, everybody)
    chance = random.Random()
    doubted = 0
    with sink(file) as port:
        for _ in range(kills):
            process = start(store_url, port)
            kill_somewhere(process, file, chance)
            counts = states(store, edition_id)
            assert counts.get("sending", 0) <= BOUND
            assert counts.get("uncertain", 0) - doubted <= BOUND
            doubted = counts.get("uncertain", 0)
        last = start(store_url, port)
        assert last.wait(120) == 0
    arrived = Counter(taken(file))
    accepted, uncertain = rows(store, "accepted"), rows(store, "uncertain")
    store.close()
    assert max(arrived.values()) == 1, "twice: " + ", ".join(arrived - Counter(set(arrived)))
    assert accepted | uncertain == set(everybody), "missing from the ledger"
    assert accepted <= set(arrived), "said to be accepted, and never arrived"
    assert len(uncertain) <= kills * BOUND
    assert set(everybody) - set(arrived) <= uncertain, "lost without a word"
