"""Which editions are due. Pure: the store and the clock are arguments.

Cron triggers skip or repeat days around daylight-saving changes; a list of dates cannot.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
EVERY_DAY = frozenset(range(7))


def due_dates(
    zone: ZoneInfo,
    send_at: time,
    since: date | None,
    now: datetime,
    weekdays: Collection[int] = EVERY_DAY,
) -> list[date]:
    """The local dates after `since` whose moment of sending has come, oldest first.

    With `since` None, for a list that has had no edition, only today can be due. A clock that
    jumps back makes nothing due again. A date that a zone has left out is never due, nor is one
    that is not among the `weekdays` (0 is Monday).
    """
    today = now.astimezone(zone).date()
    first = today if since is None else since + DAY
    days = (first + timedelta(days=n) for n in range((today - first).days + 1))
    return [
        day
        for day in days
        if day.weekday() in weekdays
        and is_in_zone(day, zone)
        and cut_moment(day, send_at, zone) <= now
    ]


def cut_moment(day: date, send_at: time, zone: ZoneInfo) -> datetime:
    """When the edition of a local date is cut, in UTC.

    A time that the date has twice means the first; one that it does not have means the first
    moment after it that there is.
    """
    wanted = datetime.combine(day, send_at)
    before = wanted.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if before.astimezone(zone).replace(tzinfo=None) == wanted:
        return before
    # In a gap, fold=0 reckons by the offset before it and fold=1 by the one after it: the change
    # itself lies between the two.
    early = wanted.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _change_between(early, before, zone)


def reader_moment(cut_at: datetime, send_at: time, zone: ZoneInfo) -> datetime:
    """When a copy leaves for a reader in `zone`: the first time at or after the cut that it is
    `send_at` there."""
    there = cut_at.astimezone(zone).date()
    # The day before, since a time that a day does not have can move into the next one.
    days = (there + timedelta(days=n) for n in range(-1, 4))
    moments = (cut_moment(day, send_at, zone) for day in days if is_in_zone(day, zone))
    return min(moment for moment in moments if moment >= cut_at)


def moved_dates(zone: ZoneInfo, send_at: time, first: date, days: int) -> list[date]:
    """Those of the `days` dates from `first` on that do not have the time `send_at`."""
    dates = (first + timedelta(days=n) for n in range(days))
    return [
        day
        for day in dates
        if is_in_zone(day, zone)
        and cut_moment(day, send_at, zone).astimezone(zone).timetz().replace(tzinfo=None) != send_at
    ]


def is_in_zone(day: date, zone: ZoneInfo) -> bool:
    """Whether the zone has that date at all; a move over the date line leaves one out."""
    return cut_moment(day, time.min, zone).astimezone(zone).date() == day


def _change_between(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The first second with the offset of `high`, which is not that of `low`."""
    after = high.astimezone(zone).utcoffset()
    while high - low > SECOND:
        middle = low + (high - low) // 2
        if middle.astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)
