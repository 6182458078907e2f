"""Frames in partners' pages: as high as what is in them, and no wider door than they need."""

from __future__ import annotations

import pytest

from tests.browser.conftest import OpenPage, Site
from tests.browser.embedding import LISTEN, as_high_as_it_says, until, way
from tests.embedding import PartnerSite, partner_site


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_frame_gets_the_height_that_it_needs(
    open_address: OpenPage, sites: dict[str, Site], partner: PartnerSite, language: str
) -> None:
    site = sites[language]
    code, policy = way(site, "frame", "count=3&detail=full")
    address = partner.page(code, policy, language=language)
    page = open_address(
        address, partner.url, site.url, before=lambda page: page.add_init_script(LISTEN)
    )
    as_high_as_it_says(page)
    wide = int(page.locator("iframe").get_attribute("height") or 0)
    assert wide > 480
    page.set_viewport_size({"width": 360, "height": 900})
    until(page, f"Number(document.querySelector('iframe').height) !== {wide}")
    as_high_as_it_says(page)
    assert page.evaluate("new Set(window.heard.map(String)).size") == 1
    assert page.evaluate("window.heard[0]") == ["news-frame-height", site.url]


def test_the_height_is_told_to_nobody_but_the_page_around(
    open_address: OpenPage, sites: dict[str, Site], partner: PartnerSite
) -> None:
    site = sites["en"]
    code, policy = way(site, "frame")
    with partner_site() as other:
        middle = other.page(code.partition("\n")[0], policy)
        outer = partner.page(
            f'<iframe src="{middle}" title="x"></iframe>', f"frame-src {other.url}"
        )
        page = open_address(
            outer, partner.url, other.url, site.url,
            before=lambda page: page.add_init_script(LISTEN),
        )  # fmt: skip
        until(page, "frames[0].frames.length === 1")
        outermost, around, frame = page.frames
        frame.wait_for_load_state()
        around.wait_for_timeout(200)
        assert frame.locator(".news-item").count() > 0
        assert outermost.evaluate("window.heard") == []
        assert around.evaluate("window.heard[0]") == ["news-frame-height", site.url]


def test_a_frame_in_a_sandbox_shows_its_articles(
    open_address: OpenPage, sites: dict[str, Site], partner: PartnerSite
) -> None:
    code, policy = way(sites["en"], "frame")
    code = code.replace("<iframe", '<iframe sandbox="allow-scripts"')
    page = open_address(partner.page(code, policy), partner.url, sites["en"].url)
    assert page.frame_locator("iframe").locator(".news-item").first.is_visible()
    page.wait_for_timeout(200)
    # A page of no origin may be anybody's, so nobody believes what it says of itself.
    assert page.locator("iframe").get_attribute("height") == "480"


def test_a_partners_page_believes_only_the_frame_itself(
    open_address: OpenPage, sites: dict[str, Site], partner: PartnerSite
) -> None:
    site = sites["en"]
    page = open_address(partner.page(*way(site, "frame")), partner.url, site.url)
    as_high_as_it_says(page)
    before = page.locator("iframe").get_attribute("height")
    page.evaluate("postMessage({ type: 'news-frame-height', height: 9000 }, '*')")
    for height in ("'9000px'", "1e9", "-5", "NaN", "null", "'<b>'", "{}"):
        page.frames[1].evaluate(
            f"parent.postMessage({{ type: 'news-frame-height', height: {height} }}, '*')"
        )
    page.evaluate("new Promise(done => setTimeout(done, 100))")
    assert page.locator("iframe").get_attribute("height") == before


@pytest.mark.parametrize("path", ["/", "/embed/", "/articles/night-ferry", "/subscribe"])
def test_nothing_but_embeds_can_be_framed(
    open_address: OpenPage, sites: dict[str, Site], partner: PartnerSite, path: str
) -> None:
    site = sites["en"]
    frame = f'<iframe src="{site.url}{path}" title="x"></iframe>'
    refused = ("frame-ancestors", "failed: ", "X-Frame-Options")
    page = open_address(
        partner.page(frame, f"frame-src {site.url}"), partner.url, site.url, allowed=refused
    )
    page.wait_for_timeout(300)
    assert page.frames[1].url.startswith("chrome-error:")


def test_a_link_in_a_frame_leads_the_partners_page_to_the_article(
    open_address: OpenPage, sites: dict[str, Site], partner: PartnerSite
) -> None:
    site = sites["en"]
    page = open_address(partner.page(*way(site, "frame")), partner.url, site.url)
    as_high_as_it_says(page)
    page.frame_locator("iframe").locator(".title a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/articles/*")
