"""Web pages: what every page of a site shares, and what the templates of pages are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from publisher.config import Site
from publisher.render.dates import clock_time, direction, long_date, short_date
from publisher.render.environment import Templates
from publisher.render.feed_pages import FeedLink
from publisher.render.translations import words
from publisher.render.view import ArticleView

NOTHING = Markup("")


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a page; `language` is that of the page it leads to, where it differs."""

    title: str
    address: str
    language: str = ""

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return direction(self.language)


@dataclass(frozen=True, slots=True)
class Look:
    """What all pages of a site have in common for a while.

    `style` and `icon` are addresses; `sections` is the way through the site, and `all_sections`
    says that there are more.
    """

    style: str
    icon: str
    sections: tuple[Link, ...] = ()
    all_sections: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """What a page says about itself.

    `path` is its one address, without the host; empty for a page that has none, such as an error.
    `feeds` are announced to programs; `crumbs` lead from the home page to it, itself the last;
    `metadata` goes into the head as it is. A page that no search engine should keep says `hidden`.
    """

    title: str
    language: str
    path: str = ""
    description: str = ""
    feeds: Sequence[FeedLink] = ()
    crumbs: Sequence[Link] = ()
    translations: Sequence[Link] = ()
    metadata: Markup = NOTHING
    section: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """The articles of one day in a list of several."""

    date: date
    address: str
    articles: tuple[ArticleView, ...]


def render_page(
    templates: Templates, site: Site, look: Look, head: Head, name: str, **context: Any
) -> str:
    """The page that the template makes of it. Raises TemplateError.

    Templates find `site`, `look`, `head`, what `context` gives, and the helpers below.
    """
    said = words(head.language)
    origin, root = origin_and_root(site)
    return templates.render(
        name,
        site=site,
        look=look,
        head=head,
        language=head.language,
        direction=direction(head.language),
        root=root,
        here=lambda address: address.removeprefix(origin) or "/",
        within=lambda address: _within(address, origin, root),
        absolute=lambda path: f"{origin}{path}",
        direction_of=direction,
        day_text=lambda day: long_date(day, head.language),
        short_day=lambda day: short_date(day, head.language),
        time_text=lambda moment: _time_text(moment, site, head.language),
        local=lambda moment: moment.astimezone(site.zone),
        _=said.text,
        ngettext=said.number,
        **context,
    )


def origin_and_root(site: Site) -> tuple[str, str]:
    """The scheme and host of the site's address, and the path that it begins with, if any.

    Links within the site are written without its host, so that a page also works where it is
    looked at under another name, such as before a move.
    """
    parts = urlsplit(site.url)
    return f"{parts.scheme}://{parts.netloc}", parts.path


def _within(address: str, origin: str, root: str) -> str:
    """An address of the config: a path is one of this site."""
    if address.startswith("/"):
        return f"{root}{address}"
    return address.removeprefix(origin) or "/"


def _time_text(moment: datetime, site: Site, language: str) -> str:
    """The time of day; nothing at midnight, which stands for a date without a time."""
    at = moment.astimezone(site.zone)
    return clock_time(moment, site.zone, language) if (at.hour, at.minute) != (0, 0) else ""
