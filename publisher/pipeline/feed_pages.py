"""The pages and lists beside the feeds, written into the same folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from urllib.parse import quote

from publisher.config import Config
from publisher.model import Feed
from publisher.packaged import place_of
from publisher.pipeline.newsroom import Newsroom
from publisher.render.colours import palette
from publisher.render.feed_pages import FeedLink, FeedRow, feed_page, index_page
from publisher.syndication.document import FILES, MEDIA_TYPES, FeedDocument, title_of
from publisher.syndication.opml import opml_document
from publisher.syndication.selection import feed_path

NAMES = {"atom": "Atom", "rss": "RSS", "json": "JSON"}
HEADINGS = {
    "everything": "Everything",
    "category": "By category",
    "language": "By language",
    "tag": "By tag",
    "author": "By author",
    "source": "By source",
    "editions": "Digests",
}
SHOWN = 10
STYLES = ("style.css", "feed.css")


def page_of(newsroom: Newsroom, feed: Feed, document: FeedDocument) -> bytes:
    """The page of one feed, for somebody who has opened it in a browser."""
    page = feed_page(
        newsroom.templates,
        newsroom.config.site,
        _row(newsroom, feed),
        document,
        document.entries[:SHOWN],
        _root(newsroom),
    )
    return page.encode()


def lists(newsroom: Newsroom, feeds: Sequence[Feed]) -> Iterator[tuple[str, bytes]]:
    """What is about all feeds: the page, the OPML list and the style sheets, by file name."""
    config = newsroom.config
    ordered = sorted(feeds, key=_below_its_category)
    kinds = [
        (HEADINGS[kind], [_row(newsroom, feed) for feed in group])
        for kind, group in groupby(ordered, lambda feed: feed.kind)
    ]
    page = index_page(newsroom.templates, config.site, kinds, _root(newsroom))
    yield "index.html", page.encode()
    outlines = [
        (row.title, next(link.address for link in row.links if link.name != "JSON"), row.page)
        for _, rows in kinds
        for row in rows
        if any(link.name != "JSON" for link in row.links)
    ]
    yield "index.opml", opml_document(config.site.title, outlines)
    for name in STYLES:
        yield name, _style(newsroom, name)


def _style(newsroom: Newsroom, name: str) -> bytes:
    """The site's own style sheet, or the packaged one in the site's colour."""
    config = newsroom.config
    own = config.path(config.templates.folder) / "feeds" / name
    if own.is_file():
        return own.read_bytes()
    ours = place_of(f"email_templates/feeds/{name}").read_bytes()
    return palette(config.site.colour).encode() + ours if name == "style.css" else ours


def _below_its_category(feed: Feed) -> tuple[int, list[str]]:
    return list(HEADINGS).index(feed.kind), feed.key.split("/")


def feed_links(config: Config, kind: str, key: str, title: str) -> tuple[FeedLink, ...]:
    """A feed in each of its formats, as `feeds/discovery.html` names it to readers."""
    here = f"{config.site.url}/feeds/{quote(feed_path(kind, key))}"
    return tuple(
        FeedLink(NAMES[form], MEDIA_TYPES[form], f"{here}{FILES[form]}", f"{title} ({NAMES[form]})")
        for form in config.feeds.formats
    )


def _row(newsroom: Newsroom, feed: Feed) -> FeedRow:
    title = title_of(feed) or newsroom.config.site.title
    here = f"{_root(newsroom)}{quote(feed_path(feed.kind, feed.key))}"
    links = feed_links(newsroom.config, feed.kind, feed.key, title)
    return FeedRow(title, here, links, depth=feed.key.count("/"))


def _root(newsroom: Newsroom) -> str:
    return f"{newsroom.config.site.url}/feeds/"
