"""Lists of people come in from any spreadsheet; what cannot be used is named by its line."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import StringIO

import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import RejectedError
from publisher.newsletter.addresses import normalised
from publisher.newsletter.encodings import UnclearEncodingError, encoding_of
from publisher.newsletter.subscriptions import Header, Row, read_csv, safe_cell
from publisher.store.subscribers import Wish

KNOWN = frozenset({"town", "town/harbour", "sport"})


def read(text: str) -> list[Row | RejectedError]:
    return list(read_csv(StringIO(text, newline=""), "x.csv", KNOWN))


def wishes(text: str) -> list[Wish]:
    rows = read(text)
    assert not [row for row in rows if isinstance(row, RejectedError)]
    return [row.wish for row in rows if isinstance(row, Row)]


@pytest.mark.parametrize("mark", ["", "\ufeff", "sep=;\r\n"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_come_in_any_order_under_any_separator(mark: str, separator: str) -> None:
    if mark.startswith("sep="):
        separator = ";"
    header = separator.join(["Name", " E-MAIL ", "categories", "Time_Zone", "Language", "Since"])
    cells = ["Ada", "Ada@Example.ORG", "town|Sport/", "Asia/Amman", "ar", "x"]
    (one,) = wishes(f"{mark}{header}\r\n{separator.join(cells)}\r\n")
    assert one == Wish("ada@example.org", "Ada", "ar", "Asia/Amman", ("town", "sport"))


def test_a_header_says_what_it_does_not_use() -> None:
    heard: list[Header] = []
    list(read_csv(["email;Shoe size\n"], "x.csv", KNOWN, heard.append))
    assert heard == [Header(";", ("email", "shoe size"), ("Shoe size",))]


def test_quoted_cells_hold_what_they_like() -> None:
    (one,) = wishes('"email","name"\n"ada@example.org","Lind, ""Ada""\nof Saltmere"\n')
    assert one.name == 'Lind, "Ada" of Saltmere'


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("nobody", "is no address"),
        ("a@b@c.example", "is no address"),
        (",Ada", "is no address"),
        ("a@example.org,x,ar,Mars/A", "is no time zone"),
        ("a@example.org,x,not a tag", "is no language tag"),
        ("a@example.org,x,,,culture", "no category 'culture'; it has: sport, town, town/harbour"),
        ("a@example.org,x,,,,pdf", "is no format: html or text"),
        ("a@example.org,x,,,,,gone", "is no state"),
        ("a@example.org,Falk, Benno,en,,,html,active", "8 cells, where the header has 7"),
        (f"a@example.org,{'x' * 201}", "a name of 201 characters; 200 are allowed"),
        ("a@example.org,In\ufffds", "name its encoding: --encoding"),
        ('"a@example.org\nBcc: b@example.org"', "line break"),
        ("a@example.org\x00", "control character"),
        ('a@example.org,"Ada\nb@example.org,Bo\nc@example.org,Cy"', "not closed"),
    ],
)
def test_a_wrong_row_is_a_reject_with_its_line_and_the_rest_goes_on(row: str, said: str) -> None:
    text = (
        "email,name,language,timezone,categories,format,state\n"
        f"first@example.org\n{row}\nlast@example.org\n"
    )
    if row == ",Ada":  # a missing address
        text = text.replace("\n,Ada", '\n"",Ada')
    first, bad, last = read(text)
    assert isinstance(first, Row)
    assert isinstance(bad, RejectedError)
    assert said in bad.reason
    assert bad.line == 3
    assert isinstance(last, Row)


def test_a_cell_too_large_to_be_one_does_not_end_the_file() -> None:
    rows = read(f"email,name\na@example.org,{'x' * 200_000}\nb@example.org,Bo\n")
    assert isinstance(rows[0], RejectedError)
    assert isinstance(rows[-1], Row)
    assert rows[-1].line == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\nAda\n", "x.csv:1: the first line must name the columns"),
        ("ada@example.org\n", "must name the columns"),
        ("", "must name the columns"),
        ("sep=;\nname\n", "x.csv:2: "),
        ("email,mail\na@example.org,b@example.org\n", "the column email stands twice"),
    ],
)
def test_a_file_without_a_usable_header_says_what_is_missing(text: str, said: str) -> None:
    with pytest.raises(RejectedError, match=said):
        read(text)


def test_only_a_line_break_ends_a_row() -> None:
    (one,) = wishes("email,name\r\nada@example.org,Ada\u2028Lind\r\n")
    assert one.name == "Ada Lind"


def test_no_categories_yet_is_said_as_that() -> None:
    (bad,) = read_csv(["email,categories\n", "a@example.org,town\n"], "x.csv", frozenset())
    assert "none yet; import articles first" in str(bad)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=5))
def test_a_cell_made_safe_for_spreadsheets_is_no_formula_and_is_read_as_it_was(
    texts: list[str],
) -> None:
    for text in [*texts, "=1+1", "+49", "-", "@x", "'=x", "''@x", "'x", "＝1"]:
        safe = safe_cell(text)
        assert not safe.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
        file = StringIO(newline="")
        csv.writer(file).writerows([("email", "name"), ("a@example.org", safe)])
        row = next(read_csv(StringIO(file.getvalue(), newline=""), "x.csv"))
        if isinstance(row, Row):
            kept = " ".join(c if c.isprintable() else " " for c in text)
            found = " ".join(c if c.isprintable() else " " for c in row.wish.name)
            assert found.split() == kept.split()
        else:  # a broken text must not come in silently
            assert "\ufffd" in text or "@" in text


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("juri@bücher.example", "juri@xn--bcher-kva.example"),
        ("Ada@Example.ORG", "ada@example.org"),
        ("jose\u0301@example.org", "JOS\u00c9@example.org"),
        ("\u00a0ada@example.org\u200b\ufeff", "ada@example.org"),
        ("квіточка@пошта.укр", "КВІТОЧКА@ПОШТА.УКР"),
    ],
)
def test_one_mailbox_has_one_spelling(one: str, two: str) -> None:
    assert normalised(one) == normalised(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("ada@straße.example", "ada@strasse.example"),
        ("a.da@example.org", "ada@example.org"),
        ("ada+news@example.org", "ada@example.org"),
    ],
)
def test_addresses_that_only_look_alike_stay_two(one: str, two: str) -> None:
    assert normalised(one) != normalised(two)


letters = st.characters(categories=["Lu", "Ll", "Lo", "Mn", "Nd"])
parts = st.text(letters, min_size=1, max_size=10)


@given(st.emails() | st.builds("{}@{}.example".format, parts, parts))
def test_the_one_spelling_is_final(email: str) -> None:
    try:
        found = normalised(email)
    except ValueError:
        return
    assert normalised(found) == found
    assert found == found.strip()
    assert not set(found) & set(" \r\n\t\x00")


@given(
    st.text("aZ0.+_-'é", min_size=1, max_size=80),
    st.text("aZ0.-", min_size=1, max_size=200) | st.sampled_from(["example.org", "b.test", "x"]),
)
def test_a_plain_address_is_checked_as_every_other(local: str, domain: str) -> None:
    def spelling(check: Callable[[str], str]) -> str:
        try:
            return check(f"{local}@{domain}").lower()
        except ValueError:
            return "none"

    def by_the_library(email: str) -> str:
        return validate_email(email, check_deliverability=False, test_environment=True).normalized

    assert spelling(normalised) == spelling(by_the_library)


NAMES = {
    "cp1250": ("pl", ["Łukasz Żółw", "Małgorzata"]),
    "cp1251": ("en", ["Иван Петров", "Мария"]),
    "cp1252": ("en", ["Inês Prado", "Jürgen Müller"]),
    "cp1253": ("el", ["Γιώργος"]),
    "cp1254": ("tr", ["Elif Aydın", "Gökçe Şahin"]),
    "cp1255": ("he", ["דוד כהן"]),
    "cp1256": ("en", ["دينا منصور", "فريد حداد"]),
    "cp1257": ("lv", ["Žanis Bērziņš"]),
    "cp932": ("ja", ["田中太郎", "すずき"]),
    "gb18030": ("zh", ["张伟", "李娜"]),
}


def lines(names: list[str], encoding: str) -> list[bytes]:
    people = [f"reader{n}@example.org,{name}\n" for n, name in enumerate(names)]
    return "".join(["email,name\n", *people]).encode(encoding).splitlines(keepends=True)


@pytest.mark.parametrize("page", NAMES)
def test_a_code_page_is_told_by_its_names_and_the_language_of_the_list(page: str) -> None:
    language, names = NAMES[page]
    found = encoding_of(lines(names, page), language)
    assert (found.name, found.example) == (page, names[0])


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
    ],
)
def test_unicode_is_known_for_sure(encoding: str, name: str) -> None:
    found = encoding_of(lines(["Zoë", "دينا"], encoding), "en")
    assert (found.name, found.example, found.others) == (name, "", ())


def test_a_guess_names_what_else_it_could_be() -> None:
    found = encoding_of(lines(["Jiří Dvořák", "Tomáš Černý"], "cp1250"), "en")
    assert str(found) == "windows-1252 (“Jiøí Dvoøák”)"
    assert "windows-1250 (“Jiří Dvořák”)" in map(str, found.others)
    assert encoding_of(lines(["Jiří Dvořák"], "cp1250"), "cs").name == "cp1250"


def test_what_could_be_several_is_not_guessed() -> None:
    with pytest.raises(UnclearEncodingError, match=r"windows-1253 \(“Γιώργος”\)") as caught:
        encoding_of(lines(["Γιώργος"], "cp1253"), "en")
    assert len(caught.value.readings) > 1
    with pytest.raises(UnclearEncodingError, match="not known"):
        encoding_of(lines(["田中太郎"], "cp932"), "en")


def test_a_few_odd_cells_do_not_hide_a_code_page() -> None:
    names = [*["Inês Prado", "Mª José Núñez", "Jürgen Müller", "Zoë", "François"] * 8, "n° 5 ©"]
    assert encoding_of(lines(names, "cp1252"), "en").name == "cp1252"


def test_one_broken_line_does_not_change_the_encoding_of_all() -> None:
    good = lines(["Zoë", "Inês"], "utf-8")
    assert encoding_of([*good, b"x@example.org,In\xeas\n"], "en").name == "utf-8"
