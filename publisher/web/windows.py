"""Which articles a page of a list shows, and the addresses of the pages beside it. Pure.

A page holds whole days where they fit, and goes on by date: `?before=2018-02-15` shows what was
published before that day, whatever has come in since. Only a day that does not fit on a page is
cut inside, behind one of its articles.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from publisher.render.dates import day_bounds
from publisher.render.month import days_of
from publisher.store.pages import Mark

PAGE_SIZE = 25
# A day is read as a whole more often than a list is.
DAY_SIZE = 60
_day = re.compile(r"(?P<category>(?:[^/]+/)*)(?P<date>\d{4}/\d\d/\d\d)/")
_category = re.compile(r"(?P<category>(?:[^/]+/)+)")
_inside = re.compile(r"(\d{8}T\d{6})Z-(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Place:
    """What an address below the root means: a category ("" is the whole site), and a day of it."""

    category: str
    day: date | None


def place_of(path: str) -> Place | None:
    """The meaning of `town/roads/` or `town/2018/02/15/`; None where it can have none."""
    match = _day.fullmatch(path)
    if match:
        try:
            day = date(*(int(part) for part in match["date"].split("/")))
        except ValueError:
            return None
        return Place(match["category"].rstrip("/"), day)
    match = _category.fullmatch(path)
    return Place(match["category"].rstrip("/"), None) if match else None


@dataclass(frozen=True, slots=True)
class Cut:
    """What of the articles that were found is shown, and where the rest begins, if there is any."""

    shown: tuple[Mark, ...]
    rest: Mark | None


def cut_older(marks: Sequence[Mark], size: int, zone: ZoneInfo) -> Cut:
    """Of articles that are newest first: those that fit, and the mark before which the rest is."""
    whole = _whole_days(marks, size, zone)
    if whole is None:
        return Cut(tuple(marks), None)
    if whole:
        return Cut(tuple(whole), _start(whole[-1], zone))
    return Cut(tuple(marks[:size]), marks[size - 1])


def cut_newer(marks: Sequence[Mark], size: int, zone: ZoneInfo) -> Cut:
    """Of articles that are oldest first: those that fit, and the mark from which the rest is."""
    whole = _whole_days(marks, size, zone)
    if whole is None:
        return Cut(tuple(marks), None)
    if whole:
        return Cut(tuple(whole), _start(marks[len(whole)], zone))
    return Cut(tuple(marks[:size]), marks[size])


def _whole_days(marks: Sequence[Mark], size: int, zone: ZoneInfo) -> list[Mark] | None:
    """The days that end within the first `size`; None where all the marks fit."""
    if len(marks) <= size:
        return None
    cut = day_of(marks[size], zone)
    return [mark for mark in marks[:size] if day_of(mark, zone) != cut]


def day_of(mark: Mark, zone: ZoneInfo) -> date:
    """The newsroom's date of an article."""
    return mark.published.astimezone(zone).date()


def _start(mark: Mark, zone: ZoneInfo) -> Mark:
    bounds = day_bounds(day_of(mark, zone), zone)
    return Mark(bounds[0]) if bounds else mark


def as_text(mark: Mark, zone: ZoneInfo) -> str:
    """A mark as an address has it: a day, or a moment with an id."""
    if _start(mark, zone) == mark:
        return day_of(mark, zone).isoformat()
    return f"{mark.published.astimezone(UTC):%Y%m%dT%H%M%SZ}-{mark.article_id}"


def read_mark(text: str, zone: ZoneInfo) -> Mark | None:
    """The mark that an address has; None where it is none."""
    try:
        match = _inside.fullmatch(text)
        if match and text.isascii():
            moment = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            return Mark(moment, int(match[2]))
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return None
        bounds = day_bounds(date.fromisoformat(text), zone)
    except ValueError:
        return None
    return Mark(bounds[0]) if bounds else None


def local_day(moment: datetime | None, zone: ZoneInfo) -> date | None:
    """The newsroom's date of a moment that may be missing."""
    return moment.astimezone(zone).date() if moment else None


def day_path(day: date) -> str:
    """`2018/02/15/`."""
    return f"{day.year:04}/{day.month:02}/{day.day:02}/"


def month_bounds(day: date, zone: ZoneInfo) -> dict[date, tuple[datetime, datetime]]:
    """The bounds of each day of a month, without those at the ends of the calendar."""
    bounds = {one: day_bounds(one, zone) for one in days_of(day)}
    return {one: found for one, found in bounds.items() if found}
