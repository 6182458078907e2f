"""How SQLite (FTS5) and PostgreSQL (tsvector) keep words and find them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, cast

from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from publisher.terms import Query, Term


@dataclass(frozen=True, slots=True)
class Entry:
    """An article as it is found: the words of its title and of its text, and its feeds."""

    article_id: int
    published: datetime
    title: tuple[str, ...]
    text: tuple[str, ...]
    feeds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """What a row of the index must have: the words in its title, or else anywhere; the feed; a
    number from `lowest` on and `below`."""

    query: Query
    in_title: bool
    feed: int | None
    lowest: int | None
    below: int | None

    @property
    def bounds(self) -> dict[str, int]:
        """The bounds that there are, by name."""
        found = {"lowest": self.lowest, "below": self.below}
        return {name: number for name, number in found.items() if number is not None}


class Text(Protocol):
    """The table `search_text` of a database."""

    def add(self, session: Session, entries: Mapping[int, Entry]) -> None:
        """Keep the texts of these numbers."""

    def remove(self, session: Session, numbers: Collection[int]) -> None:
        """Remove the texts of these numbers."""

    def find(
        self, session: Session, match: Match, everything: int, limit: int
    ) -> list[tuple[int, int]]:
        """Article ids with their numbers, highest first."""

    def limited(self, session: Session, seconds: float) -> Any:
        """A block in which a statement that takes longer is given up (OperationalError)."""


def text_of(session: Session) -> Text:
    """The table of the database that the session is on."""
    return Fts5() if session.get_bind().dialect.name == "sqlite" else Tsvector()


# Words of a title stand there a second time with this before them, and feeds with the other, so
# that each has a list of its own: a search in titles does not look through every text. No word
# that was made of a text begins with a private character.
IN_TITLE, FEED = "\ue000", "\ue001"

# How many of its small steps SQLite makes between two looks at the clock: about 50 µs.
LOOK_STEPS = 1000

FIND = """
    SELECT r.article_id, r.newness FROM search_text t
    {join} JOIN search_row r ON r.newness = t.{number}
    {join} JOIN feed_article e ON e.feed_id = :everything AND e.article_id = r.article_id
    WHERE {match} {bounds} ORDER BY t.{number} DESC LIMIT :limit
"""
BOUNDS = {"lowest": "AND t.{number} >= :lowest", "below": "AND t.{number} < :below"}


def _find(
    session: Session,
    match: Match,
    words: Mapping[str, str],
    query: str,
    everything: int,
    limit: int,
) -> list[tuple[int, int]]:
    bounds = " ".join(BOUNDS[name].format(**words) for name in match.bounds)
    values = {"match": query, "everything": everything, "limit": limit, **match.bounds}
    rows = session.execute(sql(FIND.format(bounds=bounds, **words)), values)
    return [(article_id, number) for article_id, number in rows]


class Fts5:
    """SQLite: rows in the order of their numbers, so that the newest need no sorting."""

    def add(self, session: Session, entries: Mapping[int, Entry]) -> None:
        rows = [
            {
                "number": number,
                "title": " ".join(entry.title),
                "text": " ".join(entry.text),
                "marks": " ".join(
                    [*(IN_TITLE + word for word in entry.title), *map(_feed, entry.feeds)]
                ),
            }
            for number, entry in entries.items()
        ]
        statement = "INSERT INTO search_text (rowid, title, text, marks) "
        session.execute(sql(statement + "VALUES (:number, :title, :text, :marks)"), rows)

    def remove(self, session: Session, numbers: Collection[int]) -> None:
        statement = sql("DELETE FROM search_text WHERE rowid = :number")
        session.execute(statement, [{"number": number} for number in numbers])

    def find(
        self, session: Session, match: Match, everything: int, limit: int
    ) -> list[tuple[int, int]]:
        # CROSS keeps SQLite to this order of the joins; any other would look at every article.
        words = {"join": "CROSS", "number": "rowid", "match": "t.search_text MATCH :match"}
        return _find(session, match, words, fts5_query(match), everything, limit)

    @contextmanager
    def limited(self, session: Session, seconds: float) -> Iterator[None]:
        driver = cast(Any, session.connection().connection.driver_connection)
        end = time.monotonic() + seconds
        driver.set_progress_handler(lambda: time.monotonic() > end, LOOK_STEPS)
        try:
            yield
        finally:
            driver.set_progress_handler(None, 0)


def fts5_query(match: Match) -> str:
    """A query in FTS5's language; every word is quoted, so that none of it is syntax."""
    found = " AND ".join(_fts5_term(term, IN_TITLE) for term in match.query.wanted)
    if not match.in_title:
        anywhere = " AND ".join(_fts5_term(term) for term in match.query.wanted)
        found = f"({anywhere}) NOT ({found})"
    if match.query.unwanted:
        unwanted = " OR ".join(_fts5_term(term) for term in match.query.unwanted)
        found = f"({found}) NOT ({unwanted})"
    return f'({found}) AND "{_feed(match.feed)}"' if match.feed is not None else found


def _fts5_term(term: Term, mark: str = "") -> str:
    quoted = " ".join(f"{mark}{word}" for word in term.words).replace('"', '""')
    return f'"{quoted}" *' if term.prefix else f'"{quoted}"'


class Tsvector:
    """PostgreSQL: words with the places where they stand."""

    def add(self, session: Session, entries: Mapping[int, Entry]) -> None:
        rows = [{"number": number, "document": tsvector(one)} for number, one in entries.items()]
        statement = "INSERT INTO search_text (newness, document) "
        session.execute(sql(statement + "VALUES (:number, CAST(:document AS tsvector))"), rows)

    def remove(self, session: Session, numbers: Collection[int]) -> None:
        statement = sql("DELETE FROM search_text WHERE newness = :number")
        session.execute(statement, [{"number": number} for number in numbers])

    def find(
        self, session: Session, match: Match, everything: int, limit: int
    ) -> list[tuple[int, int]]:
        matches = "t.document @@ CAST(:match AS tsquery)"
        words = {"join": "", "number": "newness", "match": matches}
        return _find(session, match, words, tsquery(match), everything, limit)

    @contextmanager
    def limited(self, session: Session, seconds: float) -> Iterator[None]:
        session.execute(sql(f"SET LOCAL statement_timeout = {int(seconds * 1000)}"))
        yield
        session.execute(sql("SET LOCAL statement_timeout = 0"))


def tsvector(entry: Entry) -> str:
    """A tsvector as PostgreSQL reads it: `'word':1,7`."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for position, word in enumerate(entry.title, 1):
        places[word].append(position)
        places[IN_TITLE + word].append(position)
    # Two further on, so that no phrase reaches from the title into the text.
    for position, word in enumerate(entry.text, len(entry.title) + 3):
        places[word].append(position)
    for feed in entry.feeds:
        places[_feed(feed)].append(1)
    return " ".join(f"{_lexeme(word)}:{','.join(map(str, at))}" for word, at in places.items())


def tsquery(match: Match) -> str:
    """A query as PostgreSQL reads it; every word is quoted."""
    found = " & ".join(_ts_term(term, IN_TITLE) for term in match.query.wanted)
    if not match.in_title:
        anywhere = " & ".join(_ts_term(term) for term in match.query.wanted)
        found = f"({anywhere}) & !({found})"
    for term in match.query.unwanted:
        found = f"({found}) & !{_ts_term(term)}"
    return f"({found}) & {_lexeme(_feed(match.feed))}" if match.feed is not None else found


def _ts_term(term: Term, mark: str = "") -> str:
    words = " <-> ".join(_lexeme(f"{mark}{word}") for word in term.words)
    return f"({words}:*)" if term.prefix else f"({words})"


def _lexeme(word: str) -> str:
    quoted = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'"


def _feed(feed: int) -> str:
    return f"{FEED}{feed}"
