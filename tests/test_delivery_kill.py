"""SIGKILL at any moment: nobody is lost, nobody gets it twice, and what is in doubt is bounded."""

from __future__ import annotations

import multiprocessing
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy import select

from publisher.model import Delivery, Subscriber
from publisher.store.engine import Store, open_store
from tests.conftest import REPOSITORY
from tests.sender_process import send_what_is_left
from tests.sending import edition, states

READERS, KILLS = 20_000, 50
BOUND = 100  # the config's default
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["pytest", "tests.sender_process"])


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


def start(store_url: str, port: int) -> BaseProcess:
    """A process that sends what is left to be sent; forked, since 50 would import for a minute."""
    process = PROCESSES.Process(target=send_what_is_left, args=(store_url, port))
    process.start()
    return process


def kill_somewhere(process: BaseProcess, file: Path, chance: random.Random) -> None:
    """Kill it when it has sent some more letters, up to 400, and then a moment later."""
    wanted = file.stat().st_size + chance.randint(1, 400) * len("reader1000@example.org\n")
    while file.stat().st_size < wanted:
        assert process.is_alive(), "the edition came to an end before it was killed"
        time.sleep(0.0005)
    time.sleep(chance.random() * 0.01)
    process.kill()
    process.join()


def rows(store: Store, state: str) -> set[str]:
    with store.read() as session:
        query = select(Subscriber.email).join(Delivery, Delivery.subscriber_id == Subscriber.id)
        return set(session.scalars(query.where(Delivery.state == state)))


def test_an_edition_survives_being_killed_again_and_again(store_url: str, tmp_path: Path) -> None:
    store, file = open_store(store_url), tmp_path / "taken"
    everybody = [f"reader{n}@example.org" for n in range(READERS)]
    edition_id = edition(store, everybody)
    chance = random.Random()
    doubted = 0
    with sink(file) as port:
        for _ in range(KILLS):
            process = start(store_url, port)
            kill_somewhere(process, file, chance)
            counts = states(store, edition_id)
            assert counts.get("sending", 0) <= BOUND
            assert counts.get("uncertain", 0) - doubted <= BOUND
            doubted = counts.get("uncertain", 0)
        last = start(store_url, port)
        last.join(120)
        assert last.exitcode == 0
    arrived = Counter(taken(file))
    accepted, uncertain = rows(store, "accepted"), rows(store, "uncertain")
    store.close()
    assert max(arrived.values()) == 1, "twice: " + ", ".join(arrived - Counter(set(arrived)))
    assert accepted | uncertain == set(everybody), "missing from the ledger"
    assert accepted <= set(arrived), "said to be accepted, and never arrived"
    assert len(uncertain) <= KILLS * BOUND
    assert set(everybody) - set(arrived) <= uncertain, "lost without a word"
