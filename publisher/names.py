"""What things are called in addresses: slugs, category paths and the ids of feed entries."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import date
from urllib.parse import quote, urlsplit

from slugify import slugify

MAX_SLUG = 80

# First parts of addresses that are the site's own, and folders inside a feed's folder.
RESERVED = frozenset(
    "api archive articles author confirm desk editions embed feeds healthz hub language media "
    "metrics oembed preferences search sections source static subscribe tag unsubscribe".split()
)
# A year begins the address of a day, such as /2018/02/15/.
_year = re.compile(r"\d{4}")


def slug_of(text: str) -> str:
    """Lower-case letters and digits of any script joined by hyphens; empty if there are none."""
    return slugify(text, allow_unicode=True, max_length=MAX_SLUG, word_boundary=True)


def category_path(titles: Iterable[str]) -> str:
    """The path of a category from its titles, top first; a reserved word or a year gets `-news`."""
    slugs = (slug_of(title) or "untitled" for title in titles)
    return "/".join(f"{slug}-news" if is_reserved(slug) else slug for slug in slugs)


def is_reserved(slug: str) -> bool:
    """Whether a part of an address means something else than a category."""
    return slug in RESERVED or _year.fullmatch(slug) is not None


_path = re.compile(r"\w[\w-]*(/\w[\w-]*)*")
_ends_as_a_day = re.compile(r"(.*/)?\d{4}/\d\d/\d\d")


def is_category_path(path: str) -> bool:
    """Whether a path that another program wrote can be the address and the folder of a category."""
    if not _path.fullmatch(path) or _ends_as_a_day.fullmatch(path):
        return False
    return not RESERVED.intersection(path.split("/"))


def entry_id(site_url: str, day: date, key: str) -> str:
    """A tag URI (RFC 4151) for the article that its source, or the store, knows as `key`."""
    host = urlsplit(site_url).hostname or "localhost"
    return f"tag:{host},{day.isoformat()}:{hashlib.sha256(key.encode()).hexdigest()[:20]}"


def feed_id(site_url: str, day: date, kind: str, key: str) -> str:
    """A tag URI (RFC 4151) for a feed whose news begins on that day."""
    host = urlsplit(site_url).hostname or "localhost"
    return f"tag:{host},{day.isoformat()}:feed/{kind}/{quote(key)}".rstrip("/")


def numbered(slug: str, taken: Iterable[str]) -> str:
    """`slug`, or the first of slug-2, slug-3 … that is not taken."""
    used = frozenset(taken)
    number, candidate = 1, slug
    while candidate in used:
        number += 1
        candidate = f"{slug}-{number}"
    return candidate
