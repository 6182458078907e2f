"""The clock: APScheduler ticks, and the calendar decides. No rule of its own.

Cron triggers skip or repeat days around daylight-saving changes, so a tick only asks whether
an edition is due. It comes every few seconds, never two at once, and late rather than never.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler

from publisher.config import MailingList
from publisher.delivery.bounces.mailboxes import Mailbox
from publisher.delivery.bounces.reading import Meaning
from publisher.errors import PublisherError
from publisher.model import Edition
from publisher.pipeline import bounces, editions
from publisher.pipeline.bounces import Handled
from publisher.pipeline.newsroom import Newsroom

log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Sends the editions that are due, as long as it runs."""

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
        """Cut what is due and send what is cut. One list's trouble does not hold up the others."""
        for one in self._newsroom.config.lists:
            try:
                self._serve(one)
            except PublisherError as error:
                log.error("list %s: %s", one.name, error)
            except Exception:  # a tick that raised would be followed by the next one all the same
                log.exception("list %s: the edition waits", one.name)

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
        day = editions.due_date(self._newsroom, one, _now())
        if day is not None:
            edition = editions.cut(self._newsroom, one, day, _now())
            log.info("list %s: edition of %s is %s", one.name, day, edition.state)
        for edition in editions.unfinished(self._newsroom, one):
            self._deliver(one, edition)

    def _deliver(self, one: MailingList, edition: Edition) -> None:
        tally: Counter[str] = Counter()
        turns = editions.deliver(self._newsroom, one, edition, _now, self._stopping.is_set)
        for progress in turns:
            tally.update(outcome.state for outcome in progress.outcomes)
        if tally:
            said = ", ".join(f"{number} {state}" for state, number in sorted(tally.items()))
            log.info("list %s, edition of %s: %s", one.name, edition.local_date, said)


def _say(one: Handled) -> None:
    found = one.finding
    if one.changed:
        log.info("bounces: %s is %s: %s", one.email, one.after, found.diagnostic)
    elif found.meaning is Meaning.POLICY:
        log.warning("bounces: %s refused us, not the reader: %s", one.email, found.diagnostic)
    elif found.meaning is Meaning.UNVERIFIED:
        log.warning("bounces: %s is left: nothing proves that it is about us", found.mail)
