"""The pages of feeds in Chromium: on a phone and a screen, by day and by night, right to left."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NoReturn

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, sync_playwright

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.pipeline.build import syndicate
from tests.test_feed_golden import ARTICLES, NOON
from tests.test_publishing import store

SITE = "https://courier.example/feeds/"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".xml": "application/xml"}
Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def browser(missing: Callable[[str], NoReturn]) -> Iterator[Browser]:
    program = shutil.which("chromium") or missing("chromium is not installed")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=arguments)
        yield started
        started.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder feeds/ of a small newsroom."""
    root = tmp_path_factory.mktemp("newsroom")
    site = {"title": "Saltmere Courier", "url": "https://courier.example"}
    with opened(Config.model_validate({"root": root, "site": site})) as newsroom:
        store(newsroom, *ARTICLES)
        syndicate(newsroom, NOON)
    return root / "feeds"


@pytest.fixture
def open_page(browser: Browser, folder: Path) -> Iterator[Callable[..., Page]]:
    """Opens an address of the site; nothing but the folder is there."""
    pages: list[Page] = []

    def serve(route: Route) -> None:
        name = route.request.url.removeprefix(SITE)
        file = folder / (f"{name}index.html" if name.endswith("/") or not name else name)
        if file.is_file():
            route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])
        else:
            route.fulfill(status=404, body="")

    def opened_page(path: str, scheme: Scheme = "light", width: int = 1280) -> Page:
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        pages.append(page)
        page.route("**/*", serve)
        page.goto(SITE + path)
        return page

    yield opened_page
    for page in pages:
        page.close()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "town/", "language/ar/"])
def test_a_page_fits_its_window_and_can_be_read_by_everybody(
    open_page: Callable[..., Page], path: str, scheme: Scheme, width: int
) -> None:
    page = open_page(path, scheme, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize("path", ["town/", "atom.xml", "rss.xml"])
def test_a_page_and_a_feed_are_dark_where_the_reader_wants_it(
    open_page: Callable[..., Page], path: str
) -> None:
    color = "getComputedStyle(document.body || document.documentElement).backgroundColor"
    colors = [open_page(path, scheme).evaluate(color) for scheme in ("light", "dark")]
    dark = "rgb(25, 24, 22)" if path == "town/" else "rgb(33, 31, 28)"
    assert colors == ["rgb(255, 253, 249)", dark]


def test_an_arabic_page_begins_at_the_right(open_page: Callable[..., Page]) -> None:
    page = open_page("language/ar/")
    box = page.evaluate(
        "(() => { const range = document.createRange();"
        "range.selectNodeContents(document.querySelector('h1'));"
        "return range.getBoundingClientRect().right })()"
    )
    assert box == page.evaluate("document.querySelector('main p').getBoundingClientRect().right")
    link = page.locator(".addresses a").first
    assert link.inner_text() == f"{SITE}language/ar/atom.xml"


@pytest.mark.parametrize(("path", "entry"), [("atom.xml", "entry"), ("rss.xml", "item")])
def test_a_feed_that_is_opened_as_xml_shows_its_articles(
    open_page: Callable[..., Page], path: str, entry: str
) -> None:
    page = open_page(path)
    shown = page.locator("title").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().height).map(one => one.textContent)"
    )
    assert shown == ["Saltmere Courier", *[one.title for one in reversed(ARTICLES)]]
    direction = "one => getComputedStyle(one).direction"
    found = page.locator(entry).evaluate_all(f"all => all.map({direction})")
    assert found == ["ltr", "ltr", "rtl", "ltr"]
