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
                "feeds": " ".join(f"f{feed}" for feed in entry.feeds),
            }
            for number, entry in entries.items()
        ]
        statement = "INSERT INTO search_text (rowid, title, text, feeds) "
        session.execute(sql(statement + "VALUES (:number, :title, :text, :feeds)"), rows)

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
    wanted = " AND ".join(_fts5_term(term) for term in match.query.wanted)
    found = f"title : ({wanted})"
    if not match.in_title:
        found = f"({{title text}} : ({wanted})) NOT ({found})"
    if match.query.unwanted:
        unwanted = " OR ".join(_fts5_term(term) for term in match.query.unwanted)
        found = f"({found}) NOT ({{title text}} : ({unwanted}))"
    return f"({found}) AND (feeds : f{match.feed})" if match.feed is not None else found


def _fts5_term(term: Term) -> str:
    quoted = " ".join(term.words).replace('"', '""')
    return f'"{quoted}" *' if term.prefix else f'"{quoted}"'


class Tsvector:
    """PostgreSQL: words of the title have the weight A, of the text D, feeds C."""

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
    """A tsvector as PostgreSQL reads it: `'word':1A,7`."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for position, word in enumerate(entry.title, 1):
        places[word].append(f"{position}A")
    # Two further on, so that no phrase reaches from the title into the text.
    for position, word in enumerate(entry.text, len(entry.title) + 3):
        places[word].append(str(position))
    for feed in entry.feeds:
        places[f"f{feed}"].append("1C")
    return " ".join(f"{_lexeme(word)}:{','.join(found)}" for word, found in places.items())


def tsquery(match: Match) -> str:
    """A query as PostgreSQL reads it; every word is quoted."""
    in_title = " & ".join(_ts_term(term, "A") for term in match.query.wanted)
    found = in_title
    if not match.in_title:
        anywhere = " & ".join(_ts_term(term, "AD") for term in match.query.wanted)
        found = f"({anywhere}) & !({in_title})"
    for term in match.query.unwanted:
        found = f"({found}) & !{_ts_term(term, 'AD')}"
    return f"({found}) & {_lexeme(f'f{match.feed}')}:C" if match.feed is not None else found


def _ts_term(term: Term, weights: str) -> str:
    *before, last = (_lexeme(word) for word in term.words)
    words = [*(f"{word}:{weights}" for word in before)]
    words.append(f"{last}:{'*' if term.prefix else ''}{weights}")
    return f"({' <-> '.join(words)})"


def _lexeme(word: str) -> str:
    quoted = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'"
