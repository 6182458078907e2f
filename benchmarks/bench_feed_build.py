"""All formats of a feed of 50 articles against feedgen alone on the same data. Limit 2."""

from __future__ import annotations

import sys

from feedgen.feed import FeedGenerator

from benchmarks.measure import Result, in_turns, timed
from benchmarks.newsroom import NOW, contents, newsroom, store
from publisher.model import Article
from publisher.pipeline.feeds import build, syndicate
from publisher.store import articles

TURNS = 31
SIZE = 50


def feedgen_alone(stored: list[Article]) -> None:
    """The same articles as Atom and RSS, as feedgen's own documentation does it."""
    feed = FeedGenerator()
    feed.id("https://news.example/")
    feed.title("News")
    feed.subtitle("News")
    feed.link(href="https://news.example/", rel="alternate")
    for article in stored:
        entry = feed.add_entry(order="append")
        entry.id(article.uid)
        entry.title(article.title)
        entry.link(href=f"https://news.example/{article.slug}")
        entry.published(article.published)
        entry.updated(article.published)
        entry.summary(article.body[:200])
        entry.content(article.body, type="html")
        entry.category([{"term": tag} for tag in article.tags])
    feed.atom_str()
    feed.rss_str()


def run() -> list[Result]:
    """Reading, rendering, building and writing Atom, RSS and JSON; feedgen only builds two."""
    with newsroom(feeds={"kinds": ["everything"]}) as made:
        store(made, contents(SIZE))
        syndicate(made, NOW)
        with made.store.read() as session:
            stored = list(articles.newest(session, "", SIZE))
        return [
            in_turns(
                f"all formats of a feed of {SIZE} articles against feedgen alone",
                lambda: timed(lambda: build(made, every=True)),
                lambda: timed(lambda: feedgen_alone(stored)),
                turns=TURNS,
                limit=2,
            )
        ]


if __name__ == "__main__":
    sys.stdout.writelines(f"{result}\n" for result in run())
