"""Limits that hold for all processes together, wherever they run.

How far a limit is used up stands in the store, in one row for each; whoever wants to send reads it,
decides by the same rules as one process alone, and writes it back, in one short transaction for a
group of letters. Where nothing is limited, it is only asked now and then what was slowed down.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from publisher.delivery.policy import AnyItem, Policy
from publisher.delivery.throttle import HORIZON, Bucket, Pace
from publisher.errors import StoreError
from publisher.store import paces
from publisher.store.engine import Connection, Store

# The limit on all letters together.
ALL = "*"
# How often to look which domains others have slowed down.
LOOK_SECONDS = 2.0
FORGET_SECONDS = 600.0
# While the store cannot be asked, letters wait in the ledger.
AWAY_SECONDS = 1.0
# While places are fetched for a server, how long until its next letter is asked for again.
FETCH_SECONDS = 0.02

log = logging.getLogger(__name__)


class SharedPolicy(Policy):
    """The policy of one process among many; see `Policy`."""

    def __init__(self, store: Store, **more: Any) -> None:
        super().__init__(**more)
        self._store = store
        self._sharing = threading.Lock()
        self._slowed: set[str] = set()
        self._looked = self._forgot = -FORGET_SECONDS

    def admit(
        self, items: Sequence[AnyItem], now: float
    ) -> tuple[list[tuple[AnyItem, float]], list[tuple[AnyItem, float]]]:
        """See `Policy.admit`. Letters wait where the store does not answer."""
        try:
            self._look(now)
            names = self._names([one.email for one in items])
            if not names:
                return super().admit(items, now)
            with self._shared(names) as moment:
                return super().admit(items, moment)
        except StoreError as error:
            log.warning("%s; letters that a limit is for wait", error)
            return [], [(one, AWAY_SECONDS) for one in items]

    def slow(self, email: str, now: float) -> None:
        """See `Policy.slow`; every process slows down."""
        name = self._throttle.group(email)
        try:
            with self._shared([name]) as moment:
                super().slow(email, moment)
            self._slowed.add(name)
        except StoreError:
            super().slow(email, now)

    def _names(self, emails: Collection[str]) -> set[str]:
        """The limits that letters to these addresses touch."""
        groups = {self._throttle.group(email) for email in emails}
        names = {one for one in groups if one in self._slowed or self._throttle.has_limit(one)}
        return names | ({ALL} if self._bucket.rate else set())

    def _look(self, now: float) -> None:
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        with _turn(self._store) as connection:
            self._slowed = paces.slowed(connection)
            if now - self._forgot > FORGET_SECONDS:
                self._forgot = now
                paces.forget(connection)

    @contextmanager
    def _shared(self, names: Collection[str]) -> Iterator[float]:
        """Inside the block these limits stand as all have left them; its own time."""
        with self._sharing, _turn(self._store) as connection:
            there, found = paces.lock(connection, names)
            here = time.monotonic()
            for name, state in found.items():
                self._go_on_from(name, _moved(Pace(*state), here - there), here)
            yield here
            told = {name: _moved(self._pace(name, here), there - here) for name in found}
            paces.keep(connection, told)

    def _go_on_from(self, name: str, pace: Pace, now: float) -> None:
        with self._lock:
            if name == ALL:
                self._bucket.free_at = pace.free_at
            else:
                self._throttle.go_on_from(name, pace, now)

    def _pace(self, name: str, now: float) -> Pace:
        with self._lock:
            if name == ALL:
                return Pace(self._bucket.rate, self._bucket.free_at, grown_at=now)
            return self._throttle.pace(name, now)


class SharedBucket(Bucket):
    """The bucket of one server, for all processes: places are fetched ahead, a few at a time.

    They are fetched in a thread, since whoever asks must not wait for the store. Places whose
    moment has passed unused are given up, so that no more than a moment's worth comes at once.
    """

    def __init__(self, store: Store, name: str, rate: float) -> None:
        super().__init__(rate)
        self._store, self._name = store, f"server {name}"
        self._places: deque[float] = deque()
        self._lock = threading.Lock()
        self._is_fetching = False

    def wait(self, now: float) -> float:
        """See `Bucket.wait`; in doubt the next look is soon."""
        with self._lock:
            while self._places and self._places[0] < now - HORIZON:
                self._places.popleft()
            if self._places:
                return max(0.0, self._places[0] - now)
            if not self._is_fetching:
                self._is_fetching = True
                threading.Thread(target=self._fetch, name="places", daemon=True).start()
        return FETCH_SECONDS

    def take(self, now: float) -> None:
        """See `Bucket.take`."""
        with self._lock:
            if self._places:
                self._places.popleft()

    def _fetch(self) -> None:
        number = max(1, int(self.rate * HORIZON))
        places: list[float] = []
        try:
            with _turn(self._store) as connection:
                wait = paces.reserve(connection, self._name, self.rate, number)
                start = time.monotonic() + wait
            places = [start + n / self.rate for n in range(number)]
        except StoreError as error:
            log.warning("%s: %s", self._name, error)
            time.sleep(AWAY_SECONDS)
        finally:
            with self._lock:
                self._places.extend(places)
                self._is_fetching = False


def _moved(pace: Pace, seconds: float) -> Pace:
    """The same by another clock."""
    slowed_at = None if pace.slowed_at is None else pace.slowed_at + seconds
    return Pace(
        pace.rate, pace.free_at + seconds, pace.line + seconds, slowed_at, pace.grown_at + seconds
    )


@contextmanager
def _turn(store: Store) -> Iterator[Connection]:
    with closing(store.turns()) as turns, turns.turn() as connection:
        yield connection
