"""Time from commit to files written for one new article, with 1,000,000 stored against 10,000.

Limit 1.3: the cost grows with what changed, not with what is stored.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from itertools import count

from benchmarks.measure import Result, in_turns, timed
from benchmarks.newsroom import NOW, contents, fill_quickly, newsroom, store
from publisher.pipeline.build import syndicate
from publisher.pipeline.newsroom import Newsroom

TURNS = 31
SMALL, LARGE = 10_000, 1_000_000


def publish_one(made: Newsroom, numbers: count[int]) -> float:
    """Store one article and bring the files up to date; milliseconds from the commit on."""
    number = next(numbers)
    (content,) = contents(1)
    published = NOW + timedelta(seconds=number)
    store(made, iter([replace(content, slug=f"new-{number}", published=published)]), "new")
    return timed(lambda: syndicate(made, NOW + timedelta(days=1)))


def run(large: int = LARGE) -> list[Result]:
    """Both newsrooms, in turns."""
    with ExitStack() as stack:
        rooms = []
        for size in (large, SMALL):
            made = stack.enter_context(newsroom())
            store(made, contents(1))
            syndicate(made, NOW)
            fill_quickly(made, size)
            rooms.append((made, count(1)))
        (big, big_numbers), (small, small_numbers) = rooms
        name = f"one new article, {large:,} stored against {SMALL:,}"
        return [
            in_turns(
                name,
                lambda: publish_one(big, big_numbers),
                lambda: publish_one(small, small_numbers),
                turns=TURNS,
                limit=1.3,
            )
        ]


if __name__ == "__main__":
    for result in run(int(sys.argv[1]) if len(sys.argv) > 1 else LARGE):
        print(result)
