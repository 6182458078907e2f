"""Pages of long lists: a cursor says behind which row the next page begins.

So a page is found by an index, whatever is stored, and no row comes twice or is passed over where
others are written meanwhile. What is in a cursor is ours to change.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, Field

from publisher.web.api.operation import Shape
from publisher.web.api.problems import ProblemError, wrong

LARGEST_ID = 2**31 - 1
Item = TypeVar("Item", bound=BaseModel)
Row = TypeVar("Row")


class Page(Shape):
    """Which part of a list is asked for."""

    limit: Annotated[int, Field(ge=1, le=200, description="How many at most.")] = 50
    cursor: Annotated[
        str | None,
        Field(
            max_length=500, pattern=r"^[A-Za-z0-9_-]+$",
            description="The `next` of the page before.",
        ),
    ] = None  # fmt: skip


class Listing(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: str | None = Field(description="The cursor of the next page; null on the last one.")

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """What the description calls a page of these."""
        return f"ListOf{params[0].__name__}"


def listing(
    rows: Sequence[Row],
    page: Page,
    item: Callable[[Row], Item],
    key: Callable[[Row], Sequence[Any]],
) -> Listing[Item]:
    """A page of rows, of which one more than `limit` was asked for; `key` is what they are in
    order by."""
    shown = rows[: page.limit]
    more = len(rows) > page.limit
    return Listing(
        items=[item(row) for row in shown], next=_written(key(shown[-1])) if more else None
    )


def _written(key: Sequence[Any]) -> str:
    plain = [one.isoformat() if isinstance(one, datetime) else one for one in key]
    data = json.dumps(plain, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number_of(page: Page) -> int:
    """The number behind which the page begins; 0 for the first page. Raises ProblemError."""
    if page.cursor is None:
        return 0
    (number,) = _read(page.cursor, int)
    return _in_range(number)


def text_of(page: Page) -> str:
    """The text behind which the page begins; empty for the first one. Raises ProblemError."""
    if page.cursor is None:
        return ""
    (text,) = _read(page.cursor, str)
    if not text.isprintable():
        raise _bad()
    return str(text)


def moment_of(page: Page) -> tuple[datetime, int] | None:
    """The moment and the number behind which the page begins. Raises ProblemError."""
    if page.cursor is None:
        return None
    text, number = _read(page.cursor, str, int)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _bad() from None
    if moment.tzinfo is None or not 1 < moment.year < 9999:
        raise _bad()
    return moment, _in_range(number)


def _read(cursor: str, *kinds: type) -> list[Any]:
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        values = json.loads(data)
    except (ValueError, binascii.Error, RecursionError):
        raise _bad() from None
    if not isinstance(values, list) or [type(one) for one in values] != list(kinds):
        raise _bad()
    return values


def _in_range(number: int) -> int:
    if not 0 <= number <= LARGEST_ID:
        raise _bad()
    return number


def _bad() -> ProblemError:
    return wrong("This is no cursor of ours; begin without one.", parameter="cursor")
