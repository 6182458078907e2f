"""How tests put embeds into pages of another origin, and wait for them from outside."""

from __future__ import annotations

import time

from playwright.sync_api import Page

from tests.browser.conftest import Site
from tests.embedding import ways_to_embed
from tests.sites import browser

LISTEN = """
    window.heard = [];
    addEventListener("message", ({ data, origin }) => window.heard.push([data.type, origin]));
"""


def way(site: Site, name: str, query: str = "") -> tuple[str, str]:
    """The code and the policy that the builder page shows."""
    answer = browser(site.newsroom).get(f"/embed/?{query}")
    assert answer.status_code == 200
    return ways_to_embed(answer.text)[name]


def until(page: Page, expression: str) -> None:
    """Wait from outside for what holds in a page: inside, its policy forbids it."""
    end = time.monotonic() + 15
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(20)


def filled(page: Page) -> None:
    """Wait until the component has its articles."""
    until(page, "document.querySelector('news-feed').shadowRoot?.children.length")


def as_high_as_it_says(page: Page) -> None:
    """Wait until the frame is as high as the page in it."""
    inner = page.frames[1]
    inner.wait_for_load_state()
    end = time.monotonic() + 15
    while True:
        high = inner.evaluate("Math.ceil(document.documentElement.getBoundingClientRect().height)")
        told = page.locator("iframe").get_attribute("height")
        if told == str(high):
            return
        assert time.monotonic() < end, (told, high)
        page.wait_for_timeout(20)
