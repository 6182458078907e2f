"""What one feed document says, whatever its format. Pure: the same articles, the same value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from publisher.config import Config
from publisher.model import Feed
from publisher.render.dates import language_name
from publisher.render.view import ArticleView
from publisher.syndication.selection import feed_path

FILES = {"atom": "atom.xml", "rss": "rss.xml", "json": "feed.json"}
MEDIA_TYPES = {
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "json": "application/feed+json",
}
# A feed that has never held anything says this: a fixed time, so that its bytes stay equal.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One article in a feed: what templates see of it, and its markup for readers."""

    view: ArticleView
    html: str

    @property
    def updated(self) -> datetime:
        """When it last changed significantly; its publication, if it never did."""
        return max(self.view.updated or self.view.published, self.view.published)


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """One feed, ready to be written in any format. `addresses` maps format → address."""

    title: str
    subtitle: str
    page: str
    addresses: dict[str, str]
    language: str
    publisher: str
    rights: str
    logo: str
    full_content: bool
    entries: tuple[Entry, ...]

    @property
    def id(self) -> str:
        """The Atom id: the address of the Atom document, or of the first format there is."""
        return self.addresses.get("atom") or next(iter(self.addresses.values()))

    @property
    def updated(self) -> datetime:
        """The newest change of any entry, so that a rebuild alone changes nothing."""
        return max((entry.updated for entry in self.entries), default=NEVER)


def title_of(feed: Feed) -> str:
    """What a feed is called for people; empty for the feed of everything."""
    return language_name(feed.title) if feed.kind == "language" else feed.title


def document(feed: Feed, entries: Sequence[Entry], config: Config) -> FeedDocument:
    """The document of a feed, from its newest entries."""
    site = config.site
    folder = quote(feed_path(feed.kind, feed.key))
    everything = feed.kind == "everything"
    return FeedDocument(
        title=site.title if everything else f"{title_of(feed)} – {site.title}",
        subtitle=site.description,
        page=f"{site.url}/{folder}" if feed.kind in ("everything", "category") else f"{site.url}/",
        addresses={
            form: f"{site.url}/feeds/{folder}{FILES[form]}" for form in config.feeds.formats
        },
        language=feed.title if feed.kind == "language" else site.language,
        publisher=site.publisher or site.title,
        rights=site.rights,
        logo=site.logo,
        full_content=config.feeds.content == "full",
        entries=tuple(entries),
    )
