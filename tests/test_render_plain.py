"""HTML becomes text that reads well in a mail program without HTML."""

from __future__ import annotations

from time import perf_counter

import pytest

from publisher.render.plain import as_lines, columns, excerpt, wrap


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One.</p><p>Two.</p>", "One.\n\nTwo."),
        ("<p>One<br>line\nmore</p>", "One\nline more"),
        ("<h2>When</h2>At nine.", "When\n\nAt nine."),
        ("<ul><li>Bread</li><li>Salt</li></ul>", "- Bread\n- Salt"),
        ("<ul><li><p>Bread</p><p>Brown.</p></li></ul>", "- Bread\n\n  Brown."),
        ("<ol><li>Bread</li><li><p>Salt</p></li></ol>", "1. Bread\n2. Salt"),
        ("<ul><li>Bread<ol><li>Rye</li></ol></li></ul>", "- Bread\n  1. Rye"),
        ("<ul><li></li></ul><p>After.</p>", "After."),
        ("<blockquote><p>Said.</p></blockquote><p>So.</p>", "> Said.\n\nSo."),
        ("<pre>a\n  b</pre>", "    a\n      b"),
        ('<p><a href="https://a.example/">Here</a>.</p>', "Here <https://a.example/>."),
        ('<p><a href="https://a.example/">https://a.example/</a></p>', "https://a.example/"),
        ('<p><a href="mailto:a@b.example">a@b.example</a></p>', "a@b.example"),
        ('<p><img src="x" alt="A boat"><img src="y"></p>', "[A boat]"),
        ("<p>Salt &amp; bread</p><script>x()</script>", "Salt & bread"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("</li></a></ul></pre>a<li>b", "a\n\n- b"),
        ("", ""),
    ],
)
def test_each_kind_of_markup_has_its_form_as_text(html: str, text: str) -> None:
    assert as_lines(html) == text


@pytest.mark.parametrize(
    "text",
    [
        "The council met on Monday and spoke about the roof of the library. " * 4,
        "اجتمع المجلس يوم الاثنين وناقش سقف المكتبة القديمة قرب الميناء. " * 4,
        "市議会は月曜日に開かれ、「図書館の屋根」について話し合った。" * 4,
    ],
)
def test_lines_fit_in_every_script_and_lose_nothing(text: str) -> None:
    lines = wrap(text, 40).split("\n")
    assert all(columns(line) <= 42 for line in lines)  # a closing mark may hang over
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert not any(line[0] in "、。」" for line in lines)


def test_a_long_link_stays_whole() -> None:
    link = "https://news.example/" + "a" * 90
    assert wrap(f"See {link} now", 40) == f"See\n{link}\nnow"


def test_an_excerpt_is_cut_between_words_and_leaves_headings_out() -> None:
    html = "<h2>Head</h2><p>" + "word &amp; " * 100 + "</p>"
    assert excerpt(html, 20) == "word & word & word…"
    assert excerpt("<h2>Only a head</h2>") == "Only a head"


@pytest.mark.parametrize(
    "html",
    [
        "<p>" + "<a href='https://a.example/'>y</a> " * 20_000,
        "<a href='https://a.example/'>y" * 10_000,
        "<blockquote>" * 5_000 + "x",
        "<ul><li>" * 5_000 + "x",
        "<p>" + "字" * 50_000,
    ],
)
def test_hostile_markup_takes_no_longer_than_its_size_asks(html: str) -> None:
    begin = perf_counter()
    as_lines(html)
    assert perf_counter() - begin < 5
