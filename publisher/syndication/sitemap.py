"""Sitemaps (sitemaps.org, protocol 0.9) with Google's extensions for images and news. Pure.

Whatever the store holds, a document keeps to the protocol: at most 50,000 addresses, each shorter
than 2,048 characters, and at most 50 MB.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from publisher.config import Site
from publisher.store.sitemap import ListedArticle, ListedCategory, RecentArticle

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
EXTENSIONS = {
    "image": "http://www.google.com/schemas/sitemap-image/1.1",
    "news": "http://www.google.com/schemas/sitemap-news/0.9",
}
MAX_ADDRESSES = 50_000
MAX_BYTES = 50_000_000
MAX_ADDRESS = 2_047
MAX_IMAGES = 1_000
# How long an article is news, and how many of them a news sitemap takes.
NEWS_AGE = timedelta(hours=48)
MAX_NEWS = 1_000

# What may stand in an address as it is (RFC 3986, 2.2), and what is encoded already.
_ADDRESS = "%:/?#[]@!$&'()*+,;="
_QUOTES = {"'": "&apos;", '"': "&quot;"}
_illegal = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
_chinese = {"tw", "hk", "mo", "hant"}


@dataclass(frozen=True, slots=True)
class Page:
    """One address of a sitemap. `extra` is markup of an extension."""

    address: str
    changed: datetime | None
    images: tuple[str, ...] = ()
    extra: str = ""


def index(parts: Sequence[tuple[str, datetime | None]]) -> bytes:
    """The sitemap index that names these parts: address, and when anything in it last changed.

    Of more than 50,000, which would be 250 million changes, it names the last.
    """
    named = "".join(
        f"<sitemap>{_location(address)}{_changed(changed)}</sitemap>\n"
        for address, changed in parts[-MAX_ADDRESSES:]
    )
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex xmlns="{SITEMAP}">\n'
    return f"{head}{named}</sitemapindex>\n".encode()


def articles_part(site: Site, articles: Iterable[ListedArticle]) -> bytes:
    """A part that lists the pages of articles, with their images."""
    pages = (Page(_article(site, one.slug), one.changed, images_of(one.media)) for one in articles)
    return _document(pages, "image")


def sections_part(
    site: Site, categories: Iterable[ListedCategory], above: Sequence[Page] = ()
) -> bytes:
    """A part that lists the pages of categories, after those `above` them."""
    pages = [Page(f"{site.url}/{quote(one.path)}/", one.changed) for one in categories]
    return _document([*above, *pages])


def news(site: Site, articles: Iterable[RecentArticle]) -> bytes:
    """The news sitemap of these articles, which must be those of the last 48 hours."""
    pages = (_news_page(site, one) for one in islice(articles, MAX_NEWS))
    return _document(pages, "image", "news")


def news_since(now: datetime) -> datetime:
    """An article is news while it was published after this moment."""
    return now - NEWS_AGE


def news_until(articles: Iterable[RecentArticle]) -> datetime | None:
    """When the passing of time alone will take one of these out; None if there are none."""
    return min((one.published + NEWS_AGE for one in articles), default=None)


def news_language(tag: str) -> str:
    """A language as news sitemaps name it: ISO 639, and two kinds of Chinese."""
    main, *rest = tag.lower().split("-")
    if main == "zh":
        return "zh-tw" if _chinese.intersection(rest) else "zh-cn"
    return main


def images_of(media: Iterable[Any]) -> tuple[str, ...]:
    """The addresses of the pictures among an article's media, each once."""
    pictures = (one for one in media if isinstance(one, dict) and _is_picture(one))
    addresses = (quote(one["url"], safe=_ADDRESS) for one in pictures)
    fitting = (one for one in addresses if len(one) <= MAX_ADDRESS)
    return tuple(islice(dict.fromkeys(fitting), MAX_IMAGES))


def _is_picture(medium: dict[str, Any]) -> bool:
    is_image = str(medium.get("type") or "").startswith("image/")
    return is_image and str(medium.get("url") or "").startswith(("http://", "https://"))


def _news_page(site: Site, article: RecentArticle) -> Page:
    language = news_language(article.language or site.language)
    extra = (
        f"<news:news><news:publication><news:name>{_text(site.title)}</news:name>"
        f"<news:language>{_text(language)}</news:language></news:publication>"
        f"<news:publication_date>{_moment(article.published)}</news:publication_date>"
        f"<news:title>{_text(article.title)}</news:title></news:news>"
    )
    changed = max(article.published, article.updated or article.published)
    return Page(_article(site, article.slug), changed, images_of(article.media), extra)


def _document(pages: Iterable[Page], *spaces: str) -> bytes:
    """As many pages as the protocol lets in, and then as many of their images."""
    declared = "".join(f' xmlns:{name}="{EXTENSIONS[name]}"' for name in spaces)
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{SITEMAP}"{declared}>\n'
    room = _Room(MAX_BYTES - len(head) - len("</urlset>\n"))
    fitting = islice((page for page in pages if len(page.address) <= MAX_ADDRESS), MAX_ADDRESSES)
    entries = [(entry, page) for page in fitting if room.takes(entry := _entry(page))]
    written = [head]
    for entry, page in entries:
        images = _images(page.images)
        written += [entry, images if room.takes(images) else "", "</url>\n"]
    return "".join([*written, "</urlset>\n"]).encode()


class _Room:
    """What is left of a document's largest size."""

    def __init__(self, size: int) -> None:
        self._left = size

    def takes(self, text: str) -> bool:
        size = len(text.encode()) + len("</url>\n")
        fits = size <= self._left
        self._left -= size if fits else 0
        return fits


def _entry(page: Page) -> str:
    return f"<url>{_location(page.address)}{_changed(page.changed)}{page.extra}"


def _images(addresses: Iterable[str]) -> str:
    return "".join(
        f"<image:image><image:loc>{_text(one)}</image:loc></image:image>" for one in addresses
    )


def _article(site: Site, slug: str) -> str:
    return f"{site.url}/articles/{quote(slug)}"


def _location(address: str) -> str:
    return f"<loc>{_text(address)}</loc>"


def _changed(moment: datetime | None) -> str:
    return f"<lastmod>{_moment(moment)}</lastmod>" if moment else ""


def _moment(moment: datetime) -> str:
    """W3C Datetime, in UTC and whole seconds."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _text(text: str) -> str:
    return escape(_illegal.sub("", text), _QUOTES)
