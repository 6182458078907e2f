"""A mail stays under the size that mail programs cut off, and the newest dates keep the most."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.config import Config, MailingList
from publisher.errors import TemplateError
from publisher.newsletter.budget import (
    BARE_DATES,
    DETAILS,
    HTML_BYTES,
    Section,
    folded,
    lowered,
    shortened,
)
from publisher.newsletter.compose import ComposedMail, Composer, _Mail
from publisher.newsletter.edition import Contents, Dates, by_date
from publisher.render.article import as_html
from publisher.render.environment import Templates
from publisher.render.mail import inline
from publisher.render.view import ArticleView
from tests.factories import SITE, WHEN, article_view
from tests.test_digest import CORRECTIONS, DAY, EDITION, composed

ONE_DAY = timedelta(days=1)


def views(days: int, each: int, words: int) -> list[ArticleView]:
    """Articles of that many dates, newest first."""
    body = "<p>" + "word " * words + "</p>"
    return [
        article_view(
            title=f"Story {day}-{number}",
            body=body,
            published=WHEN - day * ONE_DAY - timedelta(minutes=number),
        )
        for day in range(days)
        for number in range(each)
    ]


def check(made: ComposedMail, number: int) -> None:
    """What holds for every mail."""
    assert len(made.html.encode()) <= HTML_BYTES
    assert made.html.count("@@UNSUBSCRIBE@@") == made.text.count("@@UNSUBSCRIBE@@") == 1
    assert 'href="https://news.example/editions/daily/2018-02-15/"' in made.html
    assert made.html.rstrip().endswith("</html>")
    shown = made.html.count('<h3 class="title"')
    assert shown == len(made.shown) == number - made.left_out
    said = re.findall(r">(\d+|One) (?:more|older articles?) on the web<", made.html)
    assert sum(1 if one == "One" else int(one) for one in said) == made.left_out
    levels = [DETAILS.index(one.detail) for one in made.sections if one.articles]
    assert levels == sorted(levels), "a newer date never shows less than an older one"


@pytest.mark.parametrize(
    ("days", "each", "words", "levels"),
    [
        (1, 5, 200, "full"),
        (5, 4, 1200, "full summary"),
        (9, 9, 700, "summary headline"),
        (30, 9, 700, "headline"),
    ],
)
def test_the_oldest_dates_fall_first_and_each_by_one_step(
    days: int, each: int, words: int, levels: str
) -> None:
    made = composed(views(days, each, words))
    check(made, days * each)
    assert list(dict.fromkeys(one.detail for one in made.sections)) == levels.split()
    assert made.sections[0].detail == levels.split()[0]
    if made.left_out == 0:
        assert len(made.html.encode()) > HTML_BYTES * 0.4 or levels == "full", "no room is wasted"


def test_what_has_no_room_even_as_a_headline_is_counted_date_by_date() -> None:
    made = composed(views(20, 40, 50))
    check(made, 800)
    left = {one.day: one.left_out for one in made.sections}
    assert left[DAY] == 0
    border = next(one for one in made.sections if one.left_out)
    assert border.articles, "the date at the border keeps what fits"
    older = [one for one in made.sections if one.day < border.day]
    assert all(not one.articles for one in older)
    headings = re.findall(r"<h2[^>]*>[^<]+</h2>", made.html)
    assert len(headings) == 20 - len(older) + min(BARE_DATES, len(older))
    assert re.search(r"\d+ older articles on the web", made.html)


def test_an_edition_of_hundreds_of_dates_still_fits() -> None:
    made = composed(views(700, 1, 20))
    check(made, 700)
    assert len(made.shown) > 100


def test_an_article_of_five_megabytes_falls_to_its_summary_at_once() -> None:
    huge = article_view(title="Huge", slug="h", body="<p>" + "word " * 1_000_000 + "</p>")
    start = time.perf_counter()
    made = composed([huge, *EDITION])
    assert time.perf_counter() - start < 2
    check(made, 4)
    assert "Huge" in made.html
    assert len(made.text) < 20_000
    assert [one.detail for one in made.sections] == ["summary", "full"] or made.left_out == 0


def test_an_article_of_five_megabytes_can_be_all_there_is() -> None:
    huge = article_view(title="Huge", slug="h", body="<p>" + "word " * 1_000_000 + "</p>")
    made = composed([huge])
    check(made, 1)
    assert [one.detail for one in made.sections] == ["summary"]


def test_three_hundred_articles_in_a_day_are_all_there() -> None:
    made = composed(views(1, 300, 400))
    check(made, 300)
    assert len(made.shown) > 150


def test_a_title_that_is_too_long_for_any_mail_is_counted() -> None:
    made = composed([article_view(title="Long " * 40_000, slug="a")])
    check(made, 1)
    assert made.left_out == 1


def test_corrections_have_their_room_and_their_end() -> None:
    many = tuple(
        replace(CORRECTIONS[0], uid=f"u{n}", change=n, note="wrong " * 500, title="Title " * 50)
        for n in range(70)
    )
    made = composed(views(3, 10, 700), corrections=many)
    assert len(made.html.encode()) <= HTML_BYTES
    assert made.html.count('class="corrected"') == 50
    assert "20 more on the web" in made.html


def test_a_list_of_contents_stands_over_a_long_edition_and_only_there() -> None:
    for number, is_long in ((8, False), (9, True), (60, True), (61, False), (200, False)):
        made = composed(views(1, number, 5))
        assert ('class="contents"' in made.html) is is_long, number
        assert ("\n- Story 0-0\n" in made.text) is is_long


def test_a_mail_of_headlines_needs_no_list_of_contents() -> None:
    assert 'class="contents"' not in composed(views(1, 20, 5), content="headline").html


def test_inlining_in_pieces_gives_what_inlining_the_whole_would_give() -> None:
    templates = Templates(None)
    contents = Contents(tuple(EDITION), CORRECTIONS)
    composer = Composer(MailingList(), Dates(DAY, DAY), contents, templates, Config(site=SITE))
    mail = _Mail(composer, "en", by_date(composer.contents.articles), CORRECTIONS[::-1])
    made = composed(corrections=CORRECTIONS)
    whole = mail.page(
        mail.whole, made.subject, lambda one, detail: as_html(templates, one, detail, heading=3)
    )
    assert made.html.split() == inline(whole).split()


def test_a_frame_that_is_too_large_by_itself_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "digest"
    folder.mkdir()
    (folder / "body.html").write_text("x" * 100_001)
    with pytest.raises(TemplateError, match=r"digest/body.html: 100,\d+ bytes without any article"):
        composed(templates=Templates(tmp_path))


def test_a_site_may_show_articles_in_its_own_way(tmp_path: Path) -> None:
    folder = tmp_path / "digest"
    folder.mkdir()
    (folder / "body.html").write_text(
        "{% for group in groups %}{% for one in group.articles %}<b>{{ one.title }}</b>"
        "{% endfor %}{% endfor %}"
    )
    made = composed(views(1, 12, 5000), templates=Templates(tmp_path))
    assert made.html.count("<b>Story") == 12


sizes = st.lists(st.lists(st.integers(100, 9000), min_size=1, max_size=4), min_size=1, max_size=6)


@given(sizes, st.integers(0, 60_000))
def test_falling_keeps_to_the_room_and_to_the_order_of_dates(
    groups: list[list[int]], room: int
) -> None:
    share = {"full": 1.0, "summary": 0.3, "headline": 0.1}
    known = {day: sum(group) for day, group in enumerate(groups)}

    def size(section: Section) -> int:
        number = (date(2024, 1, 31) - section.day).days
        return int(known[number] * share[section.detail])

    sections = [
        Section(date(2024, 1, 31) - day * ONE_DAY, (article_view(),) * len(group), "full")
        for day, group in enumerate(groups)
    ]
    fallen = lowered(sections, room, size)
    levels = [DETAILS.index(one.detail) for one in fallen]
    assert levels == sorted(levels)
    assert max(levels) - min(levels) <= 1
    total = sum(map(size, fallen))
    assert total <= room or set(levels) == {2}
    if levels != [0] * len(levels):  # nothing fell that had room
        number = next(n for n, level in enumerate(levels) if level == max(levels))
        raised = [*fallen]
        raised[number] = Section(
            fallen[number].day, fallen[number].articles, DETAILS[levels[number] - 1]
        )
        assert sum(map(size, raised)) > room


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.integers(0, 60))
def test_leaving_out_counts_every_article(numbers: list[int], hidden: int) -> None:
    one = article_view()
    sections = [
        Section(date(2024, 1, 31) - day * ONE_DAY, (one,) * number, "headline")
        for day, number in enumerate(numbers)
    ]
    short = shortened(sections, hidden)
    shown, rest = folded(short)
    total = sum(len(one.articles) + one.left_out for one in shown) + rest
    assert total == sum(numbers)
    assert sum(len(one.articles) for one in shown) == max(0, sum(numbers) - hidden)
