"""The pages that help a person with feeds: all of them, and one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from publisher.config import Site
from publisher.render.dates import direction
from publisher.render.environment import Templates
from publisher.render.translations import words


@dataclass(frozen=True, slots=True)
class FeedLink:
    """One format of a feed."""

    name: str
    type: str
    address: str
    title: str


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One feed in the list of all; `depth` is how many categories are above it."""

    title: str
    page: str
    links: tuple[FeedLink, ...]
    depth: int = 0


def index_page(
    templates: Templates, site: Site, kinds: Sequence[tuple[str, Sequence[FeedRow]]], root: str
) -> str:
    """The page of all feeds; `kinds` are headings with their feeds, `root` where it lies."""
    discovery = kinds[0][1][0].links if kinds and kinds[0][1] else ()
    return templates.render(
        "feeds/index.html", kinds=kinds, **_frame(site, site.language, root, discovery)
    )


def feed_page(
    templates: Templates, site: Site, row: FeedRow, document: Any, entries: Any, root: str
) -> str:
    """The page of one feed, with its newest entries, in the feed's own language."""
    return templates.render(
        "feeds/feed.html",
        heading=row.title,
        document=document,
        entries=entries,
        **_frame(site, document.language, root, row.links),
    )


def _frame(site: Site, language: str, root: str, discovery: Sequence[FeedLink]) -> dict[str, Any]:
    return {
        "site": site,
        "root": root,
        "language": language,
        "direction": direction(language),
        "discovery": discovery,
        "_": words(language).text,
    }
