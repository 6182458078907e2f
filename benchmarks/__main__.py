"""Runs every benchmark and writes docs/performance.md (`make bench`); or some, and only shows them.

python -m benchmarks                      all, and the page
python -m benchmarks --quick              those that take seconds (`make bench-quick`)
python -m benchmarks serving delivery     these
python -m benchmarks serving --write      this one, and its part of the page
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor

from benchmarks import page
from benchmarks.measure import Result
from benchmarks.suite import SUITE, Bench


def main() -> None:
    """Run, show and write; ends with 1 if a ratio passes its limit or a benchmark fails."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure against peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(b.name for b in SUITE))
    parser.add_argument("--quick", action="store_true", help="only those that take seconds")
    parser.add_argument("--write", action="store_true", help="put them on the page")
    asked = parser.parse_args()
    unknown = set(asked.names) - {bench.name for bench in SUITE}
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; see --help")
    chosen = [
        bench
        for bench in SUITE
        if (bench.name in asked.names if asked.names else bench.is_quick or not asked.quick)
    ]
    is_good = True
    for number, bench in enumerate(chosen, 1):
        results = measured(bench, number, len(chosen))
        is_good &= results is not None and not any(result.is_over for result in results)
        if asked.write or len(chosen) == len(SUITE):  # each time: it takes long, and may be stopped
            page.write({bench: results})
    sys.exit(0 if is_good else 1)


def measured(bench: Bench, number: int, of: int) -> list[Result] | None:
    """What a benchmark gives, shown as it comes; None where it fails, since others go on.

    Each has a process of its own, so that none finds what another has left.
    """
    print(f"[{number}/{of}] {bench.name}", flush=True)
    start = time.monotonic()
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        try:
            found = process.submit(bench.results).result()
        except Exception:
            traceback.print_exc()
            return None
    for result in found:
        print(f"  {result}", flush=True)
    print(f"  {time.monotonic() - start:.0f} s", flush=True)
    return found


if __name__ == "__main__":
    main()
