"""One article looks the same wherever it is shown: feeds, mails, embeds and pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.config import Site
from publisher.errors import TemplateError
from publisher.render.article import as_html, as_text, without_pictures
from publisher.render.dates import direction, long_date
from publisher.render.environment import Templates
from publisher.render.mail import inline
from publisher.render.translations import words
from publisher.render.view import view
from tests.factories import WHEN, article, article_view

TEMPLATES = Templates(None)
TWO = [{"name": "Media Department"}, {"name": "Agencies", "url": "https://wire.example/"}]


def test_the_sources_are_printed_under_it_and_linked_where_they_can_be() -> None:
    seen = article_view(sources=TWO)
    linked = '(Source: Media Department + <a href="https://wire.example/">Agencies</a>)'
    assert linked in as_html(TEMPLATES, seen)
    assert "(Source: Media Department + Agencies)" in as_text(TEMPLATES, seen)


def test_an_article_speaks_its_own_language() -> None:
    html = as_html(TEMPLATES, article_view(language="ar", sources=TWO), heading=2)
    assert html.count('lang="ar" dir="rtl"') == 2
    assert "(المصدر: Media Department" in html


def test_a_feed_entry_has_no_title_and_a_mail_has_one_with_the_headings_below_it() -> None:
    seen = article_view(body="<h2>When</h2><h3>Where</h3>")
    assert "Council meets" not in as_html(TEMPLATES, seen)
    html = as_html(TEMPLATES, seen, heading=3)
    assert '<h3 class="title"' in html
    assert "<h4>When</h4><h5>Where</h5>" in html


@pytest.mark.parametrize(
    ("detail", "has", "has_not"),
    [
        ("full", ["<p>Long.</p>", "Correction", "Source"], ["Short."]),
        ("summary", ["Short.", "Read on", "Correction", "Source"], ["Long."]),
        ("headline", [], ["Long.", "Short.", "Source"]),
    ],
)
def test_each_detail_shows_what_it_says(detail: str, has: list[str], has_not: list[str]) -> None:
    seen = article_view(body="<p>Long.</p>", summary="Short.", correction="It was nine.")
    html = as_html(TEMPLATES, seen, detail)  # type: ignore[arg-type]
    assert all(text in html for text in has)
    assert not any(text in html for text in has_not)


def test_what_an_article_holds_is_escaped_outside_its_body() -> None:
    bad = '"><script>alert(1)</script>'
    seen = article_view(title=bad, slug="a", summary=bad, correction=bad, sources=[{"name": bad}])
    for detail in ("full", "summary", "headline"):
        assert "<script>" not in as_html(TEMPLATES, seen, detail, heading=2)


def test_its_day_is_the_newsrooms() -> None:
    site = Site(url="https://news.example", timezone="Pacific/Auckland")
    seen = view(article(published=WHEN.replace(hour=23)), site=site)
    assert seen.date_text == "Friday, 16 February 2018"
    assert seen.url == "https://news.example/articles/council-meets"


@pytest.mark.parametrize(
    ("language", "day", "way"),
    [
        ("en", "Thursday, 15 February 2018", "ltr"),
        ("en-GB", "Thursday, 15 February 2018", "ltr"),
        ("de", "Donnerstag, 15. Februar 2018", "ltr"),
        ("ar", "الخميس، 15 فبراير 2018", "rtl"),
        ("xx-unknown", "Thursday, 15 February 2018", "ltr"),
    ],
)
def test_dates_and_direction_follow_the_language(language: str, day: str, way: str) -> None:
    assert long_date(WHEN.date(), language) == day
    assert direction(language) == way


def test_words_fall_back_to_the_base_language_and_then_to_english() -> None:
    assert words("ar-JO").text("Source") == "المصدر"
    assert words("xx").text("Source") == "Source"
    assert words("../../etc").text("Source") == "Source"
    assert words("xx").number("%(n)s article", "%(n)s articles", 1) == "1 article"


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "مقالة واحدة"), (2, "مقالتان"), (3, "3 مقالات"), (11, "11 مقالة"), (100, "100 مقالة")],
)
def test_arabic_has_its_six_plurals(number: int, text: str) -> None:
    assert words("ar").number("%(n)s article", "%(n)s articles", number) == text


def test_a_template_that_is_changed_is_used_at_once(tmp_path: Path) -> None:
    place, templates = tmp_path / "article.txt", Templates(tmp_path)
    place.write_text("first")
    assert as_text(templates, article_view()) == "first"
    place.write_text("a second, longer one")
    assert as_text(templates, article_view()) == "a second, longer one"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{% include 'article.txt' %}", "includes itself"),
        (b"\n{{ article.nope }}", r"article\.txt:2: .*nope"),
        (b"\n{{ article.title() }}", r"article\.txt:2: "),
        (b"\xff", r"article\.txt: .*utf-8"),
    ],
)
def test_whatever_is_wrong_with_a_template_is_one_kind_of_error(
    tmp_path: Path, text: bytes, said: str
) -> None:
    (tmp_path / "article.txt").write_bytes(text)
    with pytest.raises(TemplateError, match=said):
        as_text(Templates(tmp_path), article_view())


def test_inlining_keeps_the_doctype_the_media_queries_and_the_markers() -> None:
    style = "p{color:red}@media (prefers-color-scheme: dark){p{color:blue !important}}"
    page = (
        f"<!DOCTYPE html><html><head><style>{style}</style></head><body><p>x</p>"
        '<a href="@@UNSUBSCRIBE@@">y</a></body></html>'
    )
    made = inline(page)
    assert made.startswith("<!DOCTYPE html>")
    assert '<p style="color:red">' in made
    assert "@media (prefers-color-scheme: dark)" in made
    assert "blue !important" in made
    assert 'href="@@UNSUBSCRIBE@@"' in made


def test_inlining_fetches_nothing() -> None:
    # The tests allow no address but this machine's: asking for either would fail.
    made = inline(
        '<html><head><link rel="stylesheet" href="https://style.example/a.css">'
        '<link rel="stylesheet" href="/etc/hostname"></head><body>x</body></html>'
    )
    assert "style.example" in made
    assert "<style" not in made


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ('<p>a <img src="x" alt="1 > 0"> b</p>', "<p>a  b</p>"),
        ('<p><a href="y"><img src="x"></a></p><p>b</p>', "<p>b</p>"),
        ('<figure><img src="x"><figcaption>of it</figcaption></figure><p>b</p>', "<p>b</p>"),
        ("<figure><table><tr><td>1</td></tr></table></figure>",) * 2,
        ('<picture><source srcset="x"><img src="y"></picture>b', "b"),
        ('<video src="x" controls="">old browser</video>b', "b"),
        ("<p>&lt;img src=x&gt; <imgs></imgs></p>",) * 2,
        ("<p></p>",) * 2,
    ],
)
def test_without_pictures_the_rest_of_a_text_stays(body: str, left: str) -> None:
    assert without_pictures(article_view(body=body)).body == left
