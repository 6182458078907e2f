"""Does many pieces of work at once, each claimed in the store for a while before it is begun.

So any number of processes may work off the same rows; what one of them had begun when it died is
done again once its claim has run out.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from publisher.syndication.websub import AtHost, Room

# What falls due by the clock alone, such as a later try, is noticed within this time.
LOOK_SECONDS = 0.5
# What is under way when the process is to end has so long to be finished.
GRACE_SECONDS = 2.0

Job = TypeVar("Job", bound=AtHost)
Result = TypeVar("Result")


class Work(Protocol[Job, Result]):
    """One kind of work. All but `attempt` use the store, and run in a thread of their own."""

    at_once: int
    per_host: int

    def claim(self, room: Room) -> Sequence[Job]:
        """Take what is due, as far as there is room, so that nobody else does."""

    async def attempt(self, job: Job) -> Result:
        """Do it. What goes wrong is a result like any other."""

    def record(self, done: Sequence[tuple[Job, Result]]) -> None:
        """Write down what became of what was claimed."""

    def release(self, jobs: Sequence[Job]) -> None:
        """Give back what was claimed and not finished."""


async def drive(
    work: Work[Job, Result],
    bell: asyncio.Event | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Do what is due until nothing is; with a bell, which rings when there is more, until
    `stopping()` says so. How many pieces were done. Raises StoreError."""
    running: dict[asyncio.Task[Result], Job] = {}
    total = 0
    try:
        while not stopping():
            await _begin(work, running)
            if not running and bell is None:
                break
            total += await _finish(work, running, bell)
        if running:
            await asyncio.wait(running, timeout=GRACE_SECONDS)
            total += await _record(work, running)
    finally:
        await _abandon(work, running)
    return total


async def _begin(work: Work[Job, Result], running: dict[asyncio.Task[Result], Job]) -> None:
    """Begin as much as there is room for."""
    while len(running) < work.at_once:
        busy = Counter(job.host for job in running.values())
        room = Room(work.at_once - len(running), work.per_host, busy)
        jobs = await asyncio.to_thread(work.claim, room)
        if not jobs:
            return
        running |= {asyncio.create_task(work.attempt(job)): job for job in jobs}


async def _finish(
    work: Work[Job, Result], running: dict[asyncio.Task[Result], Job], bell: asyncio.Event | None
) -> int:
    """Wait until something is finished, or the bell rings; write down what is finished."""
    if bell is None:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        return await _record(work, running)
    ring = asyncio.create_task(bell.wait())
    try:
        await asyncio.wait(
            {*running, ring}, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        ring.cancel()
    bell.clear()
    return await _record(work, running)


async def _record(work: Work[Job, Result], running: dict[asyncio.Task[Result], Job]) -> int:
    done = [(running.pop(task), task.result()) for task in list(running) if task.done()]
    if done:
        await asyncio.to_thread(work.record, done)
    return len(done)


async def _abandon(work: Work[Job, Result], running: dict[asyncio.Task[Result], Job]) -> None:
    if running:
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        await asyncio.to_thread(work.release, list(running.values()))
