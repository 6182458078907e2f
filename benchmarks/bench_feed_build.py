"""All formats of a feed of 50 articles against feedgen alone on the same data. Limit 2."""

from __future__ import annotations

import sys
from functools import partial

from feedgen.feed import FeedGenerator

from benchmarks.measure import Result, in_turns, timed
from benchmarks.newsroom import NOW, contents, newsroom, store
from publisher.pipeline.build import Builder, build, syndicate
from publisher.store import feeds
from publisher.syndication.document import FeedDocument
from publisher.syndication.publish import formats

TURNS = 31
SIZE = 50


def feedgen_alone(made: FeedDocument) -> None:
    """The same entries as Atom and RSS, as feedgen's own documentation does it."""
    feed = FeedGenerator()
    feed.id(made.id)
    feed.title(made.title)
    feed.subtitle(made.subtitle)
    feed.link(href=made.page, rel="alternate")
    for entry in made.entries:
        view = entry.view
        item = feed.add_entry(order="append")
        item.id(view.uid)
        item.title(view.title)
        item.link(href=view.url)
        item.published(view.published)
        item.updated(view.published)
        item.summary(view.summary)
        item.content(entry.html, type="html")
        item.author([{"name": name} for name in view.authors])
        item.category([{"term": c.path, "label": c.title} for c in view.categories])
        item.category([{"term": tag} for tag in view.tags])
    feed.atom_str()
    feed.rss_str()


def run() -> list[Result]:
    """The bytes of Atom, RSS and JSON against feedgen's two; then all the way from the store."""
    with newsroom(feeds={"kinds": ["everything"]}) as made:
        store(made, contents(SIZE))
        syndicate(made, NOW)
        with made.store.read() as session:
            (feed,) = feeds.published(session, ["everything"])
            whole = Builder(made).live(session, feed)
        alone = partial(timed, partial(feedgen_alone, whole))
        name = f"a feed of {SIZE} articles, {{}} against feedgen alone (Atom and RSS)"
        return [
            in_turns(
                name.format("Atom, RSS and JSON"),
                partial(timed, partial(formats, whole)),
                alone,
                turns=TURNS,
                limit=2,
            ),
            in_turns(
                name.format("read, rendered, built and compared with its files"),
                partial(timed, partial(build, made, every=True)),
                alone,
                turns=TURNS,
            ),
        ]


if __name__ == "__main__":
    sys.stdout.writelines(f"{result}\n" for result in run())
