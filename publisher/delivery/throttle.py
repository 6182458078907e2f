"""How fast mail may go: so many a second, altogether and to one domain. Pure.

All times are seconds of a clock that never goes back; `now` is always an argument.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

# What has to wait longer than this waits in the ledger, not in memory, where it would keep others
# from being taken.
HORIZON = 0.25
# So many seconds' worth may go at once.
BURST = 0.1
# A domain that says "too fast" is halved, at most once in so many seconds…
ROUND = 10.0
# …never below this, a second…
SLOWEST = 1 / 60
# …and gets back a quarter more for each minute without a complaint…
MINUTE, GROWTH = 60.0, 1.25
# …until it has its own limit again, or none from here on.
FREE = 200.0
# So many domains are remembered before those that are idle are forgotten.
MOST_DOMAINS = 10_000


class Bucket:
    """So many tokens a second (the generic cell rate algorithm); no limit where the rate is 0."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.free_at = 0.0

    def wait(self, now: float) -> float:
        """How long until the next token, in seconds."""
        if not self.rate:
            return 0.0
        return max(0.0, self.free_at - now - self._slack + 1 / self.rate)

    def take(self, now: float) -> None:
        """Take a token, whether or not it was time."""
        if self.rate:
            self.free_at = max(self.free_at, now) + 1 / self.rate

    def available(self, now: float, most: int) -> int:
        """How many tokens there are, up to `most`."""
        if not self.rate:
            return most
        ahead = max(0.0, self.free_at - now)
        return max(0, min(most, int((self._slack - ahead) * self.rate + 1e-9)))

    @property
    def _slack(self) -> float:
        return max(BURST, 1 / self.rate)


class Pace(NamedTuple):
    """How far a limit is used up, and what of it has changed; see `publisher.model.Pace`."""

    rate: float = 0.0
    free_at: float = 0.0
    line: float = 0.0
    slowed_at: float | None = None
    grown_at: float = 0.0


class _Domain:
    """One domain, or a group of them; `base` is the limit it has by itself."""

    def __init__(self, base: float) -> None:
        self.base = base
        self.bucket = Bucket(base)
        self.line = 0.0  # the place of the last one that waits in the ledger
        self.slowed_at: float | None = None
        self.grown_at = 0.0

    def is_idle(self, now: float) -> bool:
        """Whether nothing would be lost if it were forgotten."""
        return self.slowed_at is None and max(self.bucket.free_at, self.line) < now


class Throttle:
    """The pace of each recipient domain: what the config says, and what the domain says.

    `groups` are domains that share one limit: domain → name of the group, and its rate.
    """

    def __init__(
        self, per_domain: float = 0.0, groups: Mapping[str, tuple[str, float]] | None = None
    ) -> None:
        self._per_domain = per_domain
        self._groups = {domain: name for domain, (name, _) in (groups or {}).items()}
        self._rates = dict((groups or {}).values())
        self._domains: dict[str, _Domain] = {}
        self._recent: Counter[str] = Counter()
        self._recent_since = 0.0
        self.is_free = not per_domain and not self._groups

    def has_limit(self, name: str) -> bool:
        """Whether the config limits that group."""
        return bool(self._rates.get(name, self._per_domain))

    def pace(self, name: str, now: float) -> Pace:
        """How a group stands."""
        one = self._domain(name, now)
        return Pace(one.bucket.rate, one.bucket.free_at, one.line, one.slowed_at, one.grown_at)

    def go_on_from(self, name: str, pace: Pace, now: float) -> None:
        """Take over how a group stands from another process."""
        one = self._domain(name, now)
        one.bucket.rate = one.base if pace.slowed_at is None else pace.rate
        one.bucket.free_at, one.line = pace.free_at, pace.line
        one.slowed_at, one.grown_at = pace.slowed_at, pace.grown_at
        self.is_free &= pace.slowed_at is None

    def note(self, emails: Iterable[str], now: float) -> None:
        """Letters to these addresses leave now, without asking: for how fast it goes."""
        if now - self._recent_since > ROUND:
            self._recent.clear()
            self._recent_since = now
        self._recent.update(self.group(email) for email in emails)

    def wait(self, email: str, now: float) -> float:
        """How long a letter to this address has to wait, in seconds.

        Up to HORIZON its place is taken; beyond, it should come back after that time. Letters of
        one domain that are told to come back do so one after the other.
        """
        domain = self._domain(self.group(email), now)
        self._grow(domain, now)
        wait = domain.bucket.wait(now)
        if wait <= HORIZON:
            domain.bucket.take(now)
            return wait
        domain.line = max(domain.line, now + wait) + 1 / domain.bucket.rate
        return domain.line - now

    def slow(self, email: str, now: float) -> float | None:
        """This domain says that mail comes too fast: its new pace, or None if it has just slowed.

        What was under way when it slowed may well be refused for the same reason.
        """
        name = self.group(email)
        domain = self._domain(name, now)
        if domain.slowed_at is not None and now - domain.slowed_at < ROUND:
            return None
        seen = self._recent[name] / max(now - self._recent_since, 1.0)
        pace = domain.bucket.rate or max(seen, 2 * SLOWEST)
        domain.bucket.rate = max(SLOWEST, pace / 2)
        domain.bucket.free_at = now + 1 / domain.bucket.rate
        domain.slowed_at = domain.grown_at = now
        self.is_free = False
        return domain.bucket.rate

    def _grow(self, domain: _Domain, now: float) -> None:
        minutes = 0 if domain.slowed_at is None else int((now - domain.grown_at) / MINUTE)
        if not minutes:
            return
        domain.grown_at += minutes * MINUTE
        domain.bucket.rate *= GROWTH ** min(minutes, 100)
        if domain.bucket.rate >= (domain.base or FREE):
            domain.bucket.rate, domain.slowed_at, domain.line = domain.base, None, 0.0

    def group(self, email: str) -> str:
        """The name under which an address is limited: that of its domain's group, or its domain."""
        name = email.rpartition("@")[2].lower()
        return self._groups.get(name, name)

    def _domain(self, name: str, now: float) -> _Domain:
        found = self._domains.get(name)
        if found is None:
            if len(self._domains) >= MOST_DOMAINS:
                idle = [key for key, one in self._domains.items() if one.is_idle(now)]
                for key in idle:
                    del self._domains[key]
            found = self._domains[name] = _Domain(self._rates.get(name, self._per_domain))
        return found
