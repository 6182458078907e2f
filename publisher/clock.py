"""The clock: APScheduler ticks, and the calendar decides. No rule of its own.

Cron triggers skip or repeat days around daylight-saving changes, so a tick only asks whether
an edition is due. It comes every few seconds, never two at once, and late rather than never.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import islice

from apscheduler.schedulers.background import BackgroundScheduler

from publisher.config import MailingList
from publisher.delivery.bounces.mailboxes import Mailbox
from publisher.delivery.bounces.reading import Meaning
from publisher.errors import PublisherError
from publisher.model import Edition
from publisher.pipeline import bounces, corrections, editions, sending
from publisher.pipeline.bounces import Handled
from publisher.pipeline.forgetting import forget_unconfirmed
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.notices import send_notices

log = logging.getLogger(__name__)

# After so many groups of notices the editions have their turn: an import can leave a million.
NOTICE_TURNS = 100


def _now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Sends the editions and notices that are due, as long as it runs."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._stopping = threading.Event()
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._scheduler.add_job(
            self.tick,
            "interval",
            seconds=newsroom.config.clock.tick_seconds,
            next_run_time=_now(),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        self._mailbox: Mailbox | None = None
        if newsroom.config.bounces.mailbox:
            # Beside the ticks, since a slow mail server must not hold up an edition.
            self._scheduler.add_job(
                self.read_bounces,
                "interval",
                seconds=newsroom.config.bounces.check_seconds,
                next_run_time=_now(),
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )

    def start(self) -> None:
        """Begin to tick, in threads of its own."""
        self._scheduler.start()

    def stop(self) -> None:
        """Let the letter at hand finish, and end."""
        self._stopping.set()
        self._scheduler.shutdown(wait=True)

    def tick(self) -> None:
        """Send notices, cut what is due and send what is cut. One list's trouble does not hold up
        the others, nor a notice an edition."""
        self._attempt("corrections", self._corrections)
        self._attempt("notices", self._notices)
        for one in self._newsroom.config.lists:
            self._attempt(f"list {one.name}", partial(self._serve, one))

    def _attempt(self, what: str, step: Callable[[], None]) -> None:
        try:
            step()
        except PublisherError as error:
            log.error("%s: %s", what, error)
        except Exception:  # a tick that raised would be followed by the next one all the same
            log.exception("%s: what is due waits", what)

    def _corrections(self) -> None:
        corrections.tell(self._newsroom, _now())

    def _notices(self) -> None:
        forgotten = forget_unconfirmed(self._newsroom, _now())
        if forgotten:
            log.info("%d subscriptions were not confirmed in time, and are forgotten", forgotten)
        tally: Counter[str] = Counter()
        turns = send_notices(self._newsroom, _now, self._stopping.is_set)
        for outcomes in islice(turns, NOTICE_TURNS):
            tally.update(outcome.state for outcome in outcomes)
        turns.close()
        if tally:
            log.info("notices: %s", _said(tally))

    def read_bounces(self) -> None:
        """Read what came back. After trouble all of the mailbox is looked at again."""
        mailbox = self._mailbox or bounces.mailbox_of(
            self._newsroom, self._newsroom.config.bounces.mailbox
        )
        self._mailbox = None
        try:
            for one in bounces.read_mailbox(self._newsroom, mailbox, _now, self._stopping.is_set):
                _say(one)
            self._mailbox = mailbox
        except PublisherError as error:
            log.error("bounces: %s", error)
        except Exception:  # as above
            log.exception("bounces: they wait")

    def _serve(self, one: MailingList) -> None:
        for edition in editions.advance(self._newsroom, one, _now()):
            log.info("list %s: edition of %s is %s", one.name, edition.local_date, edition.state)
        for edition in sending.unfinished(self._newsroom, one, _now()):
            name = f"list {one.name}, edition of {edition.local_date}"
            self._attempt(name, partial(self._deliver, one, edition))

    def _deliver(self, one: MailingList, edition: Edition) -> None:
        tally: Counter[str] = Counter()
        turns = sending.deliver(self._newsroom, one, edition, _now, self._stopping.is_set)
        for progress in turns:
            tally.update(outcome.state for outcome in progress.outcomes)
        if tally:
            log.info("list %s, edition of %s: %s", one.name, edition.local_date, _said(tally))


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
