"""Dates, names and directions of languages."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time

# A newsroom's date in English; the other languages have it as CLDR has it.
ENGLISH = "EEEE, d MMMM y"
SHORT_ENGLISH = "d MMMM y"
_short_month = re.compile("(?<!M)MMM(?!M)")


@cache
def _locale(language: str) -> Locale:
    for name in (language, language.partition("-")[0]):
        try:
            return Locale.parse(name, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def _is_plain_english(locale: Locale) -> bool:
    """Babel takes English without a country for American; here it is no country's: weeks begin on
    Monday, and days have 24 hours."""
    return locale.language == "en" and not locale.territory


@cache
def long_date(day: date, language: str) -> str:
    """`Thursday, 15 February 2018`, in the language."""
    locale = _locale(language)
    return format_date(day, ENGLISH if locale.language == "en" else "full", locale)


@cache
def short_date(day: date, language: str) -> str:
    """`15 February 2018`, in the language."""
    locale = _locale(language)
    return format_date(day, SHORT_ENGLISH if locale.language == "en" else "long", locale)


@cache
def month_name(day: date, language: str) -> str:
    """`February 2018`, as a heading."""
    return format_skeleton("yMMMM", day, locale=_locale(language))


@cache
def weekdays(language: str) -> tuple[tuple[int, str, str], ...]:
    """The days of a week in the order of the language: number (Monday is 0), short, and in full."""
    locale = _locale(language)
    first = 0 if _is_plain_english(locale) else locale.first_week_day
    names = locale.days["stand-alone"]
    short = names["short"] if max(map(len, names["short"].values())) <= 4 else names["narrow"]
    return tuple(
        (number, short[number], names["wide"][number])
        for number in ((first + n) % 7 for n in range(7))
    )


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """When a day begins at a place and when the next one does; None at the ends of the calendar.

    A day may have 23 or 25 hours, and a place that crossed the date line has had one of none.
    """
    try:
        start = datetime.combine(day, time.min, zone)
        end = datetime.combine(day + timedelta(days=1), time.min, zone)
        return start.astimezone(UTC), end.astimezone(UTC)
    except OverflowError:
        return None


@cache
def date_span(first: date, last: date, language: str) -> str:
    """`13–15 February 2018`, in the language; a single day as `long_date` has it."""
    if first >= last:
        return long_date(last, language)
    locale = _locale(language)
    if locale.language == "en":
        locale = Locale("en", "GB")  # the day first, as in `long_date`
    differs = "y" if first.year != last.year else "M" if first.month != last.month else "d"
    # CLDR has spans with short names of months; the long ones take the same places.
    parts = (_short_month.sub("MMMM", part) for part in locale.interval_formats["yMMMd"][differs])
    days = zip((first, last), parts, strict=True)
    return "".join(format_date(day, part, locale) for day, part in days)


def clock_time(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """The time of day at a place, in the language's way."""
    locale = _locale(language)
    pattern = "HH:mm" if _is_plain_english(locale) else "short"
    return format_time(moment.astimezone(zone), pattern, locale=locale)


def language_name(language: str) -> str:
    """What a language calls itself: `العربية` for `ar`."""
    name = _locale(language).get_display_name() or language
    return name[:1].upper() + name[1:]


def direction(language: str) -> str:
    """`rtl` for a language that is written from right to left, else `ltr`."""
    return str(_locale(language).text_direction)
