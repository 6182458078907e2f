"""A digest reads well in a real browser: narrow, wide, dark, and from right to left.

With REFRESH_PICTURES=1 the pictures of docs/pictures are taken anew; look at them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest

from publisher.config import Config, MailingList
from publisher.newsletter.compose import Composer
from publisher.newsletter.edition import Contents, Dates
from publisher.newsletter.variants import Variant
from publisher.render.environment import Templates
from tests.conftest import REPOSITORY
from tests.factories import SITE, WHEN, article_view
from tests.test_digest import CORRECTIONS, DAY, EDITION

PICTURES = REPOSITORY / "docs" / "pictures"
HOSTILE = [
    article_view(
        title="Unbreakable" * 20,
        slug="a",
        body=(
            f"<p>{'x' * 400}</p><pre>{'code ' * 60}</pre>"
            f"<table><tr>{'<td>cell' + 'y' * 40 + '</td>'}{'<td>cell</td>' * 12}</tr></table>"
            '<p><img src="https://news.example/wide.png" alt="A wide picture" width="2000"></p>'
            f'<p><a href="https://news.example/">https://news.example/{"long/" * 40}</a></p>'
        ),
        category=("Town" * 20, "Council" * 20),
        sources=[{"name": "Source" * 40}],
    )
]
# WCAG 2.1, 1.4.3: text against what is behind it.
CONTRAST = """
() => {
  const rgba = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('h1, h2, h3, h4, p, li, a, td, strong')]
    .filter((one) => one.offsetParent && one.textContent.trim() && one.className !== 'preheader')
    .map((one) => {
      const [a, b] = [light(rgba(getComputedStyle(one).color)), light(behind(one))];
      return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), one.outerHTML.slice(0, 80)];
    })
    .sort((one, other) => one[0] - other[0])[0];
}
"""


@pytest.fixture(scope="module")
def browser(missing: Callable[[str], NoReturn]) -> Iterator[Any]:
    program = shutil.which("chromium")
    if program is None:
        missing("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


def html(language: str, hostile: bool = False) -> str:
    """A digest of three dates, with corrections."""
    more = [
        replace(one, uid=f"{one.uid}-{n}", local_date=DAY - timedelta(days=n))
        for n in (1, 2)
        for one in EDITION[:2]
    ]
    contents = Contents((*(HOSTILE if hostile else []), *EDITION, *more), CORRECTIONS)
    dates = Dates(DAY - timedelta(days=2), DAY)
    site = SITE.model_copy(update={"title": "Saltmere Courier"})
    one = MailingList(title="The Courier by mail")
    composer = Composer(one, dates, contents, Templates(None), Config(site=site))
    mail = composer.mail(Variant((), language, "html"))
    assert mail is not None
    return mail.html


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 640])
def test_a_digest_fits_its_window_and_can_be_read(
    browser: Any, language: str, scheme: str, width: int
) -> None:
    window = {"width": width, "height": 700 if width == 320 else 540}
    with browser.new_context(
        viewport=window, color_scheme=scheme, java_script_enabled=True, offline=True
    ) as context:
        page = context.new_page()
        for hostile in (True, False):
            page.set_content(html(language, hostile))
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate("document.compatMode") == "CSS1Compat", "no quirks"
        ratio, where = page.evaluate(CONTRAST)
        assert ratio >= 4.5, where
        first = page.locator("h1").bounding_box()
        assert first["y"] < 120, "the preheader takes no room"
        side = page.evaluate("getComputedStyle(document.querySelector('h1')).direction")
        assert side == ("rtl" if language == "ar" else "ltr")
        if os.environ.get("REFRESH_PICTURES"):
            PICTURES.mkdir(exist_ok=True)
            name = f"digest-{language}-{width}-{scheme}"
            page.screenshot(path=PICTURES / f"{name}.png", clip=window | {"x": 0, "y": 0})
            page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
            if scheme == "light":
                page.screenshot(path=PICTURES / f"{name}-end.png")


def test_the_pictures_in_the_documentation_are_small() -> None:
    pictures = list(PICTURES.glob("digest-*.png"))
    assert len(pictures) == 12
    assert all(Path(one).stat().st_size < 100_000 for one in pictures)
    assert WHEN.year == 2018
