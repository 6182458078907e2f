"""Confirm, welcome, goodbye and correction read well in any language, whatever the list."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from publisher.config import Config, MailingList
from publisher.model import NoticeKind
from publisher.newsletter.notices import CorrectedArticle, NoticeMail, compose_notice
from publisher.render.environment import Templates
from tests.factories import SITE, article_view

GOLDEN = Path(__file__).parent / "golden" / "notices"


def composed(kind: NoticeKind, language: str) -> NoticeMail:
    one = MailingList(name="daily", title="Harbour news", description="All that floats")
    corrected = CorrectedArticle(
        article_view(title="Ferry: <it> sails"), "It sails at nine.", False
    )
    return compose_notice(
        kind,
        one,
        language,
        Templates(None),
        Config(site=SITE),
        latest=date(2018, 2, 15),
        corrected=corrected if kind is NoticeKind.CORRECTION else None,
    )


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("part", ["html", "text"])
def test_the_mail_is_the_golden_one(kind: NoticeKind, language: str, part: str) -> None:
    made = composed(kind, language)
    found = f"{made.subject}\n\n{getattr(made, part)}"
    golden = GOLDEN / f"{kind}-{language}.{'html' if part == 'html' else 'txt'}"
    if os.environ.get("REFRESH_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_mail_in_arabic_is_arabic_throughout_and_runs_from_right_to_left(
    kind: NoticeKind,
) -> None:
    made = composed(kind, "ar")
    assert '<html lang="ar" dir="rtl">' in made.html
    english = composed(kind, "en").text
    same = set(made.text.splitlines()) & set(english.splitlines())
    ours = {line for line in same if line and not line.startswith(("@@", "http", "---", "==="))}
    assert ours <= {
        "Harbour Post", "All that floats", "Harbour Post · Harbour news", "Ferry: <it> sails",
        "It sails at nine.", "Thursday, 15 February 2018",
    }  # fmt: skip


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_list_cannot_break_its_mails_with_its_name(kind: NoticeKind) -> None:
    one = MailingList(name="daily", title='100% <b>"News"</b> %(n)s', description="<i>x</i>")
    corrected = CorrectedArticle(article_view(title="A\r\nBcc: x@y.example"), "<b>", True)
    made = compose_notice(kind, one, "en", Templates(None), Config(site=SITE), corrected=corrected)
    assert "\n" not in made.subject
    assert "<b>" not in made.html
    assert "<i>" not in made.html
