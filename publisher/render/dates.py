"""Dates, names and directions of languages."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time

# A newsroom's date in English; the other languages have it as CLDR has it.
ENGLISH = "EEEE, d MMMM y"


@cache
def _locale(language: str) -> Locale:
    for name in (language, language.partition("-")[0]):
        try:
            return Locale.parse(name, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


@cache
def long_date(day: date, language: str) -> str:
    """`Thursday, 15 February 2018`, in the language."""
    locale = _locale(language)
    return format_date(day, ENGLISH if locale.language == "en" else "full", locale)


def clock_time(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """The time of day at a place, in the language's way."""
    return format_time(moment.astimezone(zone), "short", locale=_locale(language))


def language_name(language: str) -> str:
    """What a language calls itself: `العربية` for `ar`."""
    name = _locale(language).get_display_name() or language
    return name[:1].upper() + name[1:]


def direction(language: str) -> str:
    """`rtl` for a language that is written from right to left, else `ltr`."""
    return str(_locale(language).text_direction)
