"""How things stand and how they went, for the desk's first page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from publisher.config import MailingList
from publisher.model import Edition, EditionState, ListPause
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.remarks import remarks
from publisher.pipeline.watching import lateness
from publisher.store import articles, editions, feeds, history, pauses, stale, subscribers
from publisher.store.engine import Session

ARTICLE_DAYS, READER_DAYS, EDITIONS = 30, 90, 14
OPEN = (EditionState.HELD, EditionState.CUT, EditionState.STOPPED)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an edition: accepted, put off, bounced (refused, or come back later)."""

    day: date
    state: str
    accepted: int
    deferred: int
    bounced: int


@dataclass(frozen=True, slots=True)
class ListOverview:
    """A list: who is on it, by state; its active subscribers day by day; its latest editions,
    oldest first; which of them are open; why it waits, and for how many seconds it is late."""

    one: MailingList
    states: Mapping[str, int]
    readers: Sequence[tuple[date, int]]
    sent: Sequence[Sent]
    open: Sequence[Edition]
    pause: ListPause | None
    late: float


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it at one moment; `days` is how many articles each day had."""

    articles: int
    waiting: int
    feeds: int
    feeds_late: int
    set_aside: int
    remarks: Sequence[str]
    days: Sequence[tuple[date, int]]
    lists: Sequence[ListOverview]


# What became of an edition that is sent does not change, but for letters that come back.
Known = dict[int, tuple[datetime, Sent]]
KNOWN_FOR = timedelta(minutes=10)


def overview(newsroom: Newsroom, now: datetime, known: Known) -> Overview:
    """How things stand; `known` remembers what became of editions, from one call to the next."""
    config = newsroom.config
    with newsroom.store.read() as session:
        late = len(feeds.stale(session, config.feeds.kinds))
        lists = [_list(newsroom, session, one, now, known) for one in config.lists]
        return Overview(
            articles=articles.count(session),
            waiting=stale.count_due(session, now),
            feeds=feeds.count(session, config.feeds.kinds),
            feeds_late=late,
            set_aside=articles.count_set_aside(session),
            remarks=remarks(newsroom, now),
            days=_days(newsroom, session, now),
            lists=lists,
        )


def _days(newsroom: Newsroom, session: Session, now: datetime) -> list[tuple[date, int]]:
    zone = newsroom.config.site.zone
    today = now.astimezone(zone).date()
    first = today - timedelta(days=ARTICLE_DAYS - 1)
    since = datetime.combine(first, time.min, zone)
    found = Counter(at.astimezone(zone).date() for at in history.published(session, since, now))
    return [(day, found[day]) for day in _dates(first, today)]


def _list(
    newsroom: Newsroom, session: Session, one: MailingList, now: datetime, known: Known
) -> ListOverview:
    states = subscribers.count_by_state(session, one.name)
    latest = history.latest_editions(session, one.name, EDITIONS)
    return ListOverview(
        one=one,
        states=states,
        readers=_readers(session, one, states.get("active", 0), now),
        sent=_sent(session, latest, now, known),
        open=editions.in_state(session, one.name, *OPEN),
        pause=pauses.find(session, one.name),
        late=lateness(newsroom, one, now),
    )


def _readers(
    session: Session, one: MailingList, active: int, now: datetime
) -> list[tuple[date, int]]:
    """Backwards from those who are active now, by what the log of states says."""
    today = now.date()
    first = today - timedelta(days=READER_DAYS - 1)
    since = datetime.combine(first, time.min, now.tzinfo)
    grown = history.joined(session, one.name, since)
    line: list[tuple[date, int]] = []
    for day in reversed(_dates(first, today)):
        line.append((day, max(0, active)))
        active -= grown.get(day.isoformat(), 0)
    return line[::-1]


def _sent(session: Session, latest: Sequence[Edition], now: datetime, known: Known) -> list[Sent]:
    wanted = [one for one in latest if one.frozen_at and one.state != EditionState.EMPTY]
    fresh = [one for one in wanted if not _is_known(one, now, known)]
    ids = [one.id for one in fresh]
    letters = history.letters(session, ids) if ids else {}
    back = history.came_back(session, ids) if ids else {}
    for one in fresh:
        states = letters[one.id]
        accepted, bounced = states.get("accepted", 0), back.get(one.id, 0)
        sent = Sent(
            one.local_date, one.state, max(0, accepted - bounced), states.get("deferred", 0),
            states.get("failed", 0) + bounced,
        )  # fmt: skip
        known[one.id] = now, sent
    return [known[one.id][1] for one in reversed(wanted)]


def _is_known(one: Edition, now: datetime, known: Known) -> bool:
    found = known.get(one.id)
    if found is None or one.state != EditionState.SENT or found[1].state != one.state:
        return False
    return now - found[0] < KNOWN_FOR


def _dates(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
