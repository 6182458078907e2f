"""The addresses that readers know: `/`, `/CATEGORY/PATH/`, days of both, `/articles/SLUG`.

Each page is made by a function that is given a session and what was asked for (lists.py,
articles.py, search.py) and returns the page; `Press` does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.routing import Route

from publisher.render.pages import Head, Link
from publisher.render.translations import words
from publisher.store import pages
from publisher.store.engine import Session
from publisher.web.articles import article_page
from publisher.web.lists import Section, day_page, list_page
from publisher.web.press import MovedError, Page, Press, Reading, section_link
from publisher.web.search import PARAMETERS, search_page
from publisher.web.windows import place_of

# More sections than anybody reads down.
MOST_SECTIONS = 2000


@dataclass(frozen=True, slots=True)
class Former:
    """What became of a former address: the one that it leads to now, or none if it is gone."""

    address: str | None


# Asked with the path of a request (`/articles/old-slug`, `/old/section/`) that leads nowhere now.
FindFormer = Callable[[Session, str], Former | None]


def nothing_has_moved(_session: Session, _path: str) -> Former | None:
    """The answer of a site that keeps no former addresses."""
    return None


def routes(press: Press, find_former: FindFormer = nothing_has_moved) -> list[Route]:
    """The routes of all pages; the one that takes any path comes last."""

    def article(reading: Reading) -> Page:
        slug = reading.path["slug"]
        return _or_former(
            reading, f"/articles/{slug}", find_former, lambda: article_page(reading, slug)
        )

    def place(reading: Reading) -> Page:
        path = reading.path["path"]
        return _or_former(reading, f"/{path}", find_former, lambda: _place(reading, path))

    return [
        Route("/", press.endpoint(lambda reading: list_page(reading, ""), "before", "after")),
        Route("/articles/{slug}", press.endpoint(article)),
        Route("/search", press.endpoint(search_page, *PARAMETERS, keep=False)),
        Route("/sections/", press.endpoint(sections_page)),
        Route("/{path:path}", press.endpoint(place, "before", "after")),
    ]


def _place(reading: Reading, path: str) -> Page:
    place = place_of(path)
    if place is None:
        with_slash = place_of(f"{path}/")
        if with_slash is None or with_slash.category not in _feeds(reading, with_slash.category):
            raise HTTPException(404)
        section = Section(with_slash.category, None, {}, reading.root)
        raise MovedError(section.day(with_slash.day) if with_slash.day else section.address)
    if place.day is None:
        return list_page(reading, place.category)
    return day_page(reading, place.category, place.day)


def _feeds(reading: Reading, path: str) -> dict[str, object]:
    return dict(pages.feeds_at(reading.session, [path]))


def _or_former(
    reading: Reading, path: str, find_former: FindFormer, make: Callable[[], Page]
) -> Page:
    """The page, or where its former address leads. Raises MovedError, HTTPException."""
    try:
        return make()
    except HTTPException as error:
        former = find_former(reading.session, path) if error.status_code == 404 else None
        if former is None:
            raise
        if former.address is None:
            raise HTTPException(410) from None
        raise MovedError(former.address) from None


def sections_page(reading: Reading) -> Page:
    """Every category that holds something, as a tree."""
    site = reading.newsroom.config.site
    say = words(site.language).text
    heading, address = say("All sections"), f"{reading.root}/sections/"
    found = pages.all_sections(reading.session, MOST_SECTIONS)
    head = Head(
        heading,
        site.language,
        address,
        crumbs=[Link(say("Home"), f"{reading.root}/"), Link(heading, address)],
    )
    tree: list[tuple[Link, list[tuple[int, Link]]]] = []
    for feed in found:
        link, depth = section_link(reading.root, feed), feed.key.count("/")
        if depth and tree:
            tree[-1][1].append((depth, link))
        else:
            tree.append((link, []))
    return reading.page("pages/sections.html", head, heading=heading, tree=tree)
