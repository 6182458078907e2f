"""Cleaning: hostile HTML becomes safe, links absolute, dates aware, and nothing else is lost."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from publisher.errors import RejectedError
from publisher.ingest.changes import Change, decide
from publisher.ingest.clean import Rules, clean, reclean
from publisher.ingest.raw import RawArticle
from publisher.model import Content, Medium, Source
from tests.rich_articles import raw_articles

RULES = Rules(ZoneInfo("Asia/Damascus"), "en", ("News",), "https://news.example")
FORBIDDEN = re.compile(
    "script|onerror|onload|style=|data:|<!--|<(svg|style|iframe|form|input|object|embed|meta|base)",
    re.IGNORECASE,
)
ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def raw(**values: Any) -> RawArticle:
    defaults = {"origin": "a.md", "line": 3, "external_id": "a", "published": date(2024, 5, 2)}
    return RawArticle(**{**defaults, "body": "<p>Text.</p>", "title": "T", **values})


def cleaned(**values: Any) -> Content:
    return clean(raw(**values), RULES)


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
        '<a href="javascript:alert(1)">x</a>', '<a href="java\tscript:alert(1)">x</a>',
        '<a href=" &#106;avascript:alert(1)">x</a>', "<iframe src=//evil.example></iframe>",
        "<style>*{background:url(javascript:alert(1))}</style>", "<p style=position:fixed>x</p>",
        '<form action="/x"><input name="a"><button>go</button></form>',
        "<math><mtext></p><style><img src=x onerror=alert(1)></style></mtext></math>",
        '<img srcset="javascript:alert(1) 2x">', "<object data=x></object><embed src=x>",
        '<a href="data:text/html,<script>alert(1)</script>">x</a>', "<base href=//evil.example>",
        '<meta http-equiv="refresh" content="0;url=//evil.example">', "<!--[if IE]>x<![endif]-->",
        '<video poster="javascript:alert(1)"></video>', '<q cite="vbscript:x">q</q>',
    ],
)  # fmt: skip
def test_nothing_that_could_run_or_lead_astray_survives(html: str) -> None:
    body = cleaned(body=f"<p>Kept.</p>{html}").body
    assert "Kept." in body
    assert not FORBIDDEN.search(body)


def test_what_an_article_needs_survives() -> None:
    html = (
        '<h2>H</h2><p dir="rtl" lang="ar">نص</p><ul><li>a</li></ul>'
        '<table><tbody><tr><td colspan="2">1</td></tr></tbody></table>'
        '<figure><img src="https://e.example/a.png" alt="A" width="3"><figcaption>C</figcaption>'
        '</figure><blockquote cite="https://e.example/q">q</blockquote>'
    )
    assert cleaned(body=html).body == html


def test_every_address_becomes_absolute() -> None:
    html = (
        '<a href="/x">1</a><a href="y">2</a><a href="#z">3</a><img src="//cdn.example/a.png">'
        '<img srcset="a.png 1x, /b.png 2x"><video src="v.mp4" poster="/p.png"></video>'
        '<blockquote cite="c">q</blockquote><a href="mailto:a@b.example">m</a>'
    )
    body = cleaned(body=html, base_url="https://src.example/dir/page").body
    for address in (
        'href="https://src.example/x"', 'href="https://src.example/dir/y"',
        'href="https://src.example/dir/page#z"', 'src="https://cdn.example/a.png"',
        'srcset="https://src.example/dir/a.png 1x, https://src.example/b.png 2x"',
        'src="https://src.example/dir/v.mp4"', 'poster="https://src.example/p.png"',
        'cite="https://src.example/dir/c"', 'href="mailto:a@b.example"',
    ):  # fmt: skip
        assert address in body


def test_characters_that_xml_cannot_carry_are_dropped_everywhere() -> None:
    one = cleaned(
        title="A\x00B\x0b", body="<p>x\x08y\ud800z&#11;</p>", summary="\x1fs", tags=("\x02t",),
        sources=(Source("\x03n"),), media=(Medium("a.png", alt="\x04alt"),), correction="c\ufffe",
    )  # fmt: skip
    assert not ILLEGAL.search(repr(one).encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
    assert one.title == "AB"
    assert one.body == "<p>xyz</p>"


def test_characters_of_windows_are_what_they_were_meant_to_be() -> None:
    one = cleaned(title="It\x92s \x80 5\x85\x81", body="<p>\x93Yes\x94</p>")
    assert (one.title, one.body) == ("It’s € 5…", "<p>“Yes”</p>")


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("https://bücher.example:81/ä?ö=[ü]#a#b",
         "https://xn--bcher-kva.example:81/%C3%A4?%C3%B6=%5B%C3%BC%5D#a%23b"),
        ("/a b\n.png", "https://news.example/a%20b.png"),
        ("https://a.example/100%/%41%zz", "https://a.example/100%25/%41%25zz"),
        ("https://a.example/\"<x>\\", "https://a.example/%22%3Cx%3E%5C"),
        ("//cdn.example/x?a=1&b=2", "https://cdn.example/x?a=1&b=2"),
        ("HTTP://[::1]/x", "http://[::1]/x"),
        ("https://a\"b.example/", None),
        ("https://" + "é" * 70 + ".example/", None),
        ("https://[::1", None),
    ],
)  # fmt: skip
def test_an_address_has_the_characters_alone_that_an_address_may_have(
    address: str, wanted: str | None
) -> None:
    one = cleaned(url=address, media=(Medium(address, "image/png"),))
    assert one.url == wanted
    assert [medium.url for medium in one.media] == ([wanted] if wanted else [])


def test_a_day_is_midnight_and_a_naive_time_is_local_in_the_newsrooms_zone() -> None:
    assert cleaned(published=date(2018, 2, 15)).published == datetime(2018, 2, 14, 22, tzinfo=UTC)
    naive = datetime(2018, 2, 15, 9, 30)  # noqa: DTZ001 - that is the point
    assert cleaned(published=naive).published == datetime(2018, 2, 15, 7, 30, tzinfo=UTC)


def test_text_fields_are_one_plain_line() -> None:
    one = cleaned(title="<b>A</b> &amp;\n B", summary="It&#8217;s  <i>here</i>")
    assert (one.title, one.summary) == ("A & B", "It’s here")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"published": None}, "no date"),
        ({"title": None, "body": "<p> </p>"}, "neither a title nor a text"),
        ({"published": datetime(1, 1, 1, tzinfo=ZoneInfo("Asia/Damascus"))}, "out of range"),
        ({"published": datetime(1, 1, 1, tzinfo=UTC)}, "out of range"),
        ({"published": datetime(9999, 12, 31, tzinfo=UTC)}, "out of range"),
    ],
)
def test_what_cannot_be_mended_is_a_reject_with_its_line(values: Any, said: str) -> None:
    with pytest.raises(RejectedError, match=said) as caught:
        cleaned(**values)
    assert caught.value.where == "a.md:3"


@pytest.mark.parametrize("never", [date(1, 1, 1), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)])
def test_an_expiry_at_the_end_of_time_is_none(never: date) -> None:
    assert cleaned(expires=never).expires is None


def test_what_is_missing_is_filled_in() -> None:
    one = cleaned(title=None, language="not a tag!")
    assert (one.title, one.title_derived) == ("Text", True)
    assert (one.language, one.category, one.slug) == ("en", ("News",), "text")


def test_media_get_a_type_from_their_name() -> None:
    (one,) = cleaned(media=(Medium("/a/b.jpg?x=1"),)).media
    assert (one.url, one.type) == ("https://news.example/a/b.jpg?x=1", "image/jpeg")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("IMAGE/PNG", "image/png"), ("video/mp4; codecs=avc1", "video/mp4; codecs=avc1"),
        ("picture", "image/jpeg"), ("image/", "image/jpeg"), ("a b/c", "image/jpeg"),
    ],
)  # fmt: skip
def test_what_is_no_media_type_is_not_taken_for_one(said: str, kind: str) -> None:
    (one,) = cleaned(media=(Medium("/a/b.jpg", said),)).media
    assert one.type == kind


html_like = st.text(
    alphabet=st.sampled_from("<>/=\"' &;#xabipn\x00\x0b\ud800é\n"), max_size=80
) | st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<b", ">", "<!--", "-->", "<![CDATA[", "&#0;", "x", "<a href='"]
    )
).map("".join)


@given(html_like, html_like)
@example("", "<\x0bb>")
@example("", "&amp;lt;b&amp;gt;x")
def test_cleaning_what_is_clean_changes_nothing(body: str, title: str) -> None:
    try:
        one = cleaned(body=f"<p>k</p>{body}", title=title)
    except RejectedError:
        return
    assert not ILLEGAL.search(one.body + one.title)
    assert reclean(one, RULES) == one


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(raw_articles)
def test_cleaning_a_whole_article_again_changes_nothing(article: RawArticle) -> None:
    one = clean(article, RULES)
    assert reclean(one, RULES) == one


def test_only_a_new_correction_note_is_a_correction() -> None:
    old = cleaned()
    assert decide(None, old) is Change.NEW
    assert decide(old, cleaned(slug="other")) is Change.SAME
    assert decide(old, cleaned(category=("news",))) is Change.SAME
    assert decide(old, cleaned(body="<p>Text!</p>")) is Change.EDITED
    noted = cleaned(body="<p>Text!</p>", correction="It was !")
    assert decide(old, noted) is Change.CORRECTED
    assert decide(noted, old) is Change.EDITED
    assert decide(noted, cleaned(body="<p>x</p>", correction="It was !")) is Change.EDITED
