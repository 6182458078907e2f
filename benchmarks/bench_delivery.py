"""Sending an edition to Postfix's smtp-sink on this machine, against smtp-source and libraries.

In microseconds a message, from a ledger with all rows written to a ledger with all outcomes
written: on disk, with an fsync for each group. The peers keep no ledger. Letters are filled in for
each reader, and at least as large as those of the peers. All use 8 connections.

- smtp-source as it is opens a connection for each message; with -d it keeps them.
- `in_doubt` is how many letters a crash may leave in doubt: 100 by default, 1000 where it says so.
- With a round trip of 20 ms there is one connection each.
- Memory is that of `publisher digest send` with all it does.

Without smtp-source and smtp-sink (Debian: postfix) it says so and measures nothing.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import delete, insert

from benchmarks import delivery_peers as peers
from benchmarks.measure import Result, in_turns
from publisher.config.servers import parse_server
from publisher.delivery import message
from publisher.delivery.policy import Policy
from publisher.delivery.sender import deliver
from publisher.delivery.smtp.channel import Patience
from publisher.delivery.smtp.opening import Manners
from publisher.delivery.smtp.relay import Terms
from publisher.delivery.smtp.tls import believing, verifying
from publisher.delivery.smtp.transport import SmtpTransport
from publisher.delivery.transport import Letter
from publisher.model import Delivery, Edition, Subscriber
from publisher.store import deliveries
from publisher.store.deliveries import Due
from publisher.store.engine import Store, open_store

TURNS = 3
MANY, FEW = 20_000, 4_000
CONNECTIONS = 8
NOW = datetime(2024, 5, 2, 18, 0, tzinfo=UTC)
FRAME = message.Frame(
    list_title="Daily digest",
    list_id="daily.news.example",
    sender=peers.SENDER,
    sender_name="Our Newsroom",
    reply_to="",
    archive="https://news.example/editions/daily/",
)


class Letters:
    """Letters with so many bytes after the headers, as an edition has them."""

    def __init__(self, size: int) -> None:
        text = "It was said so. " * (size // 16) + "\n\n@@UNSUBSCRIBE@@\n"
        self._template = message.build(FRAME, "News of today", None, text, NOW)
        self._links = {message.UNSUBSCRIBE: message.unsubscribe_link(FRAME)}

    def write(self, due: Due) -> Letter:
        """The letter for one reader."""
        key = message.message_id(1, due.subscriber_id, FRAME.domain)
        head = {
            message.TO: message.to_header(due.email, due.name),
            message.MESSAGE_ID: key,
            message.UNSUBSCRIBE_MAIL: self._links[message.UNSUBSCRIBE],
        }
        data = message.fill(self._template, head, self._links)
        return Letter(key, FRAME.sender, due.email, data)


class Newsroom:
    """A store with readers, in which one edition after the other is sent."""

    def __init__(self, url: str, readers: int) -> None:
        self.store: Store = open_store(url)
        self._day = date(2024, 1, 1)
        with self.store.write() as session:
            people = (
                {"email": f"reader{n}@example.org", "name": f"Reader {n}"} for n in range(readers)
            )
            session.execute(insert(Subscriber), [{**one, "state": "active"} for one in people])

    def send(self, port: int, number: int, size: int, connections: int, in_doubt: int) -> float:
        """Microseconds a letter of one edition."""
        edition_id = self._edition(number)
        server = parse_server(f"smtp://{peers.HOST}:{port}?tls=none")
        manners = Manners(Patience.of(60), verifying(None), believing(), "bench.example")
        transport = SmtpTransport([Terms(server, connections=connections)], manners)
        ledger = deliveries.ledger_of(edition_id, f"bench/{edition_id}")
        write, policy = Letters(size).write, Policy(in_doubt=in_doubt)
        start = time.perf_counter()
        for _ in deliver(self.store, ledger, write, transport, lambda: NOW, policy=policy):
            pass
        took = time.perf_counter() - start
        with self.store.read() as session:
            if deliveries.count_by_state(session, edition_id) != {"accepted": number}:
                raise RuntimeError("not everybody has got it")
        return took / number * 1e6

    def _edition(self, number: int) -> int:
        self._day += timedelta(days=1)
        with self.store.write() as session:
            session.execute(delete(Delivery))
            made = Edition(list_name="daily", local_date=self._day, cut_at=NOW)
            session.add(made)
            session.flush()
            deliveries.prepare(session, made.id, [(n + 1, "v") for n in range(number)], NOW)
            return made.id


def run() -> list[Result]:
    """Each against its peer, in turns."""
    lacking = [name for name in ("smtp-source", "smtp-sink") if shutil.which(name) is None]
    if lacking:
        print(f"not measured: {' and '.join(lacking)} not installed")
        return []
    with TemporaryDirectory() as folder, peers.sink() as port:
        newsroom = Newsroom(f"sqlite:///{folder}/newsroom.db", MANY)
        results = list(_speeds(newsroom, port))
        results += _from_far(newsroom, port)
        newsroom.store.close()
        results += _on_postgresql(port)
    with peers.sink() as port:
        return results + memory(port)


def _speeds(newsroom: Newsroom, port: int) -> Iterator[Result]:
    for size, limit in ((4096, 1 / 1.2), (20480, 1.0)):
        name = f"mail of {size // 1024} kB, SQLite"
        data = Letters(size).write(Due(1, "v", 1, "reader1@example.org", "Reader 1", 1)).data
        if len(data) < size:
            raise RuntimeError("our letters are smaller than those of the peers")
        ours = partial(newsroom.send, port, MANY, size, CONNECTIONS)
        source = partial(peers.smtp_source, port, MANY, size, CONNECTIONS)
        asio = partial(peers.with_aiosmtplib, port, FEW, data, CONNECTIONS)
        threads = partial(peers.threaded_smtplib, port, FEW, data, CONNECTIONS)
        fast, usual = partial(ours, 1000), partial(ours, 100)
        yield _turns(f"{name}, 1000 in doubt, against smtp-source", fast, source, limit)
        yield _turns(f"{name}, 100 in doubt, against smtp-source", usual, source, None)
        kept = partial(source, "-d")
        yield _turns(f"{name}, 1000 in doubt, against smtp-source -d", fast, kept, None)
        yield _turns(f"{name}, 100 in doubt, against aiosmtplib", usual, asio, 1 / 5)
        yield _turns(f"{name}, 100 in doubt, against smtplib in threads", usual, threads, 1 / 3)


def _from_far(newsroom: Newsroom, port: int) -> list[Result]:
    size = 4096
    data = Letters(size).write(Due(1, "v", 1, "reader1@example.org", "Reader 1", 1)).data
    with peers.far_away(port, 0.020) as far:
        ours = partial(newsroom.send, far, 200, size, 1, 100)
        theirs = partial(peers.threaded_smtplib, far, 60, data, 1)
        return [
            _turns("a round trip of 20 ms, one connection, against smtplib", ours, theirs, 1 / 3.5)
        ]


def _on_postgresql(port: int) -> list[Result]:
    from tests import postgres

    if postgres.binaries() is None:
        return []
    with postgres.running_server(durable=True) as server, server.database() as url:
        newsroom = Newsroom(url, MANY)
        ours = partial(newsroom.send, port, MANY, 4096, CONNECTIONS, 1000)
        source = partial(peers.smtp_source, port, MANY, 4096, CONNECTIONS)
        name = "mail of 4 kB, PostgreSQL, 1000 in doubt, against smtp-source"
        result = _turns(name, ours, source, None)
        newsroom.store.close()
        return [result]


def _turns(name: str, ours: partial[float], peer: partial[float], limit: float | None) -> Result:
    return in_turns(name, ours, peer, turns=TURNS, limit=limit, unit="µs")


def memory(port: int, large: int = 1_000_000, small: int = 10_000) -> list[Result]:
    """Megabytes at the peak of `publisher digest send` to so many readers."""
    ours, peer = (_peak(port, number) for number in (large, small))
    name = f"peak memory of digest send, {large:,} readers against {small:,}"
    return [
        Result(name, ours, peer, ours / peer, 1.2, "MB"),
        Result("the same, against 200 MB", ours, 200, ours / 200, 1, "MB"),
    ]


def _peak(port: int, number: int) -> float:
    with _site(port, number) as folder:
        program = (
            "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
            "stdout=subprocess.DEVNULL); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        command = [sys.executable, "-m", "publisher", "digest", "send", "daily"]
        told = subprocess.run(
            [sys.executable, "-c", program, *command],
            cwd=folder, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return int(told.stdout) * (1 if sys.platform == "darwin" else 1024) / 1e6


@contextmanager
def _site(port: int, number: int) -> Iterator[Path]:
    """A site with an article and so many readers."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.toml").write_text(
            f'[mail]\ntransport = "smtp://{peers.HOST}:{port}"\n[delivery]\nin_doubt = 1000\n'
        )
        day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
        (folder / "news.md").write_text(f"---\ntitle: Ferry\ndate: {day}\n---\nIt sailed.\n")
        publisher = [sys.executable, "-m", "publisher"]
        subprocess.run(
            [*publisher, "import", "news.md"], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        with sqlite3.connect(folder / "newsroom.db") as store:
            store.executescript(
                f"""
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number})
                INSERT INTO subscriber (email, name, state)
                SELECT 'reader' || i || '@example.org', 'Reader ' || i, 'active' FROM n;
                INSERT INTO subscription (list, subscriber_id, categories, format)
                SELECT 'daily', id, '[]', 'html' FROM subscriber;
                """
            )
        store.close()
        yield folder


if __name__ == "__main__":
    for result in run():
        print(result, flush=True)
