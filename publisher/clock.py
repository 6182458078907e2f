"""The clock: APScheduler ticks, and the calendar decides. No rule of its own.

Cron triggers skip or repeat days around daylight-saving changes, so a tick only asks whether
an edition is due. It comes every few seconds, never two of a kind at once, and late rather than
never.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from apscheduler.schedulers.background import BackgroundScheduler

from publisher import logs
from publisher.config import MailingList
from publisher.delivery.bounces.mailboxes import Mailbox
from publisher.delivery.bounces.reading import Meaning
from publisher.errors import BrokerError, PublisherError
from publisher.model import Edition
from publisher.pipeline import bounces, corrections, editions, imports, pauses, sending
from publisher.pipeline.bounces import Handled
from publisher.pipeline.carrying import Carrier
from publisher.pipeline.forgetting import forget_unconfirmed
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.notices import send_notices
from publisher.pipeline.shards import HandedOut, hand_out

LONGEST_PAUSE = 300.0

log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Makes the editions that are due and sends them, and notices, as long as it runs.

    Without `cuts` it only sends; where `leads()` says no, too, since another clock does the rest.
    With a `carrier` the one that leads hands editions out to workers, and sends them itself only
    while the carrier is away.
    Each list has a turn of its own, so that a large edition does not hold up the others.
    """

    def __init__(
        self,
        newsroom: Newsroom,
        *,
        cuts: bool = True,
        leads: Callable[[], bool] = lambda: True,
        carrier: Carrier | None = None,
    ) -> None:
        self._newsroom, self._leads, self._carrier = newsroom, leads, carrier
        self._handed: defaultdict[int, HandedOut] = defaultdict(HandedOut)
        self._stopping = threading.Event()
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._pauses: dict[str, _Pause] = {}
        self._mailbox: Mailbox | None = None
        tick = newsroom.config.clock.tick_seconds
        if cuts:
            self._add(self.cut, "cut", tick)
            if newsroom.config.bounces.mailbox:
                self._add(self.read_bounces, "bounces", newsroom.config.bounces.check_seconds)
        self._add(self.send_notices, "notices", tick)
        for one in newsroom.config.lists:
            self._add(partial(self.send, one), f"send {one.name}", tick)

    def start(self) -> None:
        """Begin to tick, in threads of its own."""
        self._scheduler.start()

    def stop(self) -> None:
        """Let the letters on their way arrive, and end."""
        self._stopping.set()
        self._scheduler.shutdown(wait=True)

    def cut(self) -> None:
        """Make the editions that are due, and the notices about corrections. One list's trouble
        does not hold up the others."""
        if not self._leads():
            return
        self._attempt("corrections", self._corrections)
        for one in self._newsroom.config.lists:
            self._attempt(f"list {one.name}", partial(self._advance, one))

    def send(self, one: MailingList) -> None:
        """Send the list's editions that are not sent to the end; after trouble, not at once."""
        if self._carrier is not None and not self._leads():
            self._handed.clear()
            return
        pause = self._pauses.setdefault(one.name, _Pause(self._newsroom.config.clock.tick_seconds))
        if pause.is_over:
            pause.begin()
            if self._serve(one):
                pause.forget()

    def send_notices(self) -> None:
        """Send the notices that are due; forget who did not confirm in time."""
        self._attempt("notices", self._notices)

    def read_bounces(self) -> None:
        """Read what came back. After trouble all of the mailbox is looked at again."""
        if self._leads():
            self._attempt("bounces", self._bounces)

    def _add(self, work: Callable[[], None], name: str, seconds: float) -> None:
        self._scheduler.add_job(
            work,
            "interval",
            seconds=seconds,
            id=name,
            next_run_time=_now(),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )

    def _attempt(self, what: str, step: Callable[[], None]) -> bool:
        """Whether the step came to its end; what goes wrong is said, and that is all."""
        try:
            step()
        except PublisherError as error:
            log.error("%s: %s", what, error)
        except Exception:  # a tick that raised would be followed by the next one all the same
            log.exception("%s: what is due waits", what)
        else:
            return True
        return False

    def _corrections(self) -> None:
        corrections.tell(self._newsroom, _now())

    def _notices(self) -> None:
        imports.forget_undecided(self._newsroom, _now())
        forgotten = forget_unconfirmed(self._newsroom, _now())
        if forgotten:
            log.info("%d subscriptions were not confirmed in time, and are forgotten", forgotten)
        tally: Counter[str] = Counter()
        for progress in send_notices(self._newsroom, _now, self._stopping.is_set):
            tally.update(outcome.state for outcome in progress.outcomes)
        if tally:
            log.info("notices: %s", _said(tally))

    def _bounces(self) -> None:
        mailbox = self._mailbox or bounces.mailbox_of(
            self._newsroom, self._newsroom.config.bounces.mailbox
        )
        self._mailbox = None
        for one in bounces.read_mailbox(self._newsroom, mailbox, _now, self._stopping.is_set):
            _say(one)
        self._mailbox = mailbox

    def _advance(self, one: MailingList) -> None:
        if pauses.find(self._newsroom, one) is not None:
            return  # `publisher status` says so, and why
        for edition in editions.advance(self._newsroom, one, _now()):
            with logs.bound(edition=f"{one.name}/{edition.local_date}"):
                log.info(
                    "list %s: edition of %s is %s", one.name, edition.local_date, edition.state
                )

    def _serve(self, one: MailingList) -> bool:
        """Whether all went well; the trouble of one edition does not hold up the others."""
        name, found = f"list {one.name}", list[Edition]()
        look = partial(self._to_send, one)
        if not self._attempt(name, lambda: found.extend(look())):
            return False
        tries = [self._sent(one, edition) for edition in found]
        return all(tries)

    def _sent(self, one: MailingList, edition: Edition) -> bool:
        what = f"list {one.name}, edition of {edition.local_date}"
        with logs.bound(edition=f"{one.name}/{edition.local_date}"):
            return self._attempt(what, partial(self._deliver, one, edition))

    def _to_send(self, one: MailingList) -> Sequence[Edition]:
        if pauses.find(self._newsroom, one) is not None:
            return ()
        return sending.unfinished(self._newsroom, one, _now())

    def _deliver(self, one: MailingList, edition: Edition) -> None:
        if self._carrier is not None:
            handed = self._handed[edition.id]
            try:
                hand_out(self._newsroom, one, edition, handed, self._carrier, _now())
                if not handed.shards:
                    del self._handed[edition.id]
            except BrokerError as error:
                log.warning("%s; this clock sends by itself", error)
            else:
                return
        tally: Counter[str] = Counter()
        turns = sending.deliver(self._newsroom, one, edition, _now, self._stopping.is_set)
        for progress in turns:
            tally.update(outcome.state for outcome in progress.outcomes)
        if tally:
            log.info("list %s, edition of %s: %s", one.name, edition.local_date, _said(tally))


class _Pause:
    """Longer after each failure, from one tick up to five minutes."""

    def __init__(self, first: float) -> None:
        self._first, self._length, self._until = first, first, 0.0

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    def begin(self) -> None:
        self._until = time.monotonic() + self._length
        self._length = min(LONGEST_PAUSE, 2 * self._length)

    def forget(self) -> None:
        self._length, self._until = self._first, 0.0


def _say(one: Handled) -> None:
    found = one.finding
    if one.changed:
        log.info("bounces: %s is %s: %s", one.email, one.after, found.diagnostic)
    elif found.meaning is Meaning.POLICY:
        log.warning("bounces: %s refused us, not the reader: %s", one.email, found.diagnostic)
    elif found.meaning is Meaning.UNVERIFIED:
        log.warning("bounces: %s is left: nothing proves that it is about us", found.mail)


def _said(tally: Counter[str]) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(tally.items()))
