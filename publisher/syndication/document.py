"""What one feed document says, whatever its format. Pure: the same articles, the same value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from urllib.parse import quote

from publisher.config import Config
from publisher.model import Feed, Medium
from publisher.render.dates import language_name
from publisher.render.view import ArticleView
from publisher.syndication.selection import feed_path

FILES = {"atom": "atom.xml", "rss": "rss.xml", "json": "feed.json"}
MEDIA_TYPES = {
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "json": "application/feed+json",
}
# RSS and JSON Feed want a type of every medium; this one says that it is not known.
UNKNOWN_TYPE = "application/octet-stream"
# A feed that has never held anything says this: a fixed time, so that its bytes stay equal.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """One article in a feed: what templates see of it, and its markup for readers.

    `html` is its full text and `short` its summary, both with correction note and sources; a
    document that has no room, or carries summaries only, shows the short one (`full` is false).
    `position` is the place in the change log of its last significant change.
    """

    view: ArticleView
    html: str = ""
    short: str = ""
    position: int = 0
    full: bool = True

    @cached_property
    def updated(self) -> datetime:
        """When it last changed significantly; its publication, if it never did.

        Newsroom dates tie, at midnight above all. The log breaks ties: its position is the
        fraction of the second, so that no two entries of a feed were updated at the same time.
        """
        last = max(self.view.updated or self.view.published, self.view.published)
        return last.replace(microsecond=0) + timedelta(microseconds=self.position % 1_000_000)

    @property
    def content(self) -> str:
        """The markup that the document shows."""
        return self.html if self.full else self.short

    @property
    def picture(self) -> Medium | None:
        """The picture that readers may show beside its title."""
        media = self.view.media
        return next((medium for medium in media if medium.type.startswith("image/")), None)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An article that has left the feed (RFC 6721)."""

    uid: str
    when: datetime


@dataclass(frozen=True, slots=True)
class ArchiveLink:
    """The archive document before this one, and the SHA-256 of its bytes."""

    address: str
    sha256: str


@dataclass(frozen=True)
class FeedDocument:
    """One feed, ready to be written in any format. `id` stays for ever; `addresses` maps
    format → address; `root` is where all feeds lie.

    `rights` is a line for people, `license` the address of the licence (RFC 4946). `icon` is a
    small square picture, `logo` a wide one. `hubs` are addresses (www.w3.org/TR/websub).
    `archive` is the number of an archive document, None for the live one.
    """

    id: str
    title: str
    subtitle: str
    page: str
    root: str
    addresses: dict[str, str]
    language: str
    publisher: str
    rights: str
    license: str
    icon: str
    logo: str
    hubs: tuple[str, ...]
    entries: tuple[Entry, ...]
    tombstones: tuple[Tombstone, ...] = ()
    before: ArchiveLink | None = None
    archive: int | None = None

    @cached_property
    def updated(self) -> datetime:
        """The newest change of anything in it, so that a rebuild alone changes nothing."""
        moments = [entry.updated for entry in self.entries]
        return max([*moments, *(stone.when for stone in self.tombstones)], default=NEVER)


def title_of(feed: Feed) -> str:
    """What a feed is called for people; empty for the feed of everything."""
    return language_name(feed.title) if feed.kind == "language" else feed.title


def archive_address(feed: Feed, number: int, config: Config) -> str:
    """Where an archive document of the feed is."""
    folder = quote(feed_path(feed.kind, feed.key))
    return f"{config.site.url}/feeds/{folder}archive/{number}.xml"


def document(
    feed: Feed,
    entries: Sequence[Entry],
    config: Config,
    *,
    tombstones: Sequence[Tombstone] = (),
    before: ArchiveLink | None = None,
    archive: int | None = None,
) -> FeedDocument:
    """A document of a feed of articles: the live one, or an archive."""
    site = config.site
    folder = quote(feed_path(feed.kind, feed.key))
    everything = feed.kind == "everything"
    made = feed_document(
        config,
        uid=feed.uid,
        kind=feed.kind,
        key=feed.key,
        title=site.title if everything else f"{title_of(feed)} – {site.title}",
        subtitle=site.description,
        page=f"{site.url}/{folder}" if feed.kind in ("everything", "category") else f"{site.url}/",
        language=feed.title if feed.kind == "language" else site.language,
        entries=entries,
        formats=("atom",) if archive else None,
    )
    stones = tuple(sorted(tombstones, key=lambda stone: (stone.when, stone.uid)))
    # What never changes has nobody to tell.
    hubs = () if archive else config.hubs
    return replace(made, tombstones=stones, before=before, archive=archive, hubs=hubs)


def feed_document(
    config: Config,
    *,
    uid: str | None,
    kind: str,
    key: str,
    title: str,
    subtitle: str,
    page: str,
    language: str,
    entries: Sequence[Entry],
    formats: Sequence[str] | None = None,
) -> FeedDocument:
    """Any feed of the site, with its entries in order: newest publications come first."""
    site = config.site
    folder = quote(feed_path(kind, key))
    return FeedDocument(
        id=uid or f"{site.url}/feeds/{folder}{FILES['atom']}",
        title=title,
        subtitle=subtitle,
        page=page,
        root=f"{site.url}/feeds/",
        addresses={
            form: f"{site.url}/feeds/{folder}{FILES[form]}"
            for form in formats or config.feeds.formats
        },
        language=language,
        publisher=site.publisher or site.title,
        rights=site.rights,
        license=site.license,
        icon=site.icon,
        logo=site.logo,
        hubs=config.hubs,
        entries=tuple(sorted(entries, key=_newest_first)),
    )


def _newest_first(entry: Entry) -> tuple[float, float]:
    return (-entry.view.published.timestamp(), -entry.updated.timestamp())
