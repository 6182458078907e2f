"""An edition of 30 articles for 1,000,000 subscribers in 200 variants, against 10,000 of them.

Composing grows with variants and not with subscribers, and memory stays flat (limits 1.25). The
rows of the ledger do grow with subscribers; they are measured apart, against the same rows
inserted with nothing around them (limit 6). Times are processor time: all of it is one process's
work, and the machine may be busy.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import combinations
from time import process_time
from typing import Any

from benchmarks.measure import Result
from benchmarks.newsroom import NOW, contents, newsroom, people, store
from publisher.model import Edition
from publisher.pipeline import editions
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.press import Choice, Press

ARTICLES = 30
DESKS = 12
LANGUAGES = ("en", "ar")
FORMATS = ("html", "text")
FEW, MANY = 10_000, 1_000_000
VARIANTS, LESS = 200, 20


@dataclass
class Measured:
    """What preparing an edition took: processor seconds, and peak memory of the process in MB."""

    variants: int
    compose: float
    rows: float
    memory: float


def run(many: int = MANY) -> list[Result]:
    """Every measurement in a process of its own, twice, and the better one of the two."""
    large, small = best(many, VARIANTS), best(FEW, VARIANTS)
    less = best(FEW, LESS)
    plain = min(insert_plainly(many) for _ in range(2))
    name = f"an edition of {ARTICLES} articles in {VARIANTS} variants"
    people = f"{many:,} subscribers against {FEW:,}"
    return [
        result(
            f"compose {name}, {people}, CPU",
            large.compose * 1000, small.compose * 1000, 1.25, "ms",
        ),
        result(
            f"compose it in {VARIANTS} variants against {LESS}, {FEW:,} subscribers, CPU",
            small.compose * 1000, less.compose * 1000, None, "ms",
        ),
        result(f"peak memory of that, {people}", large.memory, small.memory, 1.25, "MB"),
        result(
            f"a row of the ledger, prepared, {many:,} of them, against plain inserts, CPU",
            large.rows / many * 1e6, plain / many * 1e6, 6, "µs",
        ),
    ]  # fmt: skip


def result(name: str, ours: float, peer: float, limit: float | None, unit: str) -> Result:
    """One line of the table."""
    return Result(name, ours, peer, ours / peer, limit, unit)


def best(subscribers: int, variants: int) -> Measured:
    """The faster of two runs."""
    command = [sys.executable, "-m", "benchmarks.bench_compose", str(subscribers), str(variants)]
    runs = []
    for _ in range(2):
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        runs.append(Measured(**json.loads(out)))
    if {one.variants for one in runs} != {variants}:
        raise RuntimeError(f"{variants} variants were wanted, and there are {runs[0].variants}")
    return Measured(
        variants,
        min(one.compose for one in runs),
        min(one.rows for one in runs),
        min(one.memory for one in runs),
    )


class TimedPress(Press):
    """Notes how long it composes."""

    seconds = 0.0

    def learn(self, choices: set[Choice]) -> None:
        """The same, timed."""
        start = process_time()
        super().learn(choices)
        self.seconds += process_time() - start


def prepare(subscribers: int, variants: int) -> Measured:
    """Cut an edition, compose its variants and prepare its ledger."""
    with newsroom() as made:
        articles = enumerate(contents(ARTICLES))
        store(
            made,
            (replace(one, category=("News", f"Desk {n % DESKS}")) for n, one in articles),
        )
        one = made.config.lists[0]
        edition = editions.cut(made, one, NOW.date(), NOW + timedelta(hours=1))
        fill(made, subscribers, variants)
        press = TimedPress(made, one, edition)
        start = process_time()
        press.prepare(NOW)
        took = process_time() - start
        return Measured(
            variants=count(made, edition),
            compose=press.seconds,
            rows=took - press.seconds,
            memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        )


def fill(made: Newsroom, subscribers: int, variants: int) -> None:
    """So many readers, whose choices make so many variants."""
    pairs = combinations([f"news/desk-{n}" for n in range(DESKS)], 2)
    choices = [
        (json.dumps(pair), language, form)
        for pair in pairs
        for language in LANGUAGES
        for form in FORMATS
    ][:variants]
    with raw(made) as execute:
        execute("CREATE TEMP TABLE choice (n INTEGER PRIMARY KEY, c TEXT, l TEXT, f TEXT)")
        for number, choice in enumerate(choices):
            execute("INSERT INTO choice VALUES (?, ?, ?, ?)", (number, *choice))
        people(execute, subscribers)
        execute(
            f"""
            INSERT INTO subscription
                   (list, subscriber_id, state, since, categories, language, format)
            SELECT 'daily', s.id, 'active', '2024-01-01 00:00:00.000000', c.c, c.l, c.f
            FROM subscriber s JOIN choice c ON c.n = s.id % {len(choices)}
            """
        )


@contextmanager
def raw(made: Newsroom) -> Iterator[Any]:
    """SQL to the file, in one transaction."""
    connection = made.store.engine.raw_connection()
    try:
        execute = connection.driver_connection.execute  # type: ignore[union-attr]
        execute("BEGIN")
        yield execute
        execute("COMMIT")
    finally:
        connection.close()


def count(made: Newsroom, edition: Edition) -> int:
    """How many variants the ledger has."""
    with raw(made) as execute:
        query = "SELECT count(DISTINCT variant) FROM delivery WHERE edition_id = ?"
        return int(execute(query, (edition.id,)).fetchone()[0])


def insert_plainly(number: int) -> float:
    """The same for as many rows of the table, in parts as large, with nothing around them."""
    moment, key = "2024-05-02 12:00:00.000000", "x" * 100
    insert = (
        "INSERT INTO delivery (edition_id, subscriber_id, variant, state, due, reply, changed) "
        f"VALUES (1, ?, '{key}', 'pending', '{moment}', '', '{moment}')"
    )
    with newsroom() as made:
        connection = sqlite3.connect(made.config.root / "newsroom.db")
        start = process_time()
        for first in range(1, number + 1, 5000):
            with connection:
                connection.executemany(insert, ((n,) for n in range(first, first + 5000)))
        took = process_time() - start
        connection.close()
    return took


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measured = prepare(int(sys.argv[1]), int(sys.argv[2]))
        print(json.dumps(measured.__dict__))
    else:
        for line in run():
            print(line)
