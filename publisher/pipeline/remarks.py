"""What in the settings of a list will surprise its editors: said in words, before it happens."""

from __future__ import annotations

from datetime import datetime
from difflib import get_close_matches

from publisher.config import MailingList
from publisher.newsletter import calendar
from publisher.pipeline.editions import today
from publisher.pipeline.newsroom import Newsroom
from publisher.render.dates import long_date
from publisher.store import editions

# So many days ahead it is looked for days that do not have a list's time.
DAYS = 366
NAMED = 10


def remarks(newsroom: Newsroom, now: datetime) -> list[str]:
    """One line for each surprise, of all lists."""
    return [line for one in newsroom.config.lists for line in remarks_on(newsroom, one, now)]


def remarks_on(newsroom: Newsroom, one: MailingList, now: datetime) -> list[str]:
    """One line for each surprise of a list."""
    lines = _unknown_categories(newsroom, one) + _moved_dates(newsroom, one, now)
    return [f"list {one.name}: {line}" for line in lines]


def _unknown_categories(newsroom: Newsroom, one: MailingList) -> list[str]:
    if not one.categories:
        return []
    with newsroom.store.read() as session:
        unknown = editions.unknown_categories(session, one.categories)
        known = editions.category_paths(session) if unknown else []
    return [
        f"there is no category {path!r} ({_hint(path, known)}); the list goes on without it"
        for path in unknown
    ]


def _hint(path: str, known: list[str]) -> str:
    if not known:
        return "there are none yet"
    like = get_close_matches(path, known, n=1)
    if like:
        return f"did you mean {like[0]!r}?"
    more = ", …" if len(known) > NAMED else ""
    return f"there are: {', '.join(known[:NAMED])}{more}"


def _moved_dates(newsroom: Newsroom, one: MailingList, now: datetime) -> list[str]:
    zone = newsroom.config.zone_of(one)
    days = calendar.moved_dates(zone, one.send_at, today(newsroom, one, now), DAYS)
    return [
        f"{long_date(day, 'en')} has no {one.send_at:%H:%M} in {zone.key}; its edition is cut at "
        f"{calendar.cut_moment(day, one.send_at, zone).astimezone(zone):%H:%M}"
        for day in days
        if day.weekday() in one.weekdays
    ]
