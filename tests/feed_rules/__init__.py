"""What the specifications demand of feed documents, as checks that can be run.

Written from the specifications: they know nothing of how our own code makes a document.
Each module has `problems(data)`: everything that is wrong with a document, in words.
"""

from __future__ import annotations

from tests.feed_rules import atom, json_feed, rss

RULES = {"atom": atom.problems, "rss": rss.problems, "json": json_feed.problems}


def problems(name: str, data: bytes) -> list[str]:
    """What is wrong with a feed file of that name (`atom.xml`, `archive/1.xml`, `rss.xml`, …)."""
    form = "json" if name.endswith(".json") else "rss" if name.endswith("rss.xml") else "atom"
    return RULES[form](data)
