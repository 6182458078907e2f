"""Sending an edition to Postfix's smtp-sink on this machine, against smtp-source and libraries.

In microseconds a message, by what `digest send` does with an edition whose variants are composed:
from a ledger with all rows written to a ledger with all outcomes written, on disk, with an fsync
for each group. Each letter has a return path, two signed links and a Message-ID of its own. The
peers keep no ledger. All use 8 connections.

- The libraries do the same work: a letter for each reader, built by the standard library's
  EmailMessage and handed to `send_message`; or, where it says so, one and the same letter, made
  before the clock runs. smtp-source can only do the latter. None of these is larger than ours.
- smtp-source as it is opens a connection for each message; with -d it keeps them.
- `in_doubt` is how many letters a crash may leave in doubt: 100 by default, 1000 where it says so.
- With a round trip of 20 ms there is one connection each.
- Signed mail is measured against the same without a signature.
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
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import delete, insert

from benchmarks import delivery_peers as peers
from benchmarks.measure import Result, in_turns
from benchmarks.newsroom import newsroom, people
from publisher import bootstrap
from publisher.delivery.dkim import Signer, new_key
from publisher.model import Delivery, Edition, Subscriber, Subscription
from publisher.newsletter.variants import Variant
from publisher.pipeline.letters import Letters
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.press import Press
from publisher.pipeline.sending import deliver
from publisher.store import deliveries, edition_texts
from publisher.store.deliveries import Due
from publisher.store.edition_texts import Mail

TURNS = 3
MANY, FEW = 20_000, 4_000
CONNECTIONS = 8
NOW = datetime(2024, 5, 2, 18, 0, tzinfo=UTC)
VARIANT = Variant((), "en", "html").key
SENTENCE = "It was said so, and nobody denied it. "


class Editions:
    """A newsroom with readers, which sends one edition after the other."""

    def __init__(self, made: Newsroom, readers: int) -> None:
        self._made, self._day = made, date(2024, 1, 1)
        with made.store.write() as session:
            numbers = range(1, readers + 1)
            session.execute(
                insert(Subscriber),
                [{"id": n, "email": f"reader{n}@example.org", "name": f"R {n}"} for n in numbers],
            )
            session.execute(
                insert(Subscription),
                [
                    {"list_name": "daily", "subscriber_id": n, "state": "active", "since": NOW}
                    for n in numbers
                ],
            )

    def send(
        self,
        port: int,
        number: int,
        size: int,
        connections: int = CONNECTIONS,
        in_doubt: int = 1000,
        signer: Signer | None = None,
    ) -> float:
        """Microseconds a letter of one edition."""
        made = self._towards(port, connections, in_doubt, signer)
        one, edition = made.config.lists[0], self._edition(number, size)
        start = time.perf_counter()
        for _ in deliver(made, one, edition, lambda: NOW):
            pass
        took = time.perf_counter() - start
        with made.store.read() as session:
            if deliveries.count_by_state(session, edition.id) != {"accepted": number}:
                raise RuntimeError("not everybody has got it")
        return took / number * 1e6

    def letter(self, size: int) -> bytes:
        """One of the letters."""
        made, edition = self._made, self._edition(0, size)
        one = made.config.lists[0]
        written = Letters(made, one, edition, Press(made, one, edition))
        data = written.write(Due(1, VARIANT, 1, "reader1@example.org", "R 1", 1)).data
        if len(data.partition(b"\r\n\r\n")[2]) < size:
            raise RuntimeError("our letters are smaller than those of the peers")
        return data

    def _towards(
        self, port: int, connections: int, in_doubt: int, signer: Signer | None
    ) -> Newsroom:
        config = self._made.config.model_copy(deep=True)
        mail = config.mail.model_copy(update={"transport": f"smtp://{peers.HOST}:{port}"})
        terms = {"in_doubt": in_doubt, "connections": connections}
        delivery = config.delivery.model_copy(update=terms)
        config = config.model_copy(update={"mail": mail, "delivery": delivery})
        return replace(
            self._made,
            transport=bootstrap.transport(config),
            policy=bootstrap.policy(config, self._made.store),
            signer=signer,
        )

    def _edition(self, number: int, size: int) -> Edition:
        """One that is composed, and of which nothing has been sent."""
        self._day += timedelta(days=1)
        with self._made.store.write() as session:
            session.execute(delete(Delivery))
            made = Edition(list_name="daily", local_date=self._day, cut_at=NOW, prepared_at=NOW)
            session.add(made)
            session.flush()
            edition_texts.keep_variants(session, made.id, [(VARIANT, 0, mail(size), ())])
            deliveries.prepare(session, made.id, [(n + 1, VARIANT) for n in range(number)], NOW)
            return made


def mail(size: int) -> Mail:
    """A mail of about so many bytes on the wire, a third of them plain text."""
    leave = "@@UNSUBSCRIBE@@", "@@PREFERENCES@@"
    third = SENTENCE * (size // 3 // len(SENTENCE))
    html = f'<p>{third}{third}</p><a href="{leave[0]}">Leave</a> <a href="{leave[1]}">Choose</a>'
    return Mail("News of today", html, f"{third}\n\n{leave[0]}\n{leave[1]}\n")


def run() -> list[Result]:
    """Each against its peer, in turns."""
    lacking = [name for name in ("smtp-source", "smtp-sink") if shutil.which(name) is None]
    if lacking:
        print(f"not measured: {' and '.join(lacking)} not installed")
        return []
    with newsroom() as made, peers.sink() as port:
        editions = Editions(made, MANY)
        results = list(_speeds(editions, port))
        results += _from_far(editions, port)
        results += _signed(editions, port)
        results += _on_postgresql(port)
    with peers.sink() as port:
        return results + memory(port)


def _speeds(editions: Editions, port: int) -> Iterator[Result]:
    for size, limit in ((4096, 1 / 1.2), (20480, 1.0)):
        name = f"mail of {size // 1024} kB, SQLite"
        data = editions.letter(size)
        fast = partial(editions.send, port, MANY, size)
        usual = partial(fast, in_doubt=100)
        source = partial(peers.smtp_source, port, MANY, size, CONNECTIONS)
        made = mail(size)
        built = partial(peers.built, made.html, made.text)
        yield _turns(f"{name}, 1000 in doubt, against smtp-source", fast, source, limit)
        yield _turns(f"{name}, 100 in doubt, against smtp-source", usual, source, None)
        kept = partial(source, "-d")
        yield _turns(f"{name}, 1000 in doubt, against smtp-source -d", fast, kept, None)
        for work, peer, most in (
            (peers.with_aiosmtplib, "aiosmtplib", 1 / 5),
            (peers.threaded_smtplib, "smtplib in threads", 1 / 3),
        ):
            job = f"{name}, 100 in doubt, against {peer}"
            yield _turns(job, usual, partial(work, port, FEW, built, CONNECTIONS), most)
            same = partial(work, port, FEW, _always(data), CONNECTIONS)
            yield _turns(f"{job} with one and the same letter", usual, same, None)


def _always(data: bytes) -> peers.Make:
    return lambda _who: data


def _from_far(editions: Editions, port: int) -> list[Result]:
    size = 4096
    data = editions.letter(size)
    with peers.far_away(port, 0.020) as far:
        ours = partial(editions.send, far, 200, size, connections=1, in_doubt=100)
        theirs = partial(peers.threaded_smtplib, far, 60, _always(data), 1)
        return [
            _turns("a round trip of 20 ms, one connection, against smtplib", ours, theirs, 1 / 3.5)
        ]


def _signed(editions: Editions, port: int) -> Iterator[Result]:
    plain = partial(editions.send, port, FEW, 20480)
    for kind, shown in (("ed25519", "Ed25519"), ("rsa", "RSA-2048")):
        signed = partial(plain, signer=Signer((new_key("bench", kind),)))
        yield _turns(f"mail of 20 kB signed with {shown}, against not signed", signed, plain, None)


def _on_postgresql(port: int) -> list[Result]:
    from tests import postgres

    if postgres.binaries() is None:
        return []
    with (
        postgres.running_server(durable=True) as server,
        server.database() as url,
        newsroom(store={"url": url}) as made,
    ):
        ours = partial(Editions(made, MANY).send, port, MANY, 4096)
        source = partial(peers.smtp_source, port, MANY, 4096, CONNECTIONS)
        name = "mail of 4 kB, PostgreSQL, 1000 in doubt, against smtp-source"
        return [_turns(name, ours, source, None)]


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
        query = "SELECT count(*) FROM delivery WHERE state = 'accepted'"
        store = sqlite3.connect(folder / "newsroom.db")
        if store.execute(query).fetchone() != (number,):
            raise RuntimeError("not everybody has got it")
        store.close()
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
        store = sqlite3.connect(folder / "newsroom.db")
        with store:
            people(store.execute, number)
            store.execute(
                """
                INSERT INTO subscription (list, subscriber_id, state, since, categories, format)
                SELECT 'daily', id, 'active', '2024-01-01 00:00:00.000000', '[]', 'html'
                FROM subscriber
                """
            )
        store.close()
        yield folder


if __name__ == "__main__":
    for result in run():
        print(result, flush=True)
