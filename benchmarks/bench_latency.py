"""From the commit of another program to readable over HTTP, in a newsroom of 1,000 categories.

The peer is the promise of one second: at most 1 for the 99th percentile. The median is reported
beside it. Also how many documents one change writes, which must be those of its own feeds.
"""

from __future__ import annotations

import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

from benchmarks.bench_serving import free_port, running
from benchmarks.measure import Result
from benchmarks.newsroom import NOW, contents, newsroom, store
from publisher.pipeline.build import syndicate

CATEGORIES = 1000
CHANGES = 100
PROMISE = 1000.0


def run() -> list[Result]:
    """One changed article after the other, in a running publisher."""
    with newsroom() as made:
        store(
            made,
            (replace(one, category=(f"Desk {n}",)) for n, one in enumerate(contents(CATEGORIES))),
        )
        syndicate(made, NOW)
        root, port = made.config.root, free_port()
        (root / "config.toml").write_text(f"[web]\nport = {port}\n")
        command = [sys.executable, "-m", "publisher", "--config", str(root / "config.toml"), "run"]
        with running(command, port) as address:
            settle(command)
            before = times(root)
            took = sorted(change(root, address, n) for n in range(CHANGES))
            written = {name for name, when in times(root).items() if before.get(name) != when}
    folders = {name.rpartition("/")[0] for name in written}
    unexpected = (
        folders
        - {"", "archive", "language/en", "language/en/archive"}
        - {f"desk-{n}" for n in range(CHANGES)}
    )
    if unexpected:
        raise RuntimeError(f"feeds were written that nothing changed in: {sorted(unexpected)[:5]}")
    name = f"commit to readable over HTTP, {CATEGORIES:,} categories, {{}}, against the promise"
    middle, high = statistics.median(took), took[int(len(took) * 0.99) - 1]
    return [
        Result(name.format("median"), middle, PROMISE, middle / PROMISE, None),
        Result(name.format("99th percentile"), high, PROMISE, high / PROMISE, 1),
    ]


def change(root: Path, address: str, number: int) -> float:
    """Milliseconds until a new title stands in the feed of its category."""
    title = f"Changed title {number}"
    connection = sqlite3.connect(root / "newsroom.db", timeout=10)
    with connection:
        connection.execute(
            "UPDATE article SET title = ? WHERE category_id = "
            "(SELECT id FROM category WHERE path = ?)",
            (title, f"desk-{number}"),
        )
    start = time.perf_counter()
    connection.close()
    feed = address.replace("/atom.xml", f"/desk-{number}/atom.xml")
    while time.perf_counter() - start < 10:
        with urllib.request.urlopen(feed) as answer:
            if title.encode() in answer.read():
                return (time.perf_counter() - start) * 1000
        time.sleep(0.005)
    raise RuntimeError(f"{feed} did not show {title!r} within 10 s")


def settle(command: list[str]) -> None:
    """Wait until the publisher has nothing left to do."""
    time.sleep(2)
    subprocess.run([*command[:-1], "status"], check=True, stdout=subprocess.DEVNULL)


def times(root: Path) -> dict[str, int]:
    """When each feed document was written."""
    files = (root / "feeds").rglob("*.xml")
    return {str(f.relative_to(root / "feeds")): f.stat().st_mtime_ns for f in files}


if __name__ == "__main__":
    for result in run():
        print(result)
