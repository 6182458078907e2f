"""Listing text, as a browser gives an archive page: every article comes out whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import RejectedError
from publisher.ingest.listing import read
from publisher.ingest.raw import RawArticle
from publisher.ingest.titles import derived_title, first_sentence
from publisher.model import Source

SEEDS = Path(__file__).parents[2] / "shared" / "seeds"
PAGE = """\
Harbour News
3 May 2019 In Harbour News

The ferry of Mr. Oakley sailed at 5 p.m. on Monday. It carried sheep.

Nobody was
surprised. (Source: Harbour Office + Coast Wire)

Thursday, 2 May 2019 In Harbour News

Rain. (Source: Weather Desk)

Home Media Center Harbour News Items filtered by date: Friday, 03 May 2019
"""


def articles(text: str) -> list[RawArticle]:
    found = list(read(text, "page.txt"))
    assert all(isinstance(one, RawArticle) for one in found), found
    return found  # type: ignore[return-value]


def test_a_listing_gives_each_article_with_date_category_paragraphs_and_sources() -> None:
    ferry, rain = articles(PAGE)
    assert ferry.published == date(2019, 5, 3)
    assert rain.published == date(2019, 5, 2)
    assert ferry.category == rain.category == ("Media Center", "Harbour News")
    assert ferry.body.count("<p>") == 2
    assert "Nobody was surprised." in ferry.body
    assert "Source" not in ferry.body
    assert ferry.sources == (Source("Harbour Office"), Source("Coast Wire"))
    assert (ferry.line, rain.line) == (2, 9)


def test_a_title_is_derived_from_the_first_sentence_and_marked() -> None:
    ferry, rain = articles(PAGE)
    assert ferry.title == "The ferry of Mr. Oakley sailed at 5 p.m. on Monday"
    assert rain.title == "Rain"
    assert ferry.title_derived


def test_the_real_page_gives_both_items(missing: Callable[[str], NoReturn]) -> None:
    pages = sorted(SEEDS.glob("*.txt"))
    if not pages:
        pytest.skip("../shared/seeds is not there")
    first, second = articles(pages[0].read_text(encoding="utf-8"))
    for one in (first, second):
        assert one.published == date(2018, 2, 15)
        assert one.category == ("Media Center", "Coalition News")
        assert one.title_derived
        assert one.title is not None
        assert len(one.title) <= 100
    assert (first.body.count("<p>"), second.body.count("<p>")) == (6, 9)
    assert len(first.sources) == 1
    assert [source.name for source in second.sources][1] == "Agencies"


@pytest.mark.parametrize("separator", [" › ", " > ", " / ", " » "])
def test_separators_in_the_trail_are_understood(separator: str) -> None:
    footer = separator.join(["Home", "A", "B C", "News", "Items filtered by date: x"])
    (one,) = articles(f"1 May 2019 In News\n\nText.\n\n{footer}\n")
    assert one.category == ("A", "B C", "News")


def test_the_same_article_has_the_same_id_wherever_it_stands() -> None:
    ids = {one.external_id for one in articles(PAGE)}
    again = {one.external_id for one in articles("New head\n\n" + PAGE)}
    assert ids == again
    assert len(ids) == 2


def test_a_date_that_does_not_exist_is_a_reject_with_its_line_and_the_rest_goes_on() -> None:
    bad, good = read("31 February 2019 In News\n\nA.\n\n1 March 2019 In News\n\nB.\n", "p.txt")
    assert isinstance(bad, RejectedError)
    assert bad.where == "p.txt:1"
    assert "31 February 2019 is no date" in bad.reason
    assert isinstance(good, RawArticle)


def test_a_text_that_is_no_listing_is_a_reject() -> None:
    (one,) = read("Just words.\n", "p.txt")
    assert isinstance(one, RejectedError)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("The U.S. envoy spoke. He left.", "The U.S. envoy spoke"),
        ("“Stop!” said Dr. No. Then he left.", "“Stop!” said Dr. No. Then he left"),
        ("It cost 3.50 euros. Cheap.", "It cost 3.50 euros"),
        ("هل وصل القارب؟ نعم.", "هل وصل القارب؟"),
        ("No stop", "No stop"),
    ],
)
def test_a_sentence_ends_where_a_reader_would_end_it(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


def test_a_long_sentence_is_cut_between_words() -> None:
    title = derived_title("<p>" + "word " * 60 + "</p>")
    assert len(title) <= 100
    assert title.endswith("word…")


@given(st.text(alphabet=st.sampled_from("1 May2019InNewsX()Source:+ \n<>&"), max_size=200))
def test_any_text_gives_articles_or_rejects(text: str) -> None:
    for one in read(text, "p.txt"):
        assert isinstance(one, RawArticle | RejectedError)
