"""From a cut edition to the inboxes: composed per variant, sent per reader, stopped in between."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from publisher.config import MailingList
from publisher.delivery.owner import new_name
from publisher.delivery.sender import Progress
from publisher.delivery.sender import deliver as send
from publisher.errors import DeliveryError, StoreError, TemplateError
from publisher.model import Edition, EditionState
from publisher.pipeline.corrections import tell
from publisher.pipeline.editions import note_trouble, settled
from publisher.pipeline.letters import Letters
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.press import Press
from publisher.store import deliveries, edition_texts, editions, log

# While letters leave, how often to look whether a person has stopped the edition.
WATCH_SECONDS = 0.5


def unfinished(newsroom: Newsroom, one: MailingList, now: datetime) -> Sequence[Edition]:
    """Editions of the list that were cut, and of which something is to be sent now."""
    with newsroom.store.read() as session:
        return [
            edition
            for edition in editions.in_state(session, one.name, EditionState.CUT)
            if edition.prepared_at is None or not deliveries.is_waiting(session, edition.id, now)
        ]


def deliver(
    newsroom: Newsroom,
    one: MailingList,
    edition: Edition,
    now: Callable[[], datetime],
    stopping: Callable[[], bool] = lambda: False,
    *,
    everybody: bool = False,
    shard: Sequence[int] = (),
) -> Iterator[Progress]:
    """Send the edition to everybody who should have it and has not; goes on where it stopped.

    `everybody` takes in those who have joined since it was begun; `shard` are the only rows of the
    ledger that are sent, if it is one (`pipeline.shards`). Raises UnreachableError where
    mail cannot leave now, TemplateError where a template is broken; `trouble` then says so.
    """
    try:
        again = True
        while again:
            current = renewed(newsroom, one, edition, now())
            press = Press(newsroom, one, current)
            if everybody or current.prepared_at is None:
                press.announce()
                press.prepare(now())
            watch = _Watch(newsroom, current, stopping)
            letters = Letters(newsroom, one, current, press)
            ledger = deliveries.ledger_of(current.id, new_name(), shard)
            yield from send(
                newsroom.store, ledger, letters.write, newsroom.transport, now, watch,
                newsroom.policy,
            )  # fmt: skip
            conclude(newsroom, current, now())
            again = watch.is_wrong
    except (DeliveryError, TemplateError) as error:
        note_trouble(newsroom, one, edition.local_date, str(error))
        raise
    note_trouble(newsroom, one, edition.local_date, "")


def conclude(newsroom: Newsroom, edition: Edition, now: datetime) -> None:
    """Mark the edition as sent if nothing is left to be done for it; tell of its corrections."""
    with newsroom.store.write() as session:
        if deliveries.finish(session, edition.id):
            edition_texts.forget_mails(session, edition.id)
    tell(newsroom, now, edition.id)


def renewed(newsroom: Newsroom, one: MailingList, edition: Edition, now: datetime) -> Edition:
    """The edition as it stands; its letters that have not left are set anew where one of its
    articles has been corrected or withdrawn since."""
    with settled(newsroom, now) as session:
        current = session.get_one(Edition, edition.id)
        is_wrong = edition_texts.wrong_since(session, current, current.text_position)
        position = log.last_position(session)
        old = edition_texts.waiting_keys(session, edition.id) if is_wrong else set()
    if not is_wrong:
        return current
    keys = Press(newsroom, one, current, position).anew(old)
    after: int | None = 0
    while after is not None:
        with newsroom.store.write() as session:
            after = edition_texts.set_anew(session, edition.id, keys, after)
    with newsroom.store.write() as session:
        edition_texts.is_anew(session, edition.id, position)
        return session.get_one(Edition, edition.id, populate_existing=True)


class _Watch:
    """Looks, now and then, whether to go on; `is_wrong` if the letters have to be set anew."""

    def __init__(self, newsroom: Newsroom, edition: Edition, stopping: Callable[[], bool]) -> None:
        self._newsroom, self._edition, self._stopping = newsroom, edition, stopping
        self._next = 0.0
        self._stopped = self.is_wrong = False

    def __call__(self) -> bool:
        if self._stopping():
            return True
        if time.monotonic() >= self._next:
            with suppress(StoreError):  # the sender knows best how long to wait for the store
                self._look()
            self._next = time.monotonic() + WATCH_SECONDS
        return self._stopped or self.is_wrong

    def _look(self) -> None:
        edition = self._edition
        with self._newsroom.store.read() as session:
            found = session.get(Edition, edition.id)
            self._stopped = found is None or found.state == EditionState.STOPPED
            wrong = edition_texts.wrong_since(session, edition, edition.text_position)
            self.is_wrong = bool(wrong)
