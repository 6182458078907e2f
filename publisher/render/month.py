"""A month as a table of its days. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from publisher.render.dates import month_name, weekdays
from publisher.render.pages import Link


@dataclass(frozen=True, slots=True)
class DayCell:
    """One day; without an address where it has no articles."""

    date: date
    articles: int
    address: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Month:
    """A month: its weeks, from the day that weeks begin with in its language; gaps are None."""

    title: str
    weekdays: tuple[tuple[str, str], ...]
    weeks: tuple[tuple[DayCell | None, ...], ...]
    earlier: Link | None
    later: Link | None


def month_of(
    day: date,
    counts: Mapping[date, int],
    language: str,
    address: Callable[[date], str],
    *,
    earlier: date | None = None,
    later: date | None = None,
    shown: date | None = None,
) -> Month:
    """The month of a day. `earlier` and `later` are the nearest days outside it with articles;
    `shown` is the day whose page it stands on."""
    order = weekdays(language)
    cells: list[DayCell | None] = [None] * [number for number, *_ in order].index(
        day.replace(day=1).weekday()
    )
    for one in days_of(day):
        articles = counts.get(one, 0)
        cells.append(DayCell(one, articles, address(one) if articles else "", one == shown))
    cells += [None] * (-len(cells) % 7)
    return Month(
        month_name(day, language),
        tuple((short, full) for _, short, full in order),
        tuple(tuple(cells[n : n + 7]) for n in range(0, len(cells), 7)),
        Link(month_name(earlier, language), address(earlier)) if earlier else None,
        Link(month_name(later, language), address(later)) if later else None,
    )


def days_of(day: date) -> list[date]:
    """All days of the month that `day` is in."""
    days, one = [], day.replace(day=1)
    while one.month == day.month:
        days.append(one)
        if one == date.max:
            break
        one += timedelta(days=1)
    return days
