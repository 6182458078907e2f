"""What people wish for of a list, checked; and lists of people as CSV. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from publisher.errors import RejectedError
from publisher.model import SubscriberState, SubscriptionState
from publisher.newsletter.addresses import normalised
from publisher.store.subscribers import Wish

COLUMNS = ("email", "name", "language", "timezone", "categories", "format", "state")
# What other programs call them.
_SYNONYMS = {
    **dict.fromkeys(("e-mail", "email address", "e-mail address", "mail"), "email"),
    **dict.fromkeys(("full name",), "name"),
    **dict.fromkeys(("time zone", "tz"), "timezone"),
    **dict.fromkeys(("category",), "categories"),
}
FORMATS = ("html", "text")
STATES = tuple(map(str, (*SubscriptionState, SubscriberState.BOUNCED, SubscriberState.COMPLAINED)))
LONGEST_NAME = 200

_language = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_swallowed = re.compile(r"[\r\n][^\r\n]*@")  # another person's line, inside a cell
_spaces = re.compile(r"[\s\x00-\x1f\x7f]+")
# A spreadsheet takes such a cell for a formula; an apostrophe in front makes it a text.
_formula = re.compile(r"'*[=+\-@\t\r＝＋－＠]")


@dataclass(frozen=True, slots=True)
class Row:
    """One good line of a list of people."""

    line: int
    wish: Wish


@dataclass(frozen=True, slots=True)
class Header:
    """How a CSV file is laid out: `unused` are the columns that nothing is taken from."""

    delimiter: str
    columns: tuple[str, ...]
    unused: tuple[str, ...]


def wish_of(cells: Mapping[str, str], categories: Collection[str] | None = None) -> Wish:
    """The wish that these texts say, by the names of COLUMNS; `categories` are those of the list,
    or None where any will do. Raises ValueError with the reason where one cannot be."""
    given = cells.get
    try:
        email = normalised(given("email", ""))
    except ValueError as error:
        raise ValueError(f"{given('email', '')!r} is no address: {error}") from None
    return Wish(
        email=email,
        name=_name(given("name", "")),
        language=_one_of(given("language", ""), _language.fullmatch, "language tag") or None,
        timezone=_one_of(given("timezone", ""), _zones().__contains__, "time zone") or None,
        categories=_categories(given("categories", ""), categories),
        format=_one_of(given("format", "").lower(), FORMATS.__contains__, "format: html or text"),
        state=_one_of(given("state", "").lower(), STATES.__contains__, "state of a subscriber"),
    )


def read_csv(
    lines: Iterable[str],
    origin: str,
    categories: Collection[str] | None = None,
    on_header: Callable[[Header], None] = lambda _header: None,
) -> Iterator[Row | RejectedError]:
    """Every row as a wish, or as a reject with its line; `lines` keep their ends.

    The header names the columns, in any order and case; only `email` must be there. Columns are
    separated by comma, semicolon or tab, and categories within theirs by | or ;. Raises
    RejectedError where the header cannot be used.
    """
    rest = iter(lines)
    header, skipped = _header(rest, origin)
    on_header(header)
    reader = csv.reader(rest, delimiter=header.delimiter)
    while True:
        line = skipped + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield RejectedError(origin, line, f"not CSV: {error}")
            continue
        if any(cell and not cell.isspace() for cell in cells):
            yield _row(cells, header, origin, line, categories)


def safe_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula; `read_csv` reads it back."""
    return f"'{text}" if _formula.match(text) else text


def _header(lines: Iterator[str], origin: str) -> tuple[Header, int]:
    """The header, and how many lines have been read for it."""
    first, number = next(lines, "").removeprefix("\ufeff"), 1
    if re.fullmatch(r"sep=.\s*", first):  # by which Excel tells itself the separator
        first, number = next(lines, ""), 2
    delimiter = max(",;\t", key=re.sub(r'"[^"]*"', "", first).count)
    titles = next(csv.reader([first], delimiter=delimiter), [])
    columns = tuple(_column(title) for title in titles)
    if "email" not in columns:
        expected = ",".join(COLUMNS[:5])
        reason = f"the first line must name the columns, email among them, such as {expected}"
        raise RejectedError(origin, number, reason)
    twice = sorted({one for one in columns if one in COLUMNS and columns.count(one) > 1})
    if twice:
        raise RejectedError(origin, number, f"the column {twice[0]} stands twice; leave one out")
    unused = tuple(t.strip() for t, one in zip(titles, columns, strict=True) if one not in COLUMNS)
    return Header(delimiter, columns, unused), number


def _column(title: str) -> str:
    name = " ".join(title.lower().replace("_", " ").split())
    return _SYNONYMS.get(name, name)


def _row(
    cells: list[str], header: Header, origin: str, line: int, categories: Collection[str] | None
) -> Row | RejectedError:
    try:
        _check_shape(cells, header)
        named = {
            name: cell.removeprefix("'") if _formula.match(cell) else cell
            for name, cell in zip(header.columns, cells, strict=False)
        }
        return Row(line, wish_of(named, categories))
    except ValueError as error:
        return RejectedError(origin, line, str(error))


def _check_shape(cells: list[str], header: Header) -> None:
    width = len(header.columns)
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    if len(cells) > width:
        raise ValueError(f"{len(cells)} cells, where the header has {width}; is one not quoted?")
    for cell in cells:
        if "\ufffd" in cell:  # what stands for bytes that could not be decoded
            raise ValueError(
                "a letter cannot be read; save the file as UTF-8, or name its encoding: --encoding"
            )
        if _swallowed.search(cell):
            raise ValueError("a cell with a line break: is a quotation mark not closed?")


def _name(name: str) -> str:
    plain = _spaces.sub(" ", name).strip()
    if len(plain) > LONGEST_NAME:
        raise ValueError(f"a name of {len(plain)} characters; {LONGEST_NAME} are allowed")
    return plain


def _one_of(value: str, is_fine: Callable[[str], object], what: str) -> str:
    value = value.strip()
    if value and not is_fine(value):
        raise ValueError(f"{value!r} is no {what}")
    return value


def _categories(text: str, known: Collection[str] | None) -> tuple[str, ...]:
    if not text:
        return ()
    parts = (part.strip().strip("/").lower() for part in re.split(r"[|;]", text))
    chosen = tuple(dict.fromkeys(part for part in parts if part))
    unknown = [one for one in chosen if known is not None and one not in known]
    if unknown:
        there = ", ".join(sorted(known or ())) or "none yet; import articles first"
        raise ValueError(f"the list has no category {unknown[0]!r}; it has: {there}")
    return chosen


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
