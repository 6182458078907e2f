"""How the benchmarks measure: in turns with the peer, and by the median.

Machines are noisy and drift while a benchmark runs. Taking turns lets both sides drift alike, and
the median of the ratios, turn by turn, is what is reported.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One line of the table; `ratio` is ours over the peer's, `limit` what it should not pass."""

    name: str
    ours: float
    peer: float
    ratio: float
    limit: float | None
    unit: str = "ms"

    @property
    def is_over(self) -> bool:
        """Whether the ratio passes the limit."""
        return self.limit is not None and self.ratio > self.limit

    def __str__(self) -> str:
        bound = "" if self.limit is None else f" (limit {self.limit:g})"
        return (
            f"{self.name}: {self.ours:.3g} {self.unit} against {self.peer:.3g} {self.unit}: "
            f"ratio {self.ratio:.2f}{bound}"
        )


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of wall time."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def in_turns(
    name: str,
    ours: Callable[[], float],
    peer: Callable[[], float],
    *,
    turns: int,
    limit: float | None = None,
    unit: str = "ms",
) -> Result:
    """Measure both `turns` times, ours and the peer's after each other, after one turn to warm up.

    Each callable does its work and returns what it took.
    """
    ours(), peer()
    pairs = [(ours(), peer()) for _ in range(turns)]
    return Result(
        name,
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
        limit,
        unit,
    )
