"""The front page, the pages of categories and those of days, with the calendar beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from urllib.parse import quote

from starlette.exceptions import HTTPException

from publisher.model import Feed, seal
from publisher.model.article import Article
from publisher.pipeline.feed_pages import feed_links
from publisher.render.dates import day_bounds, long_date, short_date
from publisher.render.feed_pages import FeedLink
from publisher.render.month import Month, month_of
from publisher.render.pages import Day, Head, Link
from publisher.render.translations import words
from publisher.render.view import ArticleView, view
from publisher.store import pages
from publisher.store.pages import Mark
from publisher.syndication.selection import feed_path
from publisher.web import windows
from publisher.web.press import Page, Reading, section_link
from publisher.web.windows import DAY_SIZE, PAGE_SIZE, Cut

# A category with more sections below it than this leaves the rest to the page of all sections.
BELOW = 40


@dataclass(frozen=True, slots=True)
class Section:
    """A category, or the whole site (path ""), as its pages need it.

    `feeds` are those of the site and of the categories from the top down to this one.
    """

    path: str
    feed: Feed | None
    feeds: dict[str, Feed]
    root: str

    @property
    def address(self) -> str:
        """Where its page is."""
        return f"{self.root}/{quote(self.path)}/" if self.path else f"{self.root}/"

    def day(self, day: date) -> str:
        """Where its page of a day is."""
        return f"{self.address}{windows.day_path(day)}"


def section_at(reading: Reading, path: str) -> Section:
    """The section at a path. Raises HTTPException (404) where there is none."""
    feeds = pages.feeds_at(reading.session, chain(path))
    if path and path not in feeds:
        raise HTTPException(404)
    return Section(path, feeds.get(path), feeds, reading.root)


def chain(path: str) -> list[str]:
    """A category's path and those of all above it, top first."""
    parts = path.split("/")
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


def list_page(reading: Reading, path: str) -> Page:
    """The newest articles of a section, or those before or after the date that is asked for."""
    section = section_at(reading, path)
    site = reading.newsroom.config.site
    cut, newer, older = _window(reading, section)
    found = [*views(reading, [mark.article_id for mark in cut.shown]).values()]
    heading = section.feed.title if path and section.feed else site.title
    newest = windows.day_of(cut.shown[0], site.zone) if cut.shown else None
    head = Head(
        heading,
        site.language,
        section.address,
        description=site.description if not path else "",
        feeds=announced(reading, section),
        crumbs=crumbs(reading, section, site.language),
        section=top_address(section),
        hidden=bool(reading.query),
    )
    return reading.page(
        "pages/list.html",
        head,
        fleeting=len(found) < len(cut.shown),
        heading=heading,
        is_front=not path,
        is_day=False,
        path=path,
        days=by_day(section, found),
        below=below(reading, section),
        newer=newer,
        older=older,
        more=None,
        month=_month(reading, section, newest) if newest else None,
        feed_page=feed_page(reading, section),
    )


def day_page(reading: Reading, path: str, day: date) -> Page:
    """The articles of one day of a section. 404 for a day without any, which also shows the way
    to those before and after it."""
    section = section_at(reading, path)
    site = reading.newsroom.config.site
    bounds = day_bounds(day, site.zone)
    if bounds is None or section.feed is None:
        raise HTTPException(404)
    before = _mark(reading, "before") or Mark(bounds[1])
    marks = pages.older(
        reading.session, section.feed.id, min(before, Mark(bounds[1])), DAY_SIZE + 1,
        lowest=bounds[0],
    )  # fmt: skip
    shown = marks[:DAY_SIZE]
    found = [*views(reading, [mark.article_id for mark in shown]).values()]
    say = words(site.language).text
    heading = say("Items filtered by date: %(date)s", date=long_date(day, site.language))
    title = f"{heading} – {section.feed.title}" if path else heading
    head = Head(
        title,
        site.language,
        section.day(day),
        feeds=announced(reading, section),
        crumbs=[*crumbs(reading, section, site.language), Link(heading, section.day(day))],
        section=top_address(section),
        hidden=bool(reading.query) or not shown,
    )
    more = windows.as_text(shown[-1], site.zone) if len(marks) > DAY_SIZE else ""
    month, newer, older = _beside(reading, section, day)
    return reading.page(
        "pages/list.html",
        head,
        status=200 if shown else 404,
        fleeting=len(found) < len(shown),
        heading=heading,
        is_front=False,
        is_day=True,
        path=path,
        days=[Day(day, section.day(day), tuple(found))] if found else [],
        below=(),
        newer=newer,
        older=older,
        more=Link(say("More of this day"), f"{section.day(day)}?before={more}") if more else None,
        month=month,
        feed_page=feed_page(reading, section),
    )


def views(reading: Reading, ids: Sequence[int]) -> dict[int, ArticleView]:
    """Those of the articles that are clean, by id and in this order."""
    found = pages.articles_in_order(reading.session, ids)
    site = reading.newsroom.config.site
    return {article.id: view(article, site=site) for article in found if is_clean(article)}


def is_clean(article: Article) -> bool:
    """Whether it is as it was cleaned: no other program has written to it since."""
    try:
        return article.seal is not None and article.seal == seal(article.content)
    except ValueError:
        return False


def by_day(section: Section, found: Sequence[ArticleView]) -> list[Day]:
    """Articles that are newest first, as days."""
    return [
        Day(day, section.day(day), tuple(group))
        for day, group in groupby(found, lambda article: article.local_date)
    ]


def _mark(reading: Reading, name: str) -> Mark | None:
    text = reading.query.get(name)
    if text is None:
        return None
    mark = windows.read_mark(text, reading.newsroom.config.site.zone)
    if mark is None:
        raise HTTPException(404)
    return mark


def _window(reading: Reading, section: Section) -> tuple[Cut, Link | None, Link | None]:
    """What the page shows, and the links to what is newer and older."""
    zone = reading.newsroom.config.site.zone
    before, after = _mark(reading, "before"), _mark(reading, "after")
    if section.feed is None:
        return Cut((), None), None, None
    session, feed = reading.session, section.feed.id
    if after is not None and before is None:
        cut = windows.cut_newer(pages.newer(session, feed, after, PAGE_SIZE + 1), PAGE_SIZE, zone)
        has_older = bool(pages.older(session, feed, after, 1))
        newer, older = cut.rest, after if has_older else None
        cut = Cut(tuple(reversed(cut.shown)), cut.rest)
        newest = None
    else:
        cut = windows.cut_older(pages.older(session, feed, before, PAGE_SIZE + 1), PAGE_SIZE, zone)
        above = pages.newer(session, feed, before, PAGE_SIZE + 1) if before else []
        newer, older = (before if len(above) > PAGE_SIZE else None), cut.rest
        newest = section.address if above else None
    return cut, *_links(reading, section, newer, older, newest)


def _links(
    reading: Reading, section: Section, newer: Mark | None, older: Mark | None, newest: str | None
) -> tuple[Link | None, Link | None]:
    site = reading.newsroom.config.site
    say = words(site.language).text

    def link(title: str, name: str, mark: Mark) -> Link:
        return Link(title, f"{section.address}?{name}={windows.as_text(mark, site.zone)}")

    up = link(say("Newer"), "after", newer) if newer else None
    if up is None and newest:
        up = Link(say("Newest"), newest)
    return up, link(say("Older"), "before", older) if older else None


def _beside(
    reading: Reading, section: Section, day: date
) -> tuple[Month | None, Link | None, Link | None]:
    """The calendar of a day's month, and the nearest days with articles after and before it."""
    site = reading.newsroom.config.site
    bounds = day_bounds(day, site.zone)
    if section.feed is None or bounds is None:
        return None, None, None
    last, following = pages.neighbours(
        reading.session, section.feed.id, before=[bounds[0]], after=[bounds[1]]
    )
    before, after = windows.local_day(last, site.zone), windows.local_day(following, site.zone)

    def link(one: date | None) -> Link | None:
        return Link(short_date(one, site.language), section.day(one)) if one else None

    return _month(reading, section, day, shown=day), link(after), link(before)


def _month(
    reading: Reading, section: Section, day: date, *, shown: date | None = None
) -> Month | None:
    site = reading.newsroom.config.site
    bounds = windows.month_bounds(day, site.zone)
    if section.feed is None or not bounds:
        return None
    feed, starts = section.feed.id, [start for start, _ in bounds.values()]
    end = max(end for _, end in bounds.values())
    counts = pages.counts(reading.session, feed, bounds)
    last, following = pages.neighbours(reading.session, feed, before=[min(starts)], after=[end])
    return month_of(
        day,
        counts,
        site.language,
        section.day,
        earlier=windows.local_day(last, site.zone),
        later=windows.local_day(following, site.zone),
        shown=shown,
    )


def below(reading: Reading, section: Section) -> list[Link]:
    """The sections right below one."""
    if not section.path:
        return []
    found = pages.sections(reading.session, section.path, BELOW)
    return [section_link(reading.root, feed) for feed in found]


def crumbs(reading: Reading, section: Section, language: str) -> list[Link]:
    """The way from the home page down to a section."""
    home = words(language).text("Home")
    way = [section.feeds[path] for path in chain(section.path) if path in section.feeds and path]
    return [Link(home, f"{reading.root}/"), *(section_link(reading.root, feed) for feed in way)]


def top_address(section: Section) -> str:
    """The address of the highest category that a section is in."""
    return f"{section.root}/{quote(section.path.partition('/')[0])}/" if section.path else ""


def announced(reading: Reading, section: Section) -> list[FeedLink]:
    """The addresses of a section's own feed, then those of the main one, in each format."""
    config = reading.newsroom.config
    wanted = [section.feed, section.feeds.get("")] if section.path else [section.feed]
    return [
        link
        for feed in wanted
        if feed and feed.kind in config.feeds.kinds
        for link in feed_links(config, feed.kind, feed.key, feed.title or config.site.title)
    ]


def feed_page(reading: Reading, section: Section) -> Link:
    """The page that explains a section's feed, or that of all feeds."""
    site, feed = reading.newsroom.config.site, section.feed
    if feed is None or feed.kind not in reading.newsroom.config.feeds.kinds:
        return Link(site.title, f"{site.url}/feeds/")
    folder = quote(feed_path(feed.kind, feed.key))
    return Link(feed.title or site.title, f"{site.url}/feeds/{folder}")
