"""What the config says about sending, and what all senders of a process share."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from publisher.delivery.throttle import HORIZON, Bucket, Throttle
from publisher.delivery.transport import Item
from publisher.model import DeliveryState

LOOK = 1.0

log = logging.getLogger(__name__)
AnyItem = TypeVar("AnyItem", bound=Item)


class Policy:
    """How many letters may be in doubt at once, how fast they leave, and when to give up.

    `in_doubt` is for the whole process: several senders share it. `after_crash` is the state that
    a letter in doubt gets. Times are those of a clock that never goes back.
    """

    def __init__(
        self,
        *,
        in_doubt: int = 100,
        give_up: timedelta = timedelta(hours=24),
        after_crash: DeliveryState = DeliveryState.UNCERTAIN,
        per_second: float = 0.0,
        throttle: Throttle | None = None,
    ) -> None:
        self.in_doubt, self.give_up, self.after_crash = in_doubt, give_up, after_crash
        self._bucket, self._throttle = Bucket(per_second), throttle or Throttle()
        self._lock = threading.Lock()
        self._shares: list[Share] = []

    @contextmanager
    def share(self) -> Iterator[Share]:
        """A sender's share of what may be in doubt, for as long as it works."""
        mine = Share(self)
        with self._lock:
            self._shares.append(mine)
        try:
            yield mine
        finally:
            with self._lock:
                self._shares.remove(mine)

    def room(self, mine: Share, now: float) -> int:
        """How many letters more that sender may take now; they are its own from here on."""
        with self._lock:
            fair = max(1, self.in_doubt // len(self._shares))
            left = self.in_doubt - sum(one.held for one in self._shares)
            most = max(0, min(fair - mine.held, left))
            room = self._bucket.available(now + HORIZON, most)
            mine.held += room
            return room

    def group(self, email: str) -> str:
        """The name under which the domain of an address is limited."""
        return self._throttle.group(email)

    @property
    def look_seconds(self) -> float:
        """How often to look for rows that have fallen due, when those before were all taken."""
        return LOOK if self._throttle.is_free else HORIZON / 2

    def wait(self, now: float) -> float:
        """How long until any letter may leave, in seconds."""
        with self._lock:
            return self._bucket.wait(now)

    def admit(
        self, items: Sequence[AnyItem], now: float
    ) -> tuple[list[tuple[AnyItem, float]], list[tuple[AnyItem, float]]]:
        """Those that go now, each after so many seconds, and those that come back after so many."""
        with self._lock:
            if self._throttle.is_free and not self._bucket.rate:
                self._throttle.note([one.email for one in items], now)
                return [(one, 0.0) for one in items], []
            at_once, later = [], []
            for one in items:
                wait = self._throttle.wait(one.email, now)
                if wait > HORIZON:
                    later.append((one, wait))
                    continue
                at_once.append((one, max(wait, self._bucket.wait(now))))
                self._bucket.take(now)
            return at_once, later

    def slow(self, email: str, now: float) -> None:
        """The domain of that address says that mail comes too fast."""
        with self._lock:
            pace = self._throttle.slow(email, now)
        if pace is not None:
            domain = email.rpartition("@")[2]
            log.warning("%s says that mail comes too fast: now %.2g a second", domain, pace)


class Share:
    """What one sender holds of what may be in doubt."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.held = 0

    def room(self, now: float) -> int:
        """See `Policy.room`."""
        return self._policy.room(self, now)

    def give_back(self, number: int) -> None:
        """So many letters are not in doubt any more."""
        self.held -= number
