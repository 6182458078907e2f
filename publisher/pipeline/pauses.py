"""Lists that wait: after a restore, or because an operator says so, and how they go on.

The ledger is what keeps anybody from getting an edition twice. A store that was put back from a
backup does not know what was sent after that; only a person can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from publisher.config import Config, MailingList
from publisher.model import EditionState, ListPause
from publisher.pipeline import editions
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.restore import Restored, due_to_wait
from publisher.store import editions as stored
from publisher.store import pauses, subscribers
from publisher.store.engine import Store

SKIPPED = "skipped: an operator said that it counts as sent"


@dataclass(frozen=True, slots=True)
class SkippedEdition:
    """An edition that counts as sent, and how many letters of it stay unsent."""

    day: date
    letters: int


def after_restore(
    store: Store, config: Config, restored: Restored, now: datetime, *, nothing_sent: bool
) -> list[str]:
    """Have all feeds written anew, and let wait what may have been sent since the backup.

    The lists that wait; none where nothing was sent, and none without readers.
    """
    reason = due_to_wait(restored.contents, now)
    waiting: list[str] = []
    with store.write() as session:
        pauses.forget_files(session)
        pauses.doubt_letters(session, reason, now)
        if nothing_sent:
            return waiting
        for one in config.lists:
            if subscribers.has_active(session, one.name):
                pauses.pause(session, one.name, restored.contents.moment, reason)
                waiting.append(one.name)
        pauses.doubt_notices(session, reason, now)
    return waiting


def find(newsroom: Newsroom, one: MailingList) -> ListPause | None:
    """The pause of a list, or None where it goes on."""
    with newsroom.store.read() as session:
        return pauses.find(session, one.name)


def pause(newsroom: Newsroom, one: MailingList, since: datetime, reason: str) -> None:
    """Let the list wait; the ledger is known to be right up to `since`."""
    with newsroom.store.write() as session:
        pauses.pause(session, one.name, since, reason)


def resume(newsroom: Newsroom, one: MailingList) -> bool:
    """Let the list go on; whether it was waiting."""
    if find(newsroom, one) is None:
        return False
    with newsroom.store.write() as session:
        return pauses.resume(session, one.name)


def skip(
    newsroom: Newsroom, one: MailingList, day: date | None, now: datetime
) -> Sequence[SkippedEdition]:
    """Count as sent what the list has waiting, and that of `day` or else what is due; go on.

    Its articles are in no later edition. What the store does not hold yet is not counted, so
    articles that were lost are best imported again before.
    """
    editions.advance(newsroom, one, now)
    if day is not None:
        editions.cut(newsroom, one, day, now)
    with newsroom.store.write() as session:
        found = [
            SkippedEdition(edition.local_date, pauses.skip(session, edition, SKIPPED, now))
            for edition in stored.in_state(session, one.name, EditionState.CUT)
        ]
        stored.touch_feeds(session, [one.name])
        pauses.resume(session, one.name)
    return found
