"""An article as a source gave it, before anything is trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from publisher.model import Medium, Source


@dataclass(frozen=True, slots=True)
class RawArticle:
    """What a reader module found. Nothing in it is safe, absolute or complete yet.

    `origin` is the file or address and `line` where the article begins in it (1-based);
    `external_id` is how the source itself tells its articles apart, stable over imports;
    `published` may be a date, a naive time (the site's zone is meant) or an aware time;
    `category` is the chain of titles from the top, empty where the source says nothing;
    `base_url` is what relative links in `body` are relative to.
    """

    origin: str
    line: int
    external_id: str
    body: str
    title: str | None = None
    title_derived: bool = False
    summary: str | None = None
    published: date | datetime | None = None
    category: tuple[str, ...] = ()
    language: str | None = None
    slug: str | None = None
    sources: tuple[Source, ...] = ()
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    media: tuple[Medium, ...] = ()
    aliases: tuple[str, ...] = ()
    expires: date | datetime | None = None
    url: str | None = None
    correction: str | None = None
    translation_key: str | None = None
    base_url: str | None = None
