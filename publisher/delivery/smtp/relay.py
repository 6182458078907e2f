"""How one server fares: how many connections it bears, and whether it is worth a try. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from publisher.config.servers import Server
from publisher.delivery.throttle import Bucket

# A server that fails again and again is left alone for so long, in seconds.
FIRST_REST, LONGEST_REST = 0.5, 300.0
# So many failures one after the other, and it counts as out of order.
MOST_FAILURES = 5
# After so long, one more connection than it bore is tried.
GROW_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What the config says of one server; a limit of 0 is none.

    `bucket` is the one of all processes, where there is such a one.
    """

    server: Server
    weight: float = 1.0
    connections: int = 8
    messages_per_connection: int = 0
    messages_per_second: float = 0.0
    bucket: Bucket | None = None


class Relay:
    """One server. Times are those of a clock that never goes back."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.bucket = terms.bucket or Bucket(terms.messages_per_second)
        self.passed, self._share = 0.0, 1 / terms.weight
        self.open = self.opening = 0
        self.trouble = ""
        self.limit = terms.messages_per_connection
        self._failures = 0
        self._rests_until = self._grows_at = 0.0
        self._most = terms.connections
        self._is_proven = self._is_out = False
        self._closed_after = 0

    def charge(self, clock: Callable[[], float]) -> None:
        """A letter goes over it: it comes later in the order of those that share the work."""
        self.passed += self._share
        if self.bucket.rate:
            self.bucket.take(clock())

    def may_open(self, now: float, waiting: int) -> bool:
        """Whether another connection is wanted for so many letters.

        One alone goes ahead, and the others follow when it has proved that the server works.
        """
        if now < self._rests_until:
            return False
        if self._most < self.terms.connections and now >= self._grows_at:
            self._most, self._grows_at = self._most + 1, now + GROW_SECONDS
        both = self.open + self.opening
        if not both:
            return waiting > 0
        return self._is_proven and both < self._most and waiting > 2 * both

    def opened(self) -> None:
        """A connection is ready for mail."""
        self.opening -= 1
        self.open += 1
        self._is_proven, self._is_out, self.trouble = True, False, ""

    def is_out(self, now: float) -> bool:
        """Whether it is out of order, and not to be tried again yet."""
        return self._is_out and now < self._rests_until

    def refused(self, reason: str, now: float, *, lasting: bool) -> bool:
        """A connection could not be opened; whether the server is out of order now."""
        self.opening -= 1
        if self.open:  # it has others: this one was too many
            self._most, self._grows_at = self.open, now + GROW_SECONDS
            return False
        return self._failed(reason, now, at_once=lasting or not self._is_proven)

    def ended(self, done: int, reason: str, now: float, *, cut_short: bool) -> bool:
        """A connection ended after so many letters, in order (no reason) or not.

        Whether the server is out of order now. One that cuts the next letter short after the same
        number of letters twice is asked for no more than that.
        """
        self.open -= 1
        if done:
            self._failures = 0
            if cut_short and done == self._closed_after:
                self.limit = done
            self._closed_after = done if cut_short else 0
            return False
        return bool(reason) and self._failed(reason, now, at_once=False)

    def rest(self, now: float) -> float:
        """How long until it may be tried again, in seconds."""
        return max(0.0, self._rests_until - now)

    def _failed(self, reason: str, now: float, *, at_once: bool) -> bool:
        self._failures += 1
        self.trouble = reason
        pause = FIRST_REST * 2 ** min(self._failures - 1, 16)
        is_out = at_once or self._failures >= MOST_FAILURES
        self._rests_until = now + min(LONGEST_REST, max(pause, 60.0) if is_out else pause)
        self._is_out = is_out
        self._is_proven = self._is_proven and not is_out
        return is_out
