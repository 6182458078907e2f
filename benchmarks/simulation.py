"""How long an edition takes to ten million readers, and what stands in its way: a simulation.

It takes what one process was measured to do (docs/performance.json, by `make bench`) and the limits
that others set, and lets time pass in steps of ten seconds. Refusals for a while come back after
5, 10, 20 … minutes, as the ledger does it. `python -m benchmarks.simulation` prints a table and
draws docs/pictures/scaling.svg.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.page import DOCS, NUMBERS
from benchmarks.plot import lines

STEP = 10
READERS = 10_000_000
PICTURE = DOCS / "pictures" / "scaling.svg"
SENDING = "mail of 4 kB, PostgreSQL"
FIRST_PAUSE = 300
# A refusal for a while: this share of the letters that are offered to a provider.
DEFERRED = 0.02


@dataclass(frozen=True)
class Provider:
    """Where readers have their mailboxes: their share of all, and what it takes a second, from all
    our addresses together; 0 is no limit."""

    share: float
    per_second: float = 0.0


@dataclass(frozen=True)
class Plan:
    """One way to send: worker processes, and what relays and the store can take a second."""

    name: str
    workers: int
    relays_per_second: float
    store_per_second: float
    providers: Sequence[Provider] = (Provider(1.0),)


def simulate(plan: Plan, letters_per_second: float, readers: int = READERS) -> list[float]:
    """The share of the readers that have their letter after each step."""
    most = min(plan.workers * letters_per_second, plan.relays_per_second, plan.store_per_second)
    waiting = [one.share * readers for one in plan.providers]
    later: deque[tuple[int, int, int, float]] = deque()
    done, curve, step = 0.0, [0.0], 0
    while done < readers - 1 and step < 100_000:
        step += 1
        for _ in range(len(later)):
            due, number, attempt, letters = later.popleft()
            if due <= step:
                sent = letters * (1 - DEFERRED)
                done += sent
                letters, due = letters - sent, step + _pause(attempt)
                attempt += 1
            if letters >= 1:
                later.append((due, number, attempt, letters))
            else:
                done += letters
        room = most * STEP
        for number, one in enumerate(plan.providers):
            limit = one.per_second * STEP or room
            offered = min(waiting[number], limit, room * waiting[number] / (sum(waiting) or 1))
            waiting[number] -= offered
            done += offered * (1 - DEFERRED)
            if offered:
                later.append((step + _pause(0), number, 1, offered * DEFERRED))
        curve.append(min(1.0, done / readers))
    return curve


def _pause(attempt: int) -> int:
    """Steps until what was put off is tried again."""
    return int(FIRST_PAUSE * 2**attempt // STEP)


def plans() -> list[Plan]:
    """One process alone, then what relays and large providers make of it."""
    large = (Provider(0.35, 300), Provider(0.2, 200), Provider(0.1, 150), Provider(0.35))
    return [
        Plan("one worker, nothing in its way", 1, 50_000, 50_000),
        Plan("relays take 2,000 a second", 4, 2_000, 50_000),
        Plan("relays take 500 a second", 4, 500, 50_000),
        Plan("the large providers take 650", 4, 2_000, 50_000, large),
    ]


def hours(curve: Sequence[float], share: float) -> float:
    """When so many have it."""
    return next(n for n, value in enumerate(curve) if value >= share) * STEP / 3600


def main() -> None:
    """Simulate, print, draw."""
    numbers = json.loads(NUMBERS.read_text(encoding="utf-8"))
    sent = numbers["delivery"]["results"]
    each = next(one["ours"] for one in sent if one["name"].startswith(SENDING))
    print(f"one process: {1e6 / each:,.0f} letters a second ({each:.0f} µs each)\n")
    print(f"| {READERS:,} readers | half | 99 % |\n|---|---|---|")
    curves = []
    for plan in plans():
        curve = simulate(plan, 1e6 / each)
        print(f"| {plan.name} | {hours(curve, 0.5):.1f} h | {hours(curve, 0.99):.1f} h |")
        curves.append((plan.name, [(n * STEP / 3600, value) for n, value in enumerate(curve)]))
    title = "Ten million letters: the share that has arrived, by hours"
    PICTURE.write_text(lines(title, curves, most=6.0), encoding="utf-8")


if __name__ == "__main__":
    main()
