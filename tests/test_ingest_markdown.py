"""Markdown with front matter: keys, dates, shortcodes, and errors at the right line."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import RejectedError
from publisher.ingest.markdown import Skipped, read
from publisher.ingest.raw import RawArticle
from publisher.ingest.shortcodes import expand
from publisher.model import Medium, Source


def article(text: str, origin: str = "2024-05-02-fish-market.md") -> RawArticle:
    (found,) = read(text, origin, "key")
    assert isinstance(found, RawArticle), found
    return found


def reject(text: str) -> RejectedError:
    (found,) = read(text, "a.md", "key")
    assert isinstance(found, RejectedError), found
    return found


YAML = """\
---
title: "Fish: a market"
date: 2024-05-02 8:00:03 -0400
expirydate: 2030-01-01
summary: It&#8217;s open
authors: [ada-lind, jonas-reed]
topics:
  - fish
  - markets
category: Town › Harbour
source: Harbour Office
source_url: https://coast.example/story
image: {url: /media/fish.png, alt: Fish, width: 12}
aliases: [/old/fish/]
lang: en
correction: It was Tuesday.
---
Fresh **fish**.
"""


def test_yaml_front_matter_fills_every_field() -> None:
    one = article(YAML)
    assert one.title == "Fish: a market"
    assert one.published == datetime(2024, 5, 2, 8, 0, 3, tzinfo=timezone(timedelta(hours=-4)))
    assert one.expires == date(2030, 1, 1)
    assert one.authors == ("ada-lind", "jonas-reed")
    assert one.tags == ("fish", "markets")
    assert one.category == ("Town", "Harbour")
    assert one.sources == (Source("Harbour Office", "https://coast.example/story"),)
    assert one.url == "https://coast.example/story"
    assert one.media == (Medium("/media/fish.png", alt="Fish", width=12),)
    assert one.aliases == ("/old/fish/",)
    assert (one.language, one.correction) == ("en", "It was Tuesday.")
    assert one.slug == "fish-market"
    assert one.external_id == "key"
    assert one.body == "<p>Fresh <strong>fish</strong>.</p>\n"


def test_toml_front_matter_works_too() -> None:
    one = article('+++\ntitle = "T"\ndate = 2024-05-02T08:00:00Z\nid = "x-1"\n+++\nText\n')
    assert (one.title, one.external_id) == ("T", "x-1")
    assert isinstance(one.published, datetime)


@pytest.mark.parametrize("before", ["\ufeff", "\n\n", "\r\n"])
def test_byte_order_marks_blank_lines_and_crlf_do_no_harm(before: str) -> None:
    one = article(before + "---\r\ntitle: T\r\ndate: 2024-05-02\r\n---\r\nText\r\n")
    assert (one.title, one.published) == ("T", date(2024, 5, 2))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("---\ntitle: T\ndate: yesterday\n---\n", 3, "'yesterday' is no date"),
        ("---\ntitle: T\ndate: 2024-13-45\n---\n", 3, "month must be in 1..12"),
        ("---\ntitle: T\nbad: [1, 2\n---\n", 4, "not YAML"),
        ("\n\n---\ntitle: T\n  bad: : x\n---\n", 5, "not YAML"),
        ('+++\ntitle = "T"\nbad =\n+++\n', 3, "not TOML"),
        ("---\ntitle: T\n", 1, "does not end"),
        ("---\n- a\n- b\n---\n", 2, "must be lines"),
        ("---\ntitle: {a: 1}\n---\n", 2, "title must be a text"),
        ("---\ndate: 2024-01-01\ntags: [[1]]\n---\n", 3, "list of texts"),
        ("---\ndate: 2024-01-01\nimage: [{alt: x}]\n---\n", 3, "needs a url"),
        ("---\ndate: 2024-01-01\nsources: [7]\n---\n", 3, "a source is a name"),
    ],
)
def test_wrong_front_matter_is_a_reject_at_its_line(text: str, line: int, said: str) -> None:
    one = reject(text)
    assert said in one.reason
    assert one.line == line


def test_a_yaml_bomb_does_not_explode() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
    one = reject(f"---\ndate: 2024-01-01\nl0: &l0 x\n{levels}\ntags: *l11\n---\n")
    assert "list of texts" in one.reason


def test_a_draft_and_a_file_without_front_matter_are_left_out_by_name() -> None:
    for text in ("---\ntitle: T\ndraft: true\n---\n", "# A licence\n"):
        (one,) = read(text, "a.md", "key")
        assert isinstance(one, Skipped)
        assert one.reason


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ('[x]({{< ref "2014-08-22-fish-soup.md" >}})', "[x](/articles/fish-soup)"),
        ('{{< img src="a" alt="A &quot; b" >}}', '<img src="a" alt="A &amp;quot; b">'),
        ("{{< legacy-img src=\"2015/a.jpg\" alt='x' >}}", '<img src="2015/a.jpg" alt="x">'),
        ("a {{< unknown x >}} b", "a  b"),
        ("{{< unknown >}}inside{{< /unknown >}}", "inside"),
        ("{{</* ref x */>}}", "&#123;&#123;&lt; ref x &gt;&#125;&#125;"),
        (
            '{{< tweet user="Ada" id="12" >}}',
            '<a href="https://twitter.com/Ada/status/12">@Ada</a>',
        ),
        (
            '{{< youtube id="uw" title="Talk" >}}',
            '<a href="https://www.youtube.com/watch?v=uw">Talk</a>',
        ),
        ("{{% note %}}x{{% /note %}}", "\n\n<blockquote>\n\nx\n\n</blockquote>\n\n"),
    ],
)
def test_a_shortcode_becomes_its_content_or_nothing(markdown: str, html: str) -> None:
    assert expand(markdown) == html


def test_a_quotation_names_who_said_it() -> None:
    html = article(
        '---\ndate: 2024-01-01\n---\n{{< quote-block text="So \\[it] is" cite="A woman" >}}\n'
    ).body
    assert "<blockquote><p>So [it] is</p><p>— <cite>A woman</cite></p></blockquote>" in html


@given(st.text(alphabet=st.sampled_from("-+:\n {}[]&*!%<>\"'abc01#|@`,?"), max_size=120))
def test_any_text_gives_an_article_a_reject_or_is_left_out(text: str) -> None:
    for fence in ("---", "+++"):
        (one,) = read(f"{fence}\n{text}\n{fence}\n{text}", "a.md", "key")
        assert isinstance(one, RawArticle | RejectedError | Skipped)


CORPUS = Path(__file__).parents[2] / "shared" / "corpora" / "digitalgov"


def test_no_shortcode_is_left_in_552_real_articles() -> None:
    files = sorted(CORPUS.glob("20*/**/*.md"))
    if not files:
        pytest.skip("../shared/corpora is not there")
    found = [article(file.read_text(encoding="utf-8"), str(file)) for file in files]
    assert len(found) == 552
    assert [one.origin for one in found if "{{" in one.body] == []
