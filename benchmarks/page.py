"""docs/performance.md, its picture and its numbers, made of what was measured."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.measure import Result
from benchmarks.plot import bars
from benchmarks.suite import SUITE, Bench

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "performance.md"
NUMBERS = DOCS / "performance.json"
PICTURE = DOCS / "pictures" / "performance.svg"
HEAD = """\
# Performance

Each number is measured against a peer, or against itself at another size, in turns in the same
run; the ratio is the median of the ratios turn by turn, and "at most" is what it may be. Times are
medians. The machine is a small shared virtual one and noisy, so only the ratios mean something
elsewhere. The numbers are in [performance.json](performance.json), too.

    make bench

![How much of what is allowed each benchmark takes](pictures/performance.svg)
"""
TABLE = "\n### {}\n\n| what | ours | peer | ratio | at most |\n|---|---|---|---|---|\n"
# What is written by hand follows.
NOTES = "\n## "

Kept = dict[str, Any]


def write(found: Mapping[Bench, Sequence[Result] | None]) -> None:
    """Put these in the place of what was measured before; the rest of the page stays."""
    kept: Kept = json.loads(NUMBERS.read_text("utf-8")) if NUMBERS.exists() else {}
    for bench, results in found.items():
        kept[bench.name] = {
            "measured": f"{datetime.now(UTC):%Y-%m-%d}",
            "load": round(os.getloadavg()[2], 1),
            "failed": results is None,
            "results": [asdict(result) for result in results or ()],
        }
    NUMBERS.write_text(f"{json.dumps(kept, indent=1, ensure_ascii=False)}\n", encoding="utf-8")
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    notes = before.partition(NOTES)[2]
    PAGE.write_text(_page(kept) + (f"{NOTES}{notes}" if notes else ""), encoding="utf-8")
    limited = [
        (one["name"], one["ratio"] / one["limit"])
        for bench in SUITE
        for one in kept.get(bench.name, {}).get("results", ())
        if one["limit"] is not None
    ]
    PICTURE.write_text(bars("How much of what is allowed each one takes", limited), "utf-8")


def _page(kept: Kept) -> str:
    text = HEAD
    there = [bench for bench in SUITE if bench.name in kept]
    for part, benches in groupby(there, key=lambda bench: bench.part):
        text += TABLE.format(part)
        for bench in benches:
            one = kept[bench.name]
            if not one["results"]:
                why = "failed" if one["failed"] else "not measured: a peer is not installed"
                text += f"| {bench.name}: {why} | | | | |\n"
            text += "".join(_row(Result(**result)) for result in one["results"])
    days = sorted({kept[bench.name]["measured"] for bench in there})
    loads = [kept[bench.name]["load"] for bench in there]
    return (
        f"{text}\nMeasured {' to '.join(dict.fromkeys((days[0], days[-1])))} by `make bench` on "
        f"{platform.machine()}, {os.cpu_count()} cores, {platform.python_implementation()} "
        f"{platform.python_version()}, SQLite on disk, with a load of {min(loads)} to {max(loads)} "
        "over the last minutes of each.\n"
    )


def _row(result: Result) -> str:
    """A line of a table."""
    limit = "" if result.limit is None else f"{result.limit:.3g}"
    over = " (missed)" if result.is_over else ""
    return (
        f"| {result.name} | {result.ours:.3g} {result.unit} | {result.peer:.3g} {result.unit} "
        f"| {result.ratio:.2f}{over} | {limit} |\n"
    )
