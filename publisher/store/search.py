"""The search index: which articles have which words, newest first whatever is stored.

Only what is public and clean is taken in (pipeline/search_index.py), and a search looks once more
whether what it has found is public. What both databases have in common is here; how each of them
says it is in `search_text`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from publisher.errors import SlowSearchError
from publisher.model import SearchProgress, SearchRow
from publisher.store.search_text import Entry, Match, Text, text_of
from publisher.terms import Query

# A search that takes longer is given up: somebody asks for what costs much on purpose.
LONGEST_SECONDS = 2.0
ID_BITS = 24
_YEAR_ONE = int(datetime(1, 1, 1, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that was found; those with the words in their title come first, then by time."""

    article_id: int
    in_title: bool
    newness: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the results to go on: behind the hit of that kind and number."""

    in_title: bool
    newness: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Where to search: in the feed of that id, from `first` on, before `end`."""

    feed: int | None = None
    first: datetime | None = None
    end: datetime | None = None


def number_of(published: datetime, article_id: int) -> int:
    """The number that a text is kept under: seconds since the year 1, then the id's last bits."""
    seconds = int(published.timestamp()) - _YEAR_ONE
    return (seconds << ID_BITS) | (article_id & ((1 << ID_BITS) - 1))


def progress(session: Session) -> int:
    """The last position of the change log that the index knows of."""
    return session.scalar(select(SearchProgress.position)) or 0


def move_on(session: Session, position: int) -> None:
    """Say that the index knows the change log up to this position."""
    session.execute(update(SearchProgress).values(position=position))


def forget(session: Session, article_ids: Collection[int]) -> None:
    """Take articles out of the index."""
    rows = select(SearchRow.newness).where(SearchRow.article_id.in_(article_ids))
    numbers = list(session.scalars(rows))
    if numbers:
        text_of(session).remove(session, numbers)
        session.execute(delete(SearchRow).where(SearchRow.newness.in_(numbers)))


def put(session: Session, entries: Sequence[Entry]) -> None:
    """Take articles into the index, or take them in anew."""
    forget(session, [entry.article_id for entry in entries])
    if not entries:
        return
    numbered = dict(zip(_free(session, entries), entries, strict=True))
    rows = [{"article_id": e.article_id, "newness": number} for number, e in numbered.items()]
    session.execute(insert(SearchRow), rows)
    text_of(session).add(session, numbered)


def _free(session: Session, entries: Sequence[Entry]) -> list[int]:
    """A number for each; the next free one where 2^24 ids apart were published in one second."""
    wanted = [number_of(entry.published, entry.article_id) for entry in entries]
    taken = set(session.scalars(select(SearchRow.newness).where(SearchRow.newness.in_(wanted))))
    numbers: list[int] = []
    for number in wanted:
        while number in taken or _is_taken(session, number, wanted):
            number += 1
        taken.add(number)
        numbers.append(number)
    return numbers


def _is_taken(session: Session, number: int, looked_up: Collection[int]) -> bool:
    found = select(SearchRow.newness).where(SearchRow.newness == number)
    return number not in looked_up and session.scalar(found) is not None


def find(
    session: Session,
    query: Query,
    limits: Limits,
    everything: int,
    *,
    after: Place | None = None,
    limit: int = 20,
) -> list[Hit]:
    """The next `limit` articles that have what the query wants and are in the feed `everything`.

    Raises SlowSearchError where it takes too long.
    """
    text = text_of(session)
    hits: list[Hit] = []
    with _not_for_long(session, text):
        for in_title in (True, False):
            if after is not None and in_title and not after.in_title:
                continue
            match = Match(
                query,
                in_title,
                limits.feed,
                lowest=number_of(limits.first, 0) if limits.first else None,
                below=_below(limits, after if after and after.in_title == in_title else None),
            )
            rows = text.find(session, match, everything, limit - len(hits))
            hits += [Hit(article_id, in_title, number) for article_id, number in rows]
            if len(hits) == limit:
                break
    return hits


def _below(limits: Limits, after: Place | None) -> int | None:
    bounds = [number_of(limits.end, 0)] if limits.end else []
    bounds += [after.newness] if after else []
    return min(bounds, default=None)


@contextmanager
def _not_for_long(session: Session, text: Text) -> Iterator[None]:
    try:
        with text.limited(session, LONGEST_SECONDS):
            yield
    except OperationalError as error:
        if any(sign in str(error.orig) for sign in ("interrupted", "statement timeout")):
            raise SlowSearchError("the search was given up: it asks for too much") from None
        raise
