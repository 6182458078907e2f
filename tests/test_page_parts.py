"""The decisions behind pages: what fits on one, where days begin, colours, data for programs."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.config import Site
from publisher.render.colours import (
    DARK_GROUNDS,
    ENOUGH,
    LIGHT_GROUNDS,
    contrast,
    palette,
    parse,
    readable,
)
from publisher.render.dates import day_bounds, weekdays
from publisher.render.metadata import json_ld
from publisher.render.month import month_of
from publisher.render.pages import origin_and_root
from publisher.render.snippets import LENGTH, highlighted, snippet
from publisher.store.pages import Mark
from publisher.terms import parse as parse_query
from publisher.web import windows
from publisher.web.windows import Cut, cut_newer, cut_older
from tests.factories import article_view

ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)
UTC_ZONE = ZoneInfo("UTC")


@given(MOMENTS, ZONES)
def test_a_moment_lies_within_the_bounds_of_its_day(moment: datetime, zone: ZoneInfo) -> None:
    bounds = day_bounds(moment.astimezone(zone).date(), zone)
    assert bounds is not None
    assert bounds[0] <= moment < bounds[1]


def test_a_day_that_a_place_never_had_is_empty() -> None:
    start, end = day_bounds(date(2011, 12, 30), ZoneInfo("Pacific/Apia")) or (None, None)
    assert start == end is not None


marks = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 23)), min_size=0, max_size=80
).map(
    lambda found: sorted(
        (
            Mark(datetime(2018, 2, 1, hour, tzinfo=UTC) + timedelta(days=day), n + 1)
            for n, (day, hour) in enumerate(found)
        ),
        reverse=True,
    )
)  # fmt: skip


def before(all_marks: list[Mark], mark: Mark | None) -> list[Mark]:
    return [one for one in all_marks if mark is None or one < mark]


@given(marks, st.integers(1, 30), ZONES)
def test_pages_show_each_article_once_from_top_to_bottom(
    found: list[Mark], size: int, zone: ZoneInfo
) -> None:
    seen: list[Mark] = []
    mark: Mark | None = None
    for _ in range(len(found) + 1):
        cut = cut_older(before(found, mark)[: size + 1], size, zone)
        assert len(cut.shown) <= size
        seen += cut.shown
        if cut.rest is None:
            break
        mark = windows.read_mark(windows.as_text(cut.rest, zone), zone)
        assert mark == cut.rest, "an address says the same again"
    assert seen == found


@given(marks, st.integers(1, 30), ZONES)
def test_pages_show_each_article_once_from_bottom_to_top(
    found: list[Mark], size: int, zone: ZoneInfo
) -> None:
    rising = found[::-1]
    seen: list[Mark] = []
    mark: Mark | None = None
    for _ in range(len(found) + 1):
        above = [one for one in rising if mark is None or one >= mark]
        cut = cut_newer(above[: size + 1], size, zone)
        seen += cut.shown
        if cut.rest is None:
            break
        mark = windows.read_mark(windows.as_text(cut.rest, zone), zone)
    assert seen == rising


@given(marks, st.integers(1, 30))
def test_a_page_ends_with_a_whole_day_if_one_fits(found: list[Mark], size: int) -> None:
    cut = cut_older(found[: size + 1], size, UTC_ZONE)
    if cut.rest is not None and cut.rest.article_id == 0:
        last = windows.day_of(cut.shown[-1], UTC_ZONE)
        rest = before(found, cut.rest)
        assert last not in {windows.day_of(one, UTC_ZONE) for one in rest}
    elif cut.rest is not None:
        assert len({windows.day_of(one, UTC_ZONE) for one in cut.shown}) == 1


def test_nothing_is_a_page_as_well() -> None:
    assert cut_older([], 5, UTC_ZONE) == Cut((), None)


@pytest.mark.parametrize("language", ["en", "en-US", "ar", "tr", "fr", "de", "es", "fa"])
@pytest.mark.parametrize("day", [date(2018, 2, 15), date(2015, 2, 1), date(9999, 12, 31)])
def test_a_month_has_each_of_its_days_under_its_weekday(day: date, language: str) -> None:
    month = month_of(day, {day: 3}, language, lambda one: f"/{one}/", shown=day)
    order = [number for number, *_ in weekdays(language)]
    cells = [cell for week in month.weeks for cell in week]
    days = [cell.date for cell in cells if cell is not None]
    assert days == [day.replace(day=n + 1) for n in range(len(days))]
    for week in month.weeks:
        assert len(week) == 7
        for number, cell in zip(order, week, strict=True):
            assert cell is None or cell.date.weekday() == number
    (linked,) = [cell for cell in cells if cell is not None and cell.address]
    assert (linked.date, linked.articles, linked.is_shown) == (day, 3, True)


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_any_colour_can_be_read_in_light_and_in_dark(colour: str) -> None:
    for grounds in (LIGHT_GROUNDS, DARK_GROUNDS):
        shown = readable(parse(colour), grounds)
        assert all(contrast(shown, ground) >= ENOUGH for ground in grounds)
    for accent, ink in re.findall(r"--accent:(#\w+);--on-accent:(#\w+)", palette(colour)):
        assert contrast(parse(accent), parse(ink)) >= 4.5


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert "--accent:#14507a;--on-accent:#ffffff" in palette("#14507a")
    assert parse("#0af") == (0, 170, 255)


@given(st.text())
def test_data_for_programs_cannot_leave_its_element(text: str) -> None:
    written = json_ld([{"name": text}])
    inside = re.fullmatch(r'<script type="application/ld\+json">(.*)</script>', written, re.DOTALL)
    assert inside
    assert not re.search("[<>&\u2028\u2029]", inside[1])
    assert json.loads(inside[1])["@graph"] == [{"name": text}]


@given(st.text(max_size=400), st.text(max_size=12))
def test_a_snippet_is_part_of_the_text_and_marks_only_what_was_asked(text: str, query: str) -> None:
    asked = parse_query(query)
    shown = str(snippet(text, asked))
    plain = html.unescape(re.sub("</?mark>", "", shown)).removeprefix("… ").removesuffix(" …")
    assert plain.removesuffix("…") in text or plain == "…"
    assert len(plain) <= LENGTH + 1
    assert shown.count("<mark>") == shown.count("</mark>")
    assert html.unescape(re.sub("</?mark>", "", str(highlighted(text, asked)))) == text


def test_a_snippet_shows_where_most_of_the_words_stand() -> None:
    text = "The ferry. " + "Nothing here. " * 60 + "The night ferry <sails> again. " + "No. " * 90
    shown = snippet(text, parse_query("night ferry"))
    assert "<mark>night</mark> <mark>ferry</mark> &lt;sails&gt;" in shown
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert "<mark>عبّارةٌ</mark>" in snippet("في عبّارةٌ ليلية", parse_query("العباره"))
    assert snippet("a b c", parse_query('"b c"')) == "a <mark>b c</mark>"


def test_a_teaser_does_not_repeat_a_title_that_was_made_from_it() -> None:
    body = "<p>Rain fell on Tuesday. It was wet.</p>"
    made = article_view(title="Rain fell on Tuesday", title_derived=True, body=body)
    assert made.teaser == "It was wet."
    cut = article_view(title="Rain fell…", title_derived=True, body=body)
    assert cut.teaser == "… on Tuesday. It was wet."
    given_one = article_view(title="Rain fell on Tuesday", body=body)
    assert given_one.teaser == given_one.summary


def test_a_picture_is_the_first_image_wherever_it_stands() -> None:
    body = '<p>x</p><img alt="" src="https://e.example/a.png?a&amp;b"><img src="b.png">'
    picture = article_view(body=body).picture
    assert picture is not None
    assert picture.url == "https://e.example/a.png?a&b"
    media = [{"url": "https://e.example/t.mp3", "type": "audio/mpeg"},
             {"url": "https://e.example/c.png", "type": "image/png"}]  # fmt: skip
    picture = article_view(body=body, media=media).picture
    assert picture is not None
    assert picture.url == "https://e.example/c.png"
    assert article_view().picture is None


def test_a_site_may_lie_below_the_root_of_its_host() -> None:
    assert origin_and_root(Site(url="https://example.org/news")) == ("https://example.org", "/news")
    assert origin_and_root(Site(url="https://example.org")) == ("https://example.org", "")
