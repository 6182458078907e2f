"""Runs every benchmark and writes docs/performance.md (`make bench`); or some, and only shows them.

python -m benchmarks                    all, and the page
python -m benchmarks --quick            those that take seconds (`make bench-quick`)
python -m benchmarks serving delivery   these
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback

from benchmarks import page
from benchmarks.measure import Result
from benchmarks.suite import SUITE, Bench


def main() -> None:
    """Run, show and write; ends with 1 if a ratio passes its limit or a benchmark fails."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure against peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(b.name for b in SUITE))
    parser.add_argument("--quick", action="store_true", help="only those that take seconds")
    asked = parser.parse_args()
    unknown = set(asked.names) - {bench.name for bench in SUITE}
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; see --help")
    chosen = [
        bench
        for bench in SUITE
        if (bench.name in asked.names if asked.names else bench.is_quick or not asked.quick)
    ]
    found: dict[Bench, list[Result] | None] = {}
    for number, bench in enumerate(chosen, 1):
        found[bench] = measured(bench, number, len(chosen))
        if len(chosen) == len(SUITE):  # each time, since it takes long and may be stopped
            page.write(found)
    results = [result for one in found.values() for result in one or ()]
    if None in found.values() or any(result.is_over for result in results):
        sys.exit(1)


def measured(bench: Bench, number: int, of: int) -> list[Result] | None:
    """What a benchmark gives, shown as it comes; None where it fails, since others go on."""
    print(f"[{number}/{of}] {bench.name}", flush=True)
    start = time.monotonic()
    try:
        found = list(bench.run())
    except Exception:
        traceback.print_exc()
        return None
    for result in found:
        print(f"  {result}", flush=True)
    print(f"  {time.monotonic() - start:.0f} s", flush=True)
    return found


if __name__ == "__main__":
    main()
