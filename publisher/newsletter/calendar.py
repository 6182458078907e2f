"""Which editions are due. Pure: the store and the clock are arguments.

Cron triggers skip or repeat days around daylight-saving changes; a list of dates cannot.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)


def due_dates(zone: ZoneInfo, send_at: time, since: date | None, now: datetime) -> list[date]:
    """The local dates after `since` whose moment of sending has come, oldest first.

    With `since` None, for a list that has had no edition, only today can be due. A clock that
    jumps back makes nothing due again. A date that a zone has left out is never due.
    """
    today = now.astimezone(zone).date()
    first = today if since is None else since + timedelta(days=1)
    days = (first + timedelta(days=n) for n in range((today - first).days + 1))
    return [day for day in days if is_in_zone(day, zone) and cut_moment(day, send_at, zone) <= now]


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
