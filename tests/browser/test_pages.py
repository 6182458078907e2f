"""Pages as people meet them: small and wide, light and dark, in both directions, by keyboard,
without scripts, on paper, and through a screen reader's eyes (axe-core)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from publisher.web.statics import PACKAGED
from tests.browser.conftest import OpenPage, Site
from tests.conftest import REPOSITORY

# Each kind of page there is, with its status.
PAGES = {
    "/": 200,
    "/town/": 200,
    "/town/harbour/": 200,
    "/2024/05/01/": 200,
    "/town/council/2024/05/02/": 200,
    "/2024/04/01/": 404,
    "/articles/night-ferry": 200,
    "/articles/night-ferry-ar": 200,
    "/articles/ferry-timetable": 200,
    "/articles/everything": 200,
    "/articles/withdrawn": 410,
    "/search": 200,
    "/search?q=ferry+-regatta&category=town&from=2024-01-01": 200,
    "/search?q=nothingofthekind": 200,
    "/sections/": 200,
    "/subscribe": 200,
    "/embed/subscribe": 200,
    "/api/v1/": 200,
    "/embed/?detail=full&count=3": 200,
    "/embed/?count=0": 400,
    "/embed/frame/?count=20&theme=dark&accent=c30": 200,
    "/embed/frame/town/?detail=full": 200,
    "/embed/frame/nope/": 404,
    "/embed/article/everything?detail=full": 200,
    "/embed/article/withdrawn": 410,
    "/nope": 404,
    "/feeds/": 200,
    "/feeds/town/": 200,
}
each_site = pytest.mark.parametrize("language", ["en", "ar"])


def is_too_wide(page: Page) -> bool:
    return bool(
        page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    )


@each_site
@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_any_screen_and_has_no_fault_for_a_screen_reader(
    open_page: OpenPage, path: str, language: str
) -> None:
    page = open_page(path, language=language, status=PAGES[path])
    for width in (2000, 1280, 700, 360, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert not is_too_wide(page), width
    for width, scheme in ((1280, "light"), (360, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = Axe().run(page)
        assert found.violations_count == 0, f"{width} {scheme}\n{found.generate_report()}"


def test_the_keyboard_skips_to_the_content(open_page: OpenPage) -> None:
    page = open_page("/town/", reduced_motion="reduce")
    assert not is_on_screen(page, ".skip")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to content"
    assert is_on_screen(page, ".skip")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    assert page.locator("main :focus").count() == 1


def is_on_screen(page: Page, selector: str) -> bool:
    box = page.locator(selector).bounding_box()
    return box is not None and box["y"] >= 0


@each_site
def test_the_keyboard_reaches_everything_and_shows_where_it_is(
    open_page: OpenPage, language: str
) -> None:
    page = open_page("/2024/05/01/", language=language)
    wanted = page.locator("a[href], button, input, select").count()
    reached = set()
    for _ in range(wanted):
        page.keyboard.press("Tab")
        place, outline = page.evaluate(
            """() => {
                const all = [...document.querySelectorAll("a[href], button, input, select")];
                const style = getComputedStyle(document.activeElement);
                return [all.indexOf(document.activeElement),
                        style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
            }"""
        )
        assert outline, page.evaluate("document.activeElement.outerHTML")
        reached.add(place)
    assert reached == set(range(wanted))


@each_site
def test_everything_works_without_a_script(open_page: OpenPage, language: str) -> None:
    page = open_page("/", language=language, java_script_enabled=False)
    page.locator("nav.sections a", has_text="Town").click()
    page.locator("nav.below a", has_text="Harbour").click()
    page.locator(".teaser .title a", has_text="night ferry").click()
    assert page.locator("h1").inner_text() == "A night ferry will sail again from the old pier"
    page.locator("a[hreflang=ar]").click()
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.locator(".masthead input[name=q]").fill("عبارة")
    page.keyboard.press("Enter")
    assert page.locator("main mark").first.inner_text() == "عبّارة"
    page.locator("main input[name=q]").fill('"old pier"')
    page.locator("main select").select_option("town")
    page.locator("main button").click()
    assert page.locator("main .teaser").count() == 1
    page.locator(".masthead .title a").click()
    page.locator(".month td a").first.click()
    assert page.locator(".month [aria-current=page]").count() == 1


def test_on_paper_there_is_the_article_and_nothing_to_click(open_page: OpenPage) -> None:
    page = open_page("/articles/night-ferry", scheme="dark")
    page.emulate_media(media="print")
    for hidden in (".sections", ".search", ".crumbs", ".beside", ".foot ul", ".skip"):
        assert not page.locator(hidden).first.is_visible(), hidden
    assert page.locator(".article").is_visible()
    ink, paper = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert (ink, paper) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)")
    address = "getComputedStyle(document.querySelector('.sources a'), '::after').content"
    assert "https://coastwire.example/" in page.evaluate(address)


def test_a_page_is_mirrored_for_a_language_that_is_written_from_the_right(
    open_page: OpenPage,
) -> None:
    places = {}
    for language in ("en", "ar"):
        page = open_page("/", language=language)
        for part in (".masthead .title a", ".beside"):
            box = page.locator(part).bounding_box()
            assert box is not None
            places[language, part] = box["x"] + box["width"] / 2 > 640
    assert places == {
        ("en", ".masthead .title a"): False, ("en", ".beside"): True,
        ("ar", ".masthead .title a"): True, ("ar", ".beside"): False,
    }  # fmt: skip


def test_the_first_page_comes_in_few_bytes(open_page: OpenPage) -> None:
    page = open_page("/")
    sizes = page.evaluate(
        """() => ["navigation", "resource"].flatMap(kind => performance.getEntriesByType(kind))
            .filter(one => !/\\.(png|jpe?g|webp)$/.test(one.name))
            .map(one => one.encodedBodySize)"""
    )
    assert 0 < sum(sizes) < 20_000, "compressed; 60 kB without"


def test_every_link_within_the_site_leads_somewhere(
    open_page: OpenPage, sites: dict[str, Site]
) -> None:
    origin = sites["en"].url
    seen: set[str] = set()
    for path in ("/", "/town/", "/2024/05/01/", "/articles/everything", "/sections/", "/search"):
        page = open_page(path)
        links = page.evaluate("[...document.links].map(link => link.href)")
        seen |= {link.partition("#")[0] for link in links if link.startswith(f"{origin}/")}
        page.context.close()
    page = open_page("/")
    wrong = {
        link: status
        for link in sorted(seen)
        if (status := page.context.request.get(link).status) != 200
    }
    assert wrong == {}


SHEETS = [*PACKAGED.glob("*.css"), *(REPOSITORY / "email_templates" / "feeds").glob("*.css")]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda file: str(file.name))
def test_a_style_sheet_knows_no_left_and_no_right(sheet: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
    sides = r"[\w-]*\b(left|right)\b[\w-]*\s*:|:\s*(left|right)\b"
    assert re.findall(sides, text) == []
    assert "http" not in text.replace('href^="http"', "")
