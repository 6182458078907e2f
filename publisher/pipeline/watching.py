"""How things stand, as numbers: what `/metrics` tells and `/readyz` asks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher.config import MailingList
from publisher.errors import PublisherError
from publisher.newsletter.calendar import cut_moment, due_dates
from publisher.pipeline.backup import newest_backup
from publisher.pipeline.newsroom import Newsroom
from publisher.store import editions, feeds, numbers, pauses, subscribers
from publisher.store.numbers import FeedAge

# So many feeds have a number of their own; a newsroom can have thousands.
FEEDS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class ListNumbers:
    """A list: how late its edition is, in seconds, and whether it waits.

    `letters` are those of its latest edition by state, `queue` how many of all could leave now.
    """

    name: str
    late: float
    waits: bool
    letters: dict[str, int]
    queue: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """All of it at one moment.

    `waiting` is the age of the oldest change no feed has yet, `backup` when the newest one in the
    site's folder was made.
    """

    feeds: Sequence[FeedAge]
    feeds_late: int
    waiting: float
    lists: tuple[ListNumbers, ...]
    notices: dict[str, int]
    websub: dict[str, int]
    backup: datetime | None


def numbers_of(newsroom: Newsroom, now: datetime) -> Numbers:
    """The numbers of now. Raises StoreError."""
    config = newsroom.config
    with newsroom.store.read() as session:
        oldest = numbers.oldest_waiting(session, now)
        waiting = {one.list_name for one in pauses.all_pauses(session)}
        letters = {one.name: numbers.latest_letters(session, one.name) for one in config.lists}
        ages = numbers.newest_feeds(session, config.feeds.kinds, FEEDS_SHOWN)
        late = len(feeds.stale(session, config.feeds.kinds))
        queue = numbers.letters_waiting(session, now)
        notices = numbers.notices(session)
        websub = numbers.websub(session, config.websub.hubs, now)
    lists = (
        ListNumbers(
            name=one.name,
            late=lateness(newsroom, one, now),
            waits=one.name in waiting,
            letters=letters[one.name],
            queue=queue.get(one.name, 0),
        )
        for one in config.lists
    )
    return Numbers(
        ages,
        late,
        max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
        tuple(lists),
        notices,
        websub,
        newest_backup(config),
    )


def lateness(newsroom: Newsroom, one: MailingList, now: datetime) -> float:
    """For how many seconds an edition of the list should have been on its way, or sent.

    Letters that were tried and put off do not make it late, nor does what a person has stopped.
    """
    zone = newsroom.config.zone_of(one)
    with newsroom.store.read() as session:
        if not subscribers.has_active(session, one.name):
            return 0.0
        begun = numbers.not_tried_since(session, one.name, now)
        latest, stopped = (
            editions.latest_date(session, one.name),
            editions.stopped_dates(session, one.name),
        )
    due = due_dates(zone, one.send_at, latest, now, one.weekdays)
    moments = [cut_moment(day, one.send_at, zone) for day in due if day not in stopped]
    oldest = min([*moments, *([begun] if begun else [])], default=now)
    return max(0.0, (now - oldest).total_seconds())


def not_ready(newsroom: Newsroom) -> str:
    """Why requests cannot be answered now; nothing, if they can."""
    try:
        with newsroom.store.read() as session:
            pauses.find(session, "")
    except PublisherError as error:
        return str(error).partition("\n")[0]
    folder = newsroom.config.path(newsroom.config.feeds.folder)
    if folder.exists() and not os.access(folder, os.R_OK | os.X_OK):
        return "the folder of the feeds cannot be read"
    return ""
