"""What a crawler's requests take with 1,000,000 articles stored against 10,000. Limits 1.3 and 1.5.

Once for a sitemap index and a part in which nothing has changed; once for the index and the part of
an article that has just been edited.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import timedelta
from itertools import count

from starlette.testclient import TestClient

from benchmarks.measure import Result, in_turns, timed
from benchmarks.newsroom import NOW, contents, fill_quickly, newsroom, store
from publisher.model import Article
from publisher.pipeline.build import syndicate
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.sequencer import sequence
from publisher.web.app import application

TURNS = 31
REQUESTS = 20
SMALL, LARGE = 10_000, 1_000_000


class Site:
    """A newsroom with so many articles, and its server."""

    def __init__(self, made: Newsroom, size: int) -> None:
        store(made, contents(1))
        syndicate(made, NOW)
        fill_quickly(made, size)
        self._newsroom = made
        self._client = TestClient(application(made))
        self._numbers = count(1)

    def crawl(self) -> None:
        """Ask for the index and for the first part."""
        for path in ("/sitemap.xml", "/sitemaps/articles-1.xml"):
            self._client.get(path).raise_for_status()

    def unchanged(self) -> float:
        """Milliseconds of two requests, when nothing has changed."""
        return min(timed(self.crawl) for _ in range(REQUESTS))

    def changed(self) -> float:
        """Milliseconds of two requests, when an article of the first part has been edited."""
        number = next(self._numbers)
        with self._newsroom.store.write() as session:
            session.get_one(Article, 100).slug = f"edited-{number}"
        sequence(self._newsroom, NOW + timedelta(days=1))
        return timed(self.crawl)


def run(large: int = LARGE) -> list[Result]:
    """Both newsrooms, in turns."""
    with ExitStack() as stack:
        big, small = (Site(stack.enter_context(newsroom()), size) for size in (large, SMALL))
        name = f"sitemap index and a part, {{}}, {large:,} stored against {SMALL:,}"
        return [
            in_turns(
                name.format("unchanged"), big.unchanged, small.unchanged, turns=TURNS, limit=1.3
            ),
            in_turns(name.format("edited"), big.changed, small.changed, turns=TURNS, limit=1.5),
        ]


if __name__ == "__main__":
    for result in run(int(sys.argv[1]) if len(sys.argv) > 1 else LARGE):
        print(result)
