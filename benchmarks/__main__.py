"""Runs every benchmark and writes the table of docs/performance.md (`make bench`)."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    bench_compose,
    bench_dkim,
    bench_embed,
    bench_feed_build,
    bench_full_build,
    bench_help,
    bench_import,
    bench_latency,
    bench_one_article,
    bench_pages,
    bench_serving,
    bench_sitemap,
    bench_subscribers,
    bench_websub,
)
from benchmarks.measure import Result

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
SUITE = (
    bench_help,
    bench_feed_build,
    bench_full_build,
    bench_serving,
    bench_latency,
    bench_websub,
    bench_import,
    bench_one_article,
    bench_pages,
    bench_embed,
    bench_sitemap,
    bench_dkim,
    bench_subscribers,
    bench_compose,
)
HEAD = """\
# Performance

Each number is measured against a peer, or against itself at another size, in turns in the same
run; the ratio is the median of the ratios turn by turn. Times are medians. The machine is a small
shared virtual one and noisy, so only the ratios mean something elsewhere.

    make bench

| what | ours | peer | ratio | at most |
|---|---|---|---|---|
"""


def row(result: Result) -> str:
    """A line of the table."""
    limit = "" if result.limit is None else f"{result.limit:g}"
    return (
        f"| {result.name} | {result.ours:.3g} {result.unit} | {result.peer:.3g} {result.unit} "
        f"| {result.ratio:.2f} | {limit} |\n"
    )


def main() -> None:
    """Run, show and write; ends with 1 if a ratio passes its limit."""
    results = []
    for bench in SUITE:
        for result in bench.run():
            print(result, flush=True)
            results.append(result)
    cores = os.cpu_count()
    machine = (
        f"\nMeasured {datetime.now(UTC):%Y-%m-%d} on {platform.machine()}, {cores} cores, "
        f"{platform.python_implementation()} {platform.python_version()}, SQLite on disk.\n"
    )
    details = PAGE.read_text(encoding="utf-8").partition("\n## ")[2] if PAGE.exists() else ""
    more = f"\n## {details}" if details else ""
    PAGE.write_text(HEAD + "".join(map(row, results)) + machine + more, encoding="utf-8")
    if any(result.limit is not None and result.ratio > result.limit for result in results):
        sys.exit(1)


if __name__ == "__main__":
    main()
