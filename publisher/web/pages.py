"""The addresses that readers know: `/`, `/CATEGORY/PATH/`, days of both, `/articles/SLUG`.

Each page is made by a function that is given a session and what was asked for (lists.py,
articles.py, search.py) and returns the page; `Press` does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.routing import Route

from publisher.render.pages import Head, Link
from publisher.render.translations import words
from publisher.store import addresses, pages
from publisher.store.addresses import Former
from publisher.web.articles import article_page
from publisher.web.lists import Section, day_page, list_page
from publisher.web.press import MovedError, Page, Press, Reading, section_link
from publisher.web.search import PARAMETERS, search_page
from publisher.web.windows import Place, place_of

# More sections than anybody reads down.
MOST_SECTIONS = 2000


def routes(press: Press) -> list[Route]:
    """The routes of all pages; the one that takes any path comes last."""
    return [
        Route("/", press.endpoint(lambda reading: list_page(reading, ""), "before", "after")),
        Route("/articles/{slug}", press.endpoint(_article)),
        Route("/search", press.endpoint(search_page, *PARAMETERS, keep=False)),
        Route("/sections/", press.endpoint(sections_page)),
        Route("/{path:path}", press.endpoint(_place, "before", "after")),
    ]


def _article(reading: Reading) -> Page:
    slug = reading.path["slug"]
    try:
        return article_page(reading, slug)
    except HTTPException as error:
        former = lacking(error, lambda: addresses.former_article(reading.session, slug))
        now_at = pages.by_slug(reading.session, former)
        # Where readers have never seen it, its new name is none of their business yet.
        if now_at is None or pages.last_change(reading.session, now_at.id) is None:
            raise
        raise MovedError(f"{reading.root}/articles/{quote(former)}") from None


def _place(reading: Reading) -> Page:
    path = reading.path["path"]
    place = place_of(path)
    if place is None:
        return _with_slash(reading, place_of(f"{path}/"))
    try:
        if place.day is None:
            return list_page(reading, place.category)
        return day_page(reading, place.category, place.day)
    except HTTPException as error:
        return _elsewhere(reading, place, former_section(reading, place.category, error))


def _with_slash(reading: Reading, place: Place | None) -> NoReturn:
    """To the address that was meant, where its last slash was left out."""
    lacking = HTTPException(404)
    if place is None:
        raise lacking
    known = place.category in pages.feeds_at(reading.session, [place.category])
    category = place.category if known else former_section(reading, place.category, lacking)
    _elsewhere(reading, place, category)


def former_section(reading: Reading, category: str, error: HTTPException) -> str:
    """The path that a category has now. Raises HTTPException: `error` where it never was here, 410
    where it was removed."""
    path = lacking(error, lambda: addresses.former_category(reading.session, category))
    if path not in pages.feeds_at(reading.session, [path]):
        raise error
    return path


def _elsewhere(reading: Reading, place: Place, category: str) -> NoReturn:
    section = Section(category, None, {}, reading.root)
    raise MovedError(section.day(place.day) if place.day else section.address)


def lacking(error: HTTPException, find: Callable[[], Former | None]) -> str:
    """Where what is not here has gone to. Raises HTTPException: `error` where it never was here,
    410 where it is gone for good."""
    former = find() if error.status_code == 404 else None
    if former is None:
        raise error
    if former.to is None:
        raise HTTPException(410) from None
    return former.to


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
