"""A newsroom of many processes: clocks, workers and a broker, which the tests kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, text

from publisher.model import Delivery, Edition, EditionState, Subscriber
from publisher.pipeline.newsroom import Newsroom
from publisher.store import articles
from publisher.store.leader import LEADER_LOCK
from tests.conftest import REPOSITORY
from tests.factories import join
from tests.sites import newsroom_at, story

BOUND = 100  # letters in doubt for each process that dies; the config's default
PART = 1000


@dataclass
class Cluster:
    """A site, and the processes that are at work in it."""

    folder: Path
    newsroom: Newsroom
    taken: Path
    everybody: list[str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: str, **settings: str) -> None:
        """Start `publisher web`, `clock` or `worker`, known by a name of the test's own."""
        clean = {key: value for key, value in os.environ.items() if "PUBLISHER_" not in key}
        log = (self.folder / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", "publisher", command],
            cwd=self.folder, env=clean | settings, stdout=log, stderr=log,
        )  # fmt: skip
        log.close()

    def kill(self, name: str) -> None:
        """SIGKILL."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def end(self, name: str) -> int:
        """SIGTERM; how it ended."""
        process = self.processes.pop(name)
        process.terminate()
        return process.wait(30)

    def close(self) -> None:
        """Kill whoever is left."""
        for name in list(self.processes):
            self.kill(name)

    def log(self, name: str) -> str:
        """What a process has said."""
        return (self.folder / f"{name}.log").read_text()

    def arrived(self) -> Counter[str]:
        """Whom the mail server took a letter for, and how often."""
        return Counter(self.taken.read_text().split())

    def in_state(self, state: str) -> set[str]:
        """Whose letters are in a state."""
        with self.newsroom.store.read() as session:
            query = select(Subscriber.email).join(Delivery, Delivery.subscriber_id == Subscriber.id)
            return set(session.scalars(query.where(Delivery.state == state)))

    def is_sent(self) -> bool:
        """Whether the edition has been sent to the end."""
        with self.newsroom.store.read() as session:
            return session.scalar(select(Edition.state)) == EditionState.SENT

    def has_leader(self) -> bool:
        """Whether any clock leads."""
        query = text("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = :key")
        with self.newsroom.store.read() as session:
            return session.execute(query, {"key": LEADER_LOCK}).first() is not None

    def nobody_is_lost_and_nobody_twice(self, kills: int) -> None:
        """The promise, which is held against what the mail server took."""
        arrived, accepted = self.arrived(), self.in_state("accepted")
        uncertain, everybody = self.in_state("uncertain"), set(self.everybody)
        assert max(arrived.values()) == 1, "twice: " + ", ".join(arrived - Counter(set(arrived)))
        assert accepted | uncertain == everybody, "missing from the ledger"
        assert accepted <= set(arrived), "said to be accepted, and never arrived"
        assert everybody - set(arrived) <= uncertain, "lost without a word"
        assert len(uncertain) <= kills * BOUND


def wait_until(done: Callable[[], bool], seconds: float, what: str) -> float:
    """Seconds until it is done."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < seconds, f"{what} took more than {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - began


@contextmanager
def sink(file: Path) -> Iterator[int]:
    """A mail server in a process that nobody kills; its port."""
    file.touch()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.smtp_server", str(file)],
        cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        yield int(process.stdout.readline())  # it ends with its standard input


@contextmanager
def cluster(
    url: str, folder: Path, readers: int, broker: str = "", **sections: object
) -> Iterator[Cluster]:
    """A site with an article and so many readers, whose edition is due as soon as a clock runs."""
    domains = ("gmail.example", "mail.example", "a.example", "b.example")
    everybody = [f"reader{n}@{domains[n % 4]}" for n in range(readers)]
    with ExitStack() as stack:
        taken = folder / "taken"
        port = stack.enter_context(sink(taken))
        settings: dict[str, dict[str, object]] = {
            "site": {"title": "Harbour Post", "url": "https://news.example"},
            "store": {"url": url},
            "mail": {"transport": f"smtp://127.0.0.1:{port}?tls=none"},
            "clock": {"tick_seconds": 0.5},
            "cluster": {"broker": broker, "tasks_at_once": 2},
        }
        for name, values in sections.items():
            settings[name] = settings.get(name, {}) | values  # type: ignore[operator]
        (folder / "config.toml").write_text(_toml(settings))
        newsroom = stack.enter_context(newsroom_at(folder, url))
        now = datetime.now(UTC)
        with newsroom.store.write() as session:
            site = newsroom.config.site
            writer = articles.Writer(session, site.url, site.zone, now)
            writer.add(story("Ferry", published=now - timedelta(days=2)), "ferry")
        for start in range(0, readers, PART):
            with newsroom.store.write() as session:
                join(session, "daily", [*everybody[start : start + PART]])
        made = Cluster(folder, newsroom, taken, everybody)
        stack.callback(made.close)
        yield made


def _toml(settings: dict[str, dict[str, object]]) -> str:
    tables = (
        "\n".join((f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in one.items())))
        for name, one in settings.items()
    )
    lists = '[[lists]]\nname = "daily"\nsend_at = "00:00"\n'
    return "\n".join((*tables, lists))
