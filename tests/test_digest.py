"""The digest as a mail: grouped by date, in the reader's language, never too large."""

from __future__ import annotations

import os
import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from publisher.config import Config, MailingList
from publisher.errors import TemplateError
from publisher.newsletter.compose import ComposedMail, Composer
from publisher.newsletter.corrections import Correction
from publisher.newsletter.edition import Contents, Dates, by_date
from publisher.newsletter.variants import Variant
from publisher.render.environment import Templates
from publisher.render.view import ArticleView
from tests.factories import SITE, WHEN, article_view

GOLDEN = Path(__file__).parent / "golden" / "digest"
DAY = date(2018, 2, 15)
TEMPLATES = Templates(None)
EDITION = [
    article_view(title="Council & library: a <roof>", sources=[{"name": "Town Hall"}]),
    article_view(
        title="Ferry sails at night",
        category=("Town", "Harbour"),
        sources=[{"name": "Harbour Office"}, {"name": "Wire", "url": "https://wire.example/"}],
        media=[{"url": "https://news.example/media/f.png", "type": "image/png", "alt": "A ferry"}],
        correction="The ferry sails at nine.",
        body="<h2>When</h2><p>At <em>nine</em>.</p><ul><li>Daily</li></ul>",
    ),
    article_view(
        title="أربعون قارباً في السباق",
        language="ar",
        category=("Sport",),
        body="<p>ينطلق السباق صباح الأحد.</p>",
        sources=[{"name": "نادي الإبحار"}],
        published=WHEN - timedelta(days=1),
    ),
]

CORRECTIONS = (
    Correction(
        4, "u4", "Fog & ferries", "https://news.example/articles/fog", "town", "en", "correction",
        "The fog lifted at <seven>.", 12, WHEN,
    ),
    Correction(
        5, "u5", "سوق السبت", "https://news.example/articles/market", "town", "ar", "retraction",
        "لا يقام السوق هذا الأسبوع.", 13, WHEN,
    ),
)  # fmt: skip


def mail(
    views: list[ArticleView] | None = None,
    *,
    language: str = "en",
    categories: tuple[str, ...] = (),
    templates: Templates = TEMPLATES,
    first: date | None = None,
    corrections: tuple[Correction, ...] = (),
    **values: Any,
) -> ComposedMail | None:
    one = MailingList(**values)
    contents = Contents(tuple(EDITION if views is None else views), corrections, one.content)
    composer = Composer(one, Dates(first or DAY, DAY), contents, templates, Config(site=SITE))
    return composer.mail(Variant(categories, language, "html"))


def composed(*arguments: Any, **values: Any) -> ComposedMail:
    made = mail(*arguments, **values)
    assert made is not None
    return made


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("part", ["html", "text"])
def test_the_digest_is_the_golden_one(language: str, part: str) -> None:
    made = composed(language=language, first=DAY - timedelta(days=2), corrections=CORRECTIONS)
    found = f"{made.subject}\n\n{getattr(made, part)}"
    golden = GOLDEN / f"{language}.{'html' if part == 'html' else 'txt'}"
    if os.environ.get("REFRESH_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


def test_articles_are_grouped_by_local_date_newest_first_and_by_category() -> None:
    groups = by_date(reversed(EDITION))
    assert [group.day for group in groups] == [DAY, DAY - timedelta(days=1)]
    assert [one.category.path for one in groups[0].articles] == ["town/council", "town/harbour"]


def test_a_date_heading_reads_as_in_the_newsrooms_archive() -> None:
    made = composed()
    assert re.search(r"<h2[^>]*>Thursday, 15 February 2018</h2>", made.html)
    assert "Thursday, 15 February 2018\n==========================" in made.text


def test_headings_go_down_by_one_step() -> None:
    levels = [int(level) for level in re.findall(r"<h(\d)", composed().html)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_page_says_its_language_and_direction() -> None:
    arabic = composed(language="ar").html
    assert '<html lang="ar" dir="rtl">' in arabic
    assert re.search(r'<h3 class="title" lang="en" dir="ltr"', arabic)
    assert "تصلك هذه الرسالة" in arabic
    assert arabic.startswith("<!DOCTYPE html>")


def test_what_readers_chose_is_all_they_get() -> None:
    assert "السباق" not in composed(categories=("town",)).html
    assert "Ferry" in composed(categories=("town",)).html
    assert "Ferry" not in composed(categories=("town/council",)).html
    assert mail(categories=("culture",)) is None
    assert mail([]) is None


def test_a_subject_is_one_line_whatever_a_title_holds() -> None:
    made = composed([article_view(title="A\r\nBcc: all@example.org\u2028x", slug="a")])
    assert made.subject == "Daily digest, Thursday, 15 February 2018: A Bcc: all@example.org x"


def test_a_hostile_title_is_shown_as_it_is_and_does_nothing() -> None:
    made = composed([article_view(title="<script>alert(1)</script>", slug="a")])
    assert "<script>" not in made.html
    assert "&lt;script&gt;" in made.html


def test_an_article_cannot_have_a_readers_own_links_filled_into_it() -> None:
    trap = "@@UNSUBSCRIBE@@ @@TO@@ @@MESSAGE-ID@@"
    link = "https://trap.example/?reader=@@UNSUBSCRIBE@@"
    views = [
        article_view(
            title=trap,
            slug="a",
            body=f'<p><a href="{link}">{trap}</a></p>',
            correction=trap,
            category=(trap,),
            sources=[{"name": trap, "url": link}],
        )
    ]
    made, clean = composed(views), composed(EDITION[:1])
    for part in ("subject", "html", "text"):
        markers = re.findall("@@[A-Z_-]+@@", getattr(made, part))
        assert markers == re.findall("@@[A-Z_-]+@@", getattr(clean, part))


def test_a_subject_names_an_article_even_if_none_fits_into_the_mail() -> None:
    made = composed([article_view(title="Long " * 40_000, slug="a")])
    assert made.left_out == 1
    assert made.subject.endswith("Long…")
    assert "One more on the web" in made.html


def test_a_span_of_days_is_said_in_the_readers_language() -> None:
    first = DAY - timedelta(days=2)
    assert "13–15 February 2018" in composed(first=first).subject
    assert "13–15 فبراير 2018" in composed(first=first, language="ar").text
    assert "30 January – 15 February 2018" in composed(first=date(2018, 1, 30)).html
    assert "30 December 2017 – 15 February 2018" in composed(first=date(2017, 12, 30)).html


def test_an_inbox_shows_more_than_the_subject() -> None:
    def preheader(views: list[ArticleView]) -> str:
        found = re.search(r'<div class="preheader"[^>]*>(.*?)</div>', composed(views).html)
        assert found is not None
        return found[1]

    assert preheader(EDITION) == "Ferry sails at night · أربعون قارباً في السباق"
    assert preheader(EDITION[:1]) == "The council met on Monday."


def test_a_template_of_the_site_comes_before_the_packaged_one(tmp_path: Path) -> None:
    (tmp_path / "article.txt").write_text("OURS {{ article.title }}")
    assert "OURS Ferry" in composed(templates=Templates(tmp_path)).text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n{% if %}", r"article\.txt:2: "),
        ("a\nb\n{{ nonsense }}", r"article\.txt:3: 'nonsense' is undefined"),
        ("{% include 'none.txt' %}", r"none\.txt does not exist"),
        ("\n{{ 1 / 0 }}", r"article\.txt:2: division by zero"),
    ],
)
def test_a_broken_template_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "article.txt").write_text(text)
    with pytest.raises(TemplateError, match=said):
        composed(templates=Templates(tmp_path))
