"""Subscribers from CSV. Pure: text in, rows and rejects out."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email

from publisher.errors import RejectedError

COLUMNS = ("email", "name", "language", "timezone", "categories")


@dataclass(frozen=True, slots=True)
class CsvSubscriber:
    """One good row; `email` is normalised, so that one person has one spelling."""

    email: str
    name: str
    language: str | None
    timezone: str | None
    categories: tuple[str, ...]


def read_csv(text: str, origin: str) -> Iterator[CsvSubscriber | RejectedError]:
    """Every row as a subscriber, or as a reject with its line.

    The header names the columns, in any order and case; only `email` must be there. Columns are
    separated by comma, semicolon or tab, and categories within theirs by | or ;.
    """
    text = text.removeprefix("\ufeff")
    delimiter = max(",;\t", key=re.split(r"[\r\n]", text, maxsplit=1)[0].count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if "email" not in header:
            yield RejectedError(origin, 1, f"the header has no column email; it can have {COLUMNS}")
            return
        seen: dict[str, int] = {}
        for row in reader:
            if any(cell.strip() for cell in row):
                yield _subscriber(
                    dict(zip(header, row, strict=False)), origin, reader.line_num, seen
                )
    except csv.Error as error:
        yield RejectedError(origin, reader.line_num, f"not CSV: {error}")


def normalised(email: str) -> str:
    """The one spelling of an address: small letters, the domain as people write it.

    Raises ValueError with the reason where it is no address.
    """
    if re.search(r"[\x00-\x1f\x7f]", email):
        raise ValueError("an address cannot hold a line break or a control character")
    try:
        found = validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return found.normalized.lower()  # not casefold: straße.example is not strasse.example


def _subscriber(
    row: dict[str, str], origin: str, line: int, seen: dict[str, int]
) -> CsvSubscriber | RejectedError:
    cells = {name: row.get(name, "").strip() for name in COLUMNS}
    try:
        email = normalised(cells["email"])
    except ValueError as error:
        return RejectedError(origin, line, f"{cells['email']!r} is no address: {error}")
    if email in seen:
        return RejectedError(origin, line, f"{email} stands in line {seen[email]} already")
    if cells["timezone"] and cells["timezone"] not in available_timezones():
        return RejectedError(origin, line, f"{cells['timezone']!r} is no time zone")
    if cells["language"] and not re.fullmatch(
        r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", cells["language"]
    ):
        return RejectedError(origin, line, f"{cells['language']!r} is no language tag")
    seen[email] = line
    parts = (part.strip().strip("/") for part in re.split(r"[|;]", cells["categories"]))
    return CsvSubscriber(
        email=email,
        name=cells["name"],
        language=cells["language"] or None,
        timezone=cells["timezone"] or None,
        categories=tuple(part for part in parts if part),
    )
