"""CPU time of `publisher --help` against an empty start of Python. Limit 12."""

from __future__ import annotations

import resource
import subprocess
import sys

from benchmarks.measure import Result, in_turns

TURNS = 31


def cpu(*arguments: str) -> float:
    """Milliseconds of user and system time that a Python process takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def run() -> list[Result]:
    """Both, in turns."""
    return [
        in_turns(
            "publisher --help against an empty Python start, CPU",
            lambda: cpu("-m", "publisher", "--help"),
            lambda: cpu("-c", "pass"),
            turns=TURNS,
            limit=12,
        )
    ]


if __name__ == "__main__":
    for result in run():
        print(result)
