"""From the form to the mail to its links and back, in a browser without scripts; and every page on
that way fits any screen, in both directions, and reads well to a screen reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from publisher.config import MailingList
from publisher.model import Cause
from publisher.newsletter.subscriptions import wish_of
from publisher.pipeline import editions, sending, subscribing
from publisher.pipeline.links import Links
from publisher.pipeline.notices import send_notices
from publisher.store import acts, subscribers
from tests.browser.conftest import ARABIC as IN_ARABIC
from tests.browser.conftest import NOW, OpenPage, Site, sample_site
from tests.browser.test_pages import is_too_wide
from tests.mailroom import letters, text_of

ADA, BO = "ada@example.org", "bo@example.org"
LANGUAGES = ("en", "ar")
each_site = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    """The sample newsrooms, with an edition that Ada has got."""
    folder = tmp_path_factory.mktemp("mail")
    with (
        sample_site(folder / "english", {}) as english,
        sample_site(folder / "arabic", IN_ARABIC) as arabic,
    ):
        for site in (english, arabic):
            joined(site)
            one = the_list(site)
            edition = editions.cut(site.newsroom, one, NOW.date(), NOW)
            for _ in sending.deliver(site.newsroom, one, edition, lambda: NOW):
                pass
        yield {"en": english, "ar": arabic}


def the_list(site: Site) -> MailingList:
    return site.newsroom.config.lists[0]


def joined(site: Site) -> None:
    with site.newsroom.store.write() as session:
        place = subscribers.places(session, the_list(site).name, [ADA])[ADA]
        assert place.subscriber is None
    subscribing.sign_up(site.newsroom, the_list(site), wish_of({"email": ADA}), NOW)
    with site.newsroom.store.write() as session:
        place = subscribers.places(session, the_list(site).name, [ADA])[ADA]
        acts.act(session, the_list(site).name, place, Cause.CONFIRMED, NOW)


def links(site: Site, address: str = ADA) -> dict[str, str]:
    """What every link of a mail leads to, as paths by marker."""
    with site.newsroom.store.read() as session:
        person = subscribers.by_email(session, address)
        assert person is not None
        handle = person.handle
    now = datetime.now(UTC)
    found = Links(site.newsroom, now).of_notice(handle, the_list(site).name, now)
    return {marker.strip("@"): link.removeprefix(site.url) for marker, link in found.items()}


def path_of(site: Site, what: str) -> str:
    """The path of a page by its name here."""
    editions_at = f"/editions/{the_list(site).name}/"
    more = {
        "ASK": f"{links(site)['PREFERENCES']}/data",
        "EDITIONS": editions_at,
        "EDITION": f"{editions_at}{NOW:%Y-%m-%d}/",
    }
    return (links(site) | more)[what]


@each_site
@pytest.mark.parametrize(
    "what",
    ["CONFIRM", "PREFERENCES", "UNSUBSCRIBE", "RESUBSCRIBE", "DATA", "ASK", "EDITIONS", "EDITION"],
)
def test_every_page_fits_any_screen_and_has_no_fault_for_a_screen_reader(
    open_page: OpenPage, sites: dict[str, Site], what: str, language: str
) -> None:
    page = open_page(path_of(sites[language], what), language=language)
    assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
    for width in (1280, 360, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert not is_too_wide(page), (width, too_wide(page))
    for width, scheme in ((1280, "light"), (360, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = Axe().run(page)
        assert found.violations_count == 0, f"{width} {scheme}\n{found.generate_report()}"


def too_wide(page: Page) -> object:
    """What stands out of the page."""
    return page.evaluate(
        """() => [...document.querySelectorAll("main *")]
            .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
            .map(one => [one.tagName, one.className, one.getBoundingClientRect().right])"""
    )


def mailed(site: Site, folder: str) -> str:
    """Send what is due; the path in a mail to Bo that leads into that folder."""
    for _ in send_notices(site.newsroom, lambda: datetime.now(UTC)):
        pass
    text = "".join(text_of(letter) for letter in letters(site.newsroom, BO))
    found = re.search(rf"{re.escape(site.url)}(/{folder}/[\w.-]+)", text)
    assert found is not None, text
    return found[1]


def press(page: Page) -> None:
    """The page's own button, by keyboard."""
    page.locator("main button").last.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_reader_joins_chooses_leaves_comes_back_and_is_forgotten_without_a_script(
    open_page: OpenPage, sites: dict[str, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.web.form_times.SOONEST", timedelta())
    site = sites["en"]
    page = open_page("/subscribe", java_script_enabled=False)
    page.get_by_label("Your mail address").fill(BO)
    press(page)
    assert "on its way" in page.locator("[role=status]").inner_text()
    page.goto(site.url + mailed(site, "confirm"))
    press(page)
    assert "from its next edition" in page.locator("[role=status]").inner_text()
    page.goto(site.url + mailed(site, "preferences"))
    page.get_by_label("Text only").check()
    press(page)
    assert "Saved" in page.locator("[role=status]").inner_text()
    page.goto(site.url + links(site, BO)["UNSUBSCRIBE"])
    press(page)
    assert "no longer" in page.locator("[role=status]").inner_text()
    assert page.locator("main button").all_inner_texts() == ["That was a mistake: undo"]
    press(page)
    assert "from its next edition" in page.locator("[role=status]").inner_text()
    page.goto(site.url + links(site, BO)["PREFERENCES"])
    page.get_by_role("link", name="What we know about you").click()
    press(page)
    page.goto(site.url + mailed(site, "data"))
    assert BO in page.locator("main").inner_text()
    page.get_by_label("I am sure").check()
    press(page)
    assert "erased" in page.locator("[role=status]").inner_text()
    with site.newsroom.store.read() as session:
        assert subscribers.by_email(session, BO) is None
