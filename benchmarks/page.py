"""docs/performance.md and its picture, made of what was measured."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from benchmarks.measure import Result
from benchmarks.plot import bars
from benchmarks.suite import Bench

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "performance.md"
NUMBERS = DOCS / "performance.json"
PICTURE = DOCS / "pictures" / "performance.svg"
HEAD = """\
# Performance

Each number is measured against a peer, or against itself at another size, in turns in the same
run; the ratio is the median of the ratios turn by turn, and "at most" is what it may be. Times are
medians. The machine is a small shared virtual one and noisy, so only the ratios mean something
elsewhere.

    make bench

![How much of what is allowed each benchmark takes](pictures/performance.svg)
"""
TABLE = "\n### {}\n\n| what | ours | peer | ratio | at most |\n|---|---|---|---|---|\n"
# What is written by hand follows.
NOTES = "\n## "


def write(found: Mapping[Bench, Sequence[Result] | None]) -> None:
    """Write both; what was written by hand on the page stays."""
    text = HEAD
    for part, benches in groupby(found, key=lambda bench: bench.part):
        text += TABLE.format(part)
        for bench in benches:
            results = found[bench]
            if not results:
                why = "failed" if results is None else "not measured: a peer is not installed"
                text += f"| {bench.name}: {why} | | | | |\n"
            text += "".join(map(_row, results or ()))
    text += (
        f"\nMeasured {datetime.now(UTC):%Y-%m-%d} by `make bench` on {platform.machine()}, "
        f"{os.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}, "
        f"SQLite on disk, with a load of {os.getloadavg()[2]:.1f} over the last minutes.\n"
    )
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    notes = before.partition(NOTES)[2]
    PAGE.write_text(text + (f"{NOTES}{notes}" if notes else ""), encoding="utf-8")
    numbers = [asdict(result) for results in found.values() for result in results or ()]
    NUMBERS.write_text(f"{json.dumps(numbers, indent=1, ensure_ascii=False)}\n", encoding="utf-8")
    limited = [
        (result.name, result.ratio / result.limit)
        for results in found.values()
        for result in results or ()
        if result.limit is not None
    ]
    PICTURE.write_text(bars("How much of what is allowed each one takes", limited), "utf-8")


def _row(result: Result) -> str:
    """A line of a table."""
    limit = "" if result.limit is None else f"{result.limit:.3g}"
    over = " (missed)" if result.is_over else ""
    return (
        f"| {result.name} | {result.ours:.3g} {result.unit} | {result.peer:.3g} {result.unit} "
        f"| {result.ratio:.2f}{over} | {limit} |\n"
    )
