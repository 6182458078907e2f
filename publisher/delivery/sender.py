"""A ledger and a transport at work together.

A row is marked as being sent before its letter may leave, and its outcome is written after the
answer, both in groups: one transaction writes the outcomes of what has been answered and takes as
many again. It runs in the sender's thread, while the transport's goes on with the others.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from publisher.delivery import owner
from publisher.delivery.policy import Policy, Share
from publisher.delivery.transport import Answer, Fate, Item, Letter, Outlet, Transport
from publisher.delivery.verdict import outcome
from publisher.errors import DeliveryError, StoreError
from publisher.model import DeliveryState, Fault
from publisher.store import workers
from publisher.store.engine import Connection, Store
from publisher.store.ledger import Outcome

# Outcomes wait so long for others, so that a slow server does not make a transaction for each.
LINGER = 0.05
# How often a sender says that it is alive.
BEAT = 5.0
# A letter that falls due within this time is waited for.
WORTH_WAITING = timedelta(minutes=1)
PAUSE = 0.1
# The store is tried again after these seconds, for as long as it takes.
FIRST_RETRY, LONGEST_RETRY = 0.2, 10.0
# So many refusals by policy, one after the other, are no accident.
MOST_REFUSALS = 50

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


class Ledger(Protocol):
    """The rows that one sender works on (`publisher.store.ledger.Ledger` is one)."""

    owner: str
    work: str

    def claim(self, connection: Connection, limit: int, now: datetime) -> Sequence[Item]:
        """Take the next rows that are due, and mark them as being sent."""

    def record(self, connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Write down what became of rows that were being sent."""

    def forget(self, connection: Connection, held: Collection[int], now: datetime) -> None:
        """Put back what was taken in a transaction whose end was never heard of."""

    def recover(
        self,
        connection: Connection,
        is_dead: Callable[[str], bool],
        state: DeliveryState,
        now: datetime,
    ) -> int:
        """Give what dead senders were sending this state; how much that was."""

    def next_due(self, connection: Connection) -> datetime | None:
        """When the next row that was never tried falls due."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A group has been dealt with: the outcomes that have been written down."""

    outcomes: tuple[Outcome, ...]


def deliver(
    store: Store,
    ledger: Ledger,
    write: Callable[[Any], Letter],
    transport: Transport,
    now: Clock,
    stopping: Callable[[], bool] = lambda: False,
    policy: Policy | None = None,
) -> Iterator[Progress]:
    """Send what is due in a ledger, until nothing is or `stopping()` says so.

    What is on its way is waited for, however this ends. Raises UnreachableError if mail cannot
    leave now (what was not taken is pending), DeliveryError if everything is refused, and whatever
    `write` raises but ValueError. While the store fails, it tries again until it is stopped.
    """
    policy = policy or Policy()
    with policy.share() as share, transport.open(write) as outlet:
        sender = _Sender(store, ledger, outlet, now, policy, share)
        yield from sender.run(stopping)


class _Sender:
    """One call of `deliver`."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        outlet: Outlet,
        clock: Clock,
        policy: Policy,
        share: Share,
    ) -> None:
        self._turns, self._ledger, self._outlet = store.turns(), ledger, outlet
        self._policy, self._share = policy, share
        self._began, self._began_at = clock(), time.monotonic()
        self._held: set[int] = set()
        self._outcomes: list[Outcome] = []
        self._is_unsure = False  # whether the last transaction was committed
        self._looks_at = self._beats_at = 0.0
        self._refusals = self._in_vain = 0
        self._is_crowded = False  # others hold all that may be in doubt
        self._pulse = _Pulse()
        self._stopping: Callable[[], bool] = lambda: False

    def run(self, stopping: Callable[[], bool]) -> Iterator[Progress]:
        """Work to the end."""
        self._stopping = stopping
        self._try(self._recover)
        try:
            while True:
                is_over = stopping() or self._outlet.trouble is not None
                if is_over:
                    self._outlet.recall()
                taken, written = self._turn(is_over)
                if written:
                    yield Progress(written)
                if not self._held and (is_over or not (taken or self._waits())):
                    break
                self._collect()
        finally:
            self._end()
        if self._outlet.trouble is not None:
            raise self._outlet.trouble

    def _turn(self, is_over: bool) -> tuple[bool, tuple[Outcome, ...]]:
        """One transaction, if there is anything for it; whether rows were taken, what was done."""
        moment = time.monotonic()
        looks = not is_over and moment >= self._looks_at
        room = self._share.room(moment) if looks else 0
        self._is_crowded = looks and not room and not self._held
        if not (room or self._outcomes or moment >= self._beats_at):
            return False, ()
        taken = self._try(lambda connection: self._write(connection, room))
        written, self._outcomes = self._outcomes, []
        self._held.difference_update(one.id for one in written)
        self._held.update(one.id for one in taken)
        self._share.give_back(len(written) + room - len(taken))
        if taken:
            self._in_vain = 0
        if room:
            had_all = len(taken) < room and self._held
            self._looks_at = moment + self._policy.look_seconds if had_all else 0.0
        done = tuple(one for one in written if one.state is not DeliveryState.PENDING)
        self._pulse.add(len(done))
        self._hand(taken, moment)
        return bool(taken), done

    def _write(self, connection: Connection, room: int) -> Sequence[Item]:
        now, moment = self._now(), time.monotonic()
        if self._is_unsure:
            self._ledger.forget(connection, self._held, now)
        if self._outcomes:
            self._ledger.record(connection, self._outcomes, now)
        if moment >= self._beats_at:
            self._beats_at = moment + BEAT
            until, rate = now + owner.LEASE, self._pulse.rate(moment)
            workers.beat(connection, self._ledger.owner, until, self._ledger.work, rate)
        return self._ledger.claim(connection, room, now) if room else ()

    def _hand(self, taken: Sequence[Item], moment: float) -> None:
        if not taken:
            return
        at_once, later = self._policy.admit(taken, moment)
        if at_once:
            self._outlet.hand(at_once)
        now = self._now()
        self._outcomes += [
            Outcome(
                one.id, DeliveryState.PENDING, "", attempts=one.attempts,
                due=now + timedelta(seconds=wait),
            )
            for one, wait in later
        ]  # fmt: skip

    def _collect(self) -> None:
        """Wait for answers, and judge them."""
        least = max(1, len(self._held) // 2)
        answers = self._outlet.collect(least, 0 if len(self._outcomes) >= least else LINGER)
        now = self._now()
        for answer in answers:
            judged = outcome(answer, self._policy.give_up, now)
            if judged.state is not DeliveryState.ACCEPTED:
                self._heed(answer, judged)
            else:
                self._refusals = 0
            self._outcomes.append(judged)

    def _heed(self, answer: Answer, judged: Outcome) -> None:
        """What a refusal means for the letters that follow."""
        if judged.fault is Fault.RATE:
            self._policy.slow(answer.item.email, time.monotonic())
        if judged.fault is not Fault.POLICY or answer.fate is not Fate.REFUSED:
            return
        self._refusals += 1
        if self._refusals >= MOST_REFUSALS:
            reason = f"the server refuses everything, at last: {judged.reply}"
            self._outlet.fail(DeliveryError(f"{reason}; mend that, then send --retry failed"))

    def _waits(self) -> bool:
        """Whether something can leave so soon that it is worth waiting; a little it has been."""
        pause = PAUSE if self._is_crowded else self._policy.wait(time.monotonic())
        if not pause:
            now = self._now()
            due = self._try(self._ledger.next_due)
            if due is None or due > now + WORTH_WAITING:
                return False
            pause = (due - now).total_seconds()
            # What is due and is not given to us belongs to an edition that a person has stopped.
            self._in_vain = self._in_vain + 1 if pause <= 0 else 0
            if self._in_vain > 1:
                return False
        time.sleep(max(0.0, min(pause, PAUSE)))
        self._looks_at = 0.0
        return True

    def _end(self) -> None:
        """Wait for what is on its way, write it down, and leave."""
        self._outlet.recall()
        while len(self._held) > len(self._outcomes):
            self._collect()
        with closing(self._turns), self._turns.turn() as connection:
            if self._is_unsure:
                self._ledger.forget(connection, self._held, self._now())
            if self._outcomes:
                self._ledger.record(connection, self._outcomes, self._now())
            workers.leave(connection, self._ledger.owner, self._now())

    def _recover(self, connection: Connection) -> None:
        now = self._now()

        def is_dead(name: str) -> bool:
            return owner.is_dead(name, workers.alive_until(connection, name), now)

        number = self._ledger.recover(connection, is_dead, self._policy.after_crash, now)
        if number:
            log.warning("%s: %d letters are in doubt after a crash", self._ledger.work, number)

    def _try(self, work: Callable[[Connection], Any]) -> Any:
        """Do it in a transaction, again and again while the store fails and nobody stops us."""
        pause = FIRST_RETRY
        while True:
            try:
                with self._turns.turn() as connection:
                    found = work(connection)
            except StoreError as error:
                self._is_unsure = True
                if self._stopping():
                    raise
                log.warning("%s; trying again, nothing is lost meanwhile", error)
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_RETRY)
            else:
                self._is_unsure = False
                return found

    def _now(self) -> datetime:
        """The time, which does not jump while we work, whatever the machine's clock does."""
        return self._began + timedelta(seconds=time.monotonic() - self._began_at)


class _Pulse:
    """How many letters a second are done, since it was last asked."""

    def __init__(self) -> None:
        self._since, self._done = time.monotonic(), 0

    def add(self, number: int) -> None:
        """So many more are done."""
        self._done += number

    def rate(self, moment: float) -> float:
        """Letters a second; begins anew."""
        rate = self._done / max(moment - self._since, 0.001)
        self._since, self._done = moment, 0
        return rate
