"""Newsrooms to measure in, filled with made-up articles."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.model import Content, seal
from publisher.pipeline.newsroom import Newsroom
from publisher.store import articles
from publisher.store.sitemap import ROWS

NOW = datetime(2024, 5, 2, 12, 0, tzinfo=UTC)
WORDS = (
    "harbour council bridge ferry market school river budget storm light paper engine garden "
    "winter ticket bread window teacher island signal report station museum letter"
).split()


@contextmanager
def newsroom(**sections: object) -> Iterator[Newsroom]:
    """An empty newsroom in a folder that goes away; `sections` override the config."""
    with TemporaryDirectory() as folder:
        config = Config.model_validate({"root": Path(folder), **sections})
        with opened(config) as made:
            yield made


def contents(number: int, words: int = 250) -> Iterator[Content]:
    """That many articles of about that many words, the same every time."""
    chance = random.Random(7)  # repeatable, not secret
    for n in range(number):
        text = " ".join(chance.choices(WORDS, k=words))
        paragraphs = "".join(f"<p>{text[i : i + 400]}</p>" for i in range(0, len(text), 400))
        yield Content(
            title=" ".join(chance.choices(WORDS, k=7)).capitalize(),
            body=paragraphs,
            published=NOW - timedelta(minutes=n),
            category=("News", f"Desk {n % 7}"),
            language="en",
            slug=f"article-{n}",
            tags=("harbour",),
        )


def fill_quickly(made: Newsroom, number: int, minutes: int = 1) -> None:
    """Multiply the first stored article that many times, with its places in feeds, by plain SQL;
    one every so many minutes, back from 1 May 2024.

    The rows are those that importing and sequencing would have made, in a fraction of the time;
    only the newest are sealed, since no window reaches further back. SQLite only.
    """
    with made.store.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA synchronous=OFF")
        _fill(raw, number, minutes)
    with made.store.write() as session:
        for article in articles.newest(session, "", 200):
            article.seal = seal(article.content)


def _fill(raw: object, number: int, minutes: int) -> None:
    execute = raw.execute  # type: ignore[attr-defined]
    execute("BEGIN")
    execute("DROP TRIGGER article_stored")
    columns = (
        "title, body, category_id, language, published, seal, uid, slug, sources, authors, tags, "
        "media, aliases, title_derived, revision, summary, url, updated, expires, correction"
    )
    execute(
        f"""
        INSERT INTO article ({columns})
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number})
        SELECT title, body, category_id, language,
               strftime('%Y-%m-%d %H:%M:%S', '2024-05-01',
                        ({minutes} * (i - {number})) || ' minutes') || '.000000',
               seal, 'tag:bench:' || i, 'bulk-' || i, sources, authors, tags, media, aliases,
               title_derived, revision, summary, url, updated, expires, correction
        FROM n, (SELECT * FROM article ORDER BY id LIMIT 1)
        """
    )
    execute(
        """
        INSERT INTO feed_article (feed_id, article_id, published)
        SELECT f.feed_id, a.id, a.published FROM article a, feed_article f
        WHERE a.uid LIKE 'tag:bench:%' AND f.article_id = (SELECT min(id) FROM article)
        """
    )
    # The log goes on from the one row that is there, with a change each minute.
    execute(
        """
        INSERT INTO feed_change (feed_id, position, change, article_id, uid, gone, at)
        SELECT f.feed_id, a.id - 1, a.id, a.id, a.uid, 0, a.published
        FROM article a, feed_article f
        WHERE a.uid LIKE 'tag:bench:%' AND f.article_id = (SELECT min(id) FROM article)
        """
    )
    execute(
        """
        INSERT INTO change (position, article_id, uid, revision, kind, state, at)
        SELECT id, id, uid, 1, 'published', '', published FROM article
        WHERE uid LIKE 'tag:bench:%'
        """
    )
    execute("DELETE FROM sitemap_part")
    execute(
        f"""
        INSERT INTO sitemap_part (number, articles, position, changed)
        SELECT (position - 1) / {ROWS} + 1, count(*), max(position), max(at) FROM change
        GROUP BY (position - 1) / {ROWS} + 1
        """
    )
    execute("UPDATE feed SET length = (SELECT max(id) FROM article)")
    # As if the archive documents had been published as they filled.
    execute(
        "INSERT INTO archive (feed_id, number, sha256, data) "
        "SELECT id, length / 50, 'x', x'789c030000000001' FROM feed"
    )
    execute(
        "CREATE TRIGGER article_stored AFTER INSERT ON article BEGIN INSERT INTO stale_article "
        "(article_id, due) VALUES (NEW.id, '1970-01-01 00:00:00.000000'); END"
    )
    execute("COMMIT")
    execute("ANALYZE")


def people(execute: Callable[[str], object], number: int) -> None:
    """Store that many subscribers, whose ids go from 1 to it, by plain SQL. SQLite only."""
    execute(
        f"""
        INSERT INTO subscriber (email, name, state, handle)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number})
        SELECT 'reader' || i || '@example.org', 'Reader ' || i, 'deliverable', 1000 + i FROM n
        """
    )


def store(made: Newsroom, wanted: Iterator[Content], prefix: str = "a") -> None:
    """Store these contents as new articles."""
    with made.store.write() as session:
        writer = articles.Writer(session, made.config.site.url, made.config.site.zone, NOW)
        batch = list(wanted)
        writer.expect(batch)
        for content in batch:
            writer.add(content, f"{prefix}/{content.slug}")
