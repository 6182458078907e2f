"""Exactly one edition for each local date, in every time zone, whatever its clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.newsletter.calendar import (
    DAY,
    cut_moment,
    due_dates,
    is_in_zone,
    moved_dates,
    reader_moment,
)

ZONES = sorted(available_timezones() - {"localtime"})
HOUR = timedelta(hours=1)


@cache
def changes(zone: ZoneInfo) -> list[datetime]:
    """The hours of 2024 to 2027 in which the zone's offset changes."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=n) for n in range(4 * 365)]
    found = []
    for day in days:
        if (
            day.astimezone(zone).utcoffset()
            != (day + timedelta(days=1)).astimezone(zone).utcoffset()
        ):
            hours = (day + n * HOUR for n in range(24))
            found += [
                h for h in hours
                if h.astimezone(zone).utcoffset() != (h + HOUR).astimezone(zone).utcoffset()
            ]  # fmt: skip
    return found


def editions(zone: ZoneInfo, send_at: time, start: datetime, end: datetime) -> list[date]:
    """The editions that a clock makes which looks every 20 minutes."""
    made: list[date] = []
    since: date | None = start.astimezone(zone).date() - timedelta(days=1)
    now = start
    while now <= end:
        for day in due_dates(zone, send_at, since, now):
            made.append(day)
            since = day
        now += timedelta(minutes=20)
    return made


@pytest.mark.parametrize("name", ZONES)
def test_a_change_of_the_clocks_neither_skips_nor_repeats_an_edition(name: str) -> None:
    zone = ZoneInfo(name)
    for change in changes(zone):
        local = change.astimezone(zone)
        for send_at in {time.min, time(23, 59), local.time(), (local + HOUR).time()}:
            start, end = change - timedelta(days=1), change + timedelta(days=3)
            made = editions(zone, send_at, start, end)
            first = start.astimezone(zone).date()
            wanted = [first + timedelta(days=n) for n in range((end - start).days + 3)]
            wanted = [day for day in wanted if is_in_zone(day, zone)]
            assert made == wanted[: len(made)]
            assert len(made) >= 3


@pytest.mark.parametrize(
    ("zone", "day", "at", "moment"),
    [
        # Summer time begins at two: half past two is not there, three is.
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), "2026-03-29T01:00:00+00:00"),
        # It ends at three: half past two comes twice, the first counts.
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), "2026-10-25T00:30:00+00:00"),
        # Midnight itself can be what is missing.
        ("Africa/Cairo", date(2026, 4, 24), time(0, 15), "2026-04-23T22:00:00+00:00"),
        # A change of half an hour.
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 10), "2026-10-03T15:30:00+00:00"),
        ("UTC", date(2018, 2, 15), time(18, 0), "2018-02-15T18:00:00+00:00"),
        ("Asia/Kathmandu", date(2018, 2, 15), time(18, 0), "2018-02-15T12:15:00+00:00"),
    ],
)
def test_the_moment_of_sending_is_the_first_that_the_day_has(
    zone: str, day: date, at: time, moment: str
) -> None:
    assert cut_moment(day, at, ZoneInfo(zone)).isoformat() == moment


def test_a_date_that_a_zone_has_left_out_has_no_edition() -> None:
    apia = ZoneInfo("Pacific/Apia")
    start, end = datetime(2011, 12, 28, tzinfo=UTC), datetime(2012, 1, 2, tzinfo=UTC)
    made = editions(apia, time(7), start, end)
    assert date(2011, 12, 30) not in made
    assert {date(2011, 12, 29), date(2011, 12, 31)} <= set(made)


def test_a_day_that_was_missed_is_caught_up() -> None:
    now = datetime(2026, 5, 10, 19, tzinfo=UTC)
    zone = ZoneInfo("UTC")
    assert due_dates(zone, time(18), date(2026, 5, 7), now) == [
        date(2026, 5, 8), date(2026, 5, 9), date(2026, 5, 10),
    ]  # fmt: skip
    assert due_dates(zone, time(18), date(2026, 5, 9), now - 2 * HOUR) == []
    assert due_dates(zone, time(18), None, now) == [date(2026, 5, 10)]


def test_a_clock_that_jumps_back_makes_nothing_due_again() -> None:
    now = datetime(2026, 5, 10, 19, tzinfo=UTC)
    assert due_dates(ZoneInfo("UTC"), time(18), date(2026, 5, 10), now) == []
    assert due_dates(ZoneInfo("UTC"), time(18), date(2026, 5, 10), now - timedelta(days=3)) == []


@settings(max_examples=60)
@given(
    st.sampled_from(ZONES),
    st.times(),
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 1)),  # noqa: DTZ001 - made aware below
    st.lists(st.integers(min_value=1, max_value=3 * 86400), min_size=1, max_size=8),
)
def test_restarts_at_any_moment_neither_lose_nor_repeat_a_day(
    name: str, send_at: time, start: datetime, pauses: list[int]
) -> None:
    zone, now = ZoneInfo(name), start.replace(tzinfo=UTC)
    since = first = now.astimezone(zone).date() - timedelta(days=1)
    made: list[date] = []
    for pause in pauses:
        for day in due_dates(zone, send_at, since, now):
            made.append(day)
            since = day
        now += timedelta(seconds=pause)
    days = ((since - first).days if made else 0) + 1
    wanted = [first + timedelta(days=n) for n in range(1, days)]
    assert made == [day for day in wanted if is_in_zone(day, zone)]


@pytest.mark.parametrize("name", ZONES)
def test_a_readers_copy_leaves_at_the_next_hour_of_sending_there(name: str) -> None:
    """Around each change of the clocks there, and for cuts all around the day."""
    zone = ZoneInfo(name)
    for change in [*changes(zone), datetime(2024, 6, 15, 12, tzinfo=UTC)]:
        local = change.astimezone(zone)
        for send_at in (time.min, local.time(), (local + HOUR / 2).time(), time(18)):
            around = [change.date() + n * DAY for n in range(-4, 6)]
            moments = sorted({cut_moment(day, send_at, zone) for day in around})
            for hours in range(-30, 30, 7):
                cut_at = change + hours * HOUR
                wanted = next(moment for moment in moments if moment >= cut_at)
                assert reader_moment(cut_at, send_at, zone) == wanted
                assert wanted - cut_at <= DAY + 2 * HOUR
            on_time = cut_moment(local.date(), send_at, zone)
            assert reader_moment(on_time, send_at, zone) == on_time


def test_a_copy_waits_over_a_date_that_its_zone_has_left_out() -> None:
    apia = ZoneInfo("Pacific/Apia")
    cut_at = datetime(2011, 12, 30, 9, tzinfo=UTC)  # 23:00 on the 29th there; the 31st follows
    there = reader_moment(cut_at, time(18), apia).astimezone(apia)
    assert (there.date(), there.time()) == (date(2011, 12, 31), time(18))


def test_only_days_of_sending_are_due() -> None:
    now = datetime(2026, 5, 10, 19, tzinfo=UTC)  # a Sunday
    zone = ZoneInfo("UTC")
    working = range(5)
    assert due_dates(zone, time(18), date(2026, 5, 6), now, working) == [
        date(2026, 5, 7), date(2026, 5, 8),
    ]  # fmt: skip
    assert due_dates(zone, time(18), None, now, working) == []
    assert due_dates(zone, time(18), None, now, {6}) == [date(2026, 5, 10)]


@pytest.mark.parametrize("name", ZONES)
def test_the_days_without_a_time_are_those_that_no_clock_there_shows(name: str) -> None:
    zone = ZoneInfo(name)
    for change in changes(zone):
        first = change.astimezone(zone).date() - 2 * DAY
        for minutes in range(-90, 91, 30):
            send_at = (change.astimezone(zone) + timedelta(minutes=minutes)).time()
            wanted = [
                day
                for day in (first + n * DAY for n in range(5))
                if not any(is_shown(datetime.combine(day, send_at), zone, fold) for fold in (0, 1))
            ]
            assert moved_dates(zone, send_at, first, 5) == wanted


def is_shown(local: datetime, zone: ZoneInfo, fold: int) -> bool:
    moment = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    return moment.astimezone(zone).replace(tzinfo=None) == local
