"""The desk as people meet it: an editor's day from signing in to one reader's letter; every page
small and wide, light and dark, in both directions, by keyboard, without scripts, and through a
screen reader's eyes; and hostile texts in every field, of which nothing runs."""

from __future__ import annotations

import io
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from publisher import config as settings
from publisher import sample
from publisher.bootstrap import opened
from publisher.cli.importing import Source
from publisher.clock import Clock
from publisher.model import Cause, Role
from publisher.pipeline import imports, users
from publisher.pipeline.intake import take_in
from publisher.pipeline.newsroom import Newsroom
from publisher.store import acts, articles
from publisher.syndicator import Syndicator
from tests.browser.conftest import ARABIC, Chromium, Watched, free_port, served
from tests.deskwork import PASSWORD, user
from tests.factories import join

NOW = datetime.now(UTC)
READERS = [f"reader{number}@example.org" for number in range(40)]
PAGES = (
    "/desk/", "/desk/account", "/desk/articles/", "/desk/articles/?q=ferry",
    "/desk/articles/?q=nothingofthekind", "/desk/articles/new", "/desk/articles/1/edit",
    "/desk/articles/1", "/desk/articles/1?as=mail", "/desk/articles/1?as=page",
    "/desk/articles/1?as=embed", "/desk/editions/", "/desk/editions/daily/@today/",
    "/desk/deliveries/", "/desk/deliveries/?email=reader1@example.org", "/desk/subscribers/",
    "/desk/subscribers/?list=daily", "/desk/subscribers/1", "/desk/subscribers/import",
    "/desk/feeds/", "/desk/imports/", "/desk/programs/",
)  # fmt: skip
EVASIONS = (
    '<script>window.ran=1</script>', '"><img src=x onerror=window.ran=1>',
    "javascript:window.ran=1", "<svg/onload=window.ran=1>", "{{7*7}}${window.ran=1}",
    "' autofocus onfocus=window.ran=1 x='", "</textarea><script>window.ran=1</script>",
    "<iframe srcdoc='<script>parent.ran=1</script>'>", "<a href='java\tscript:window.ran=1'>x</a>",
)  # fmt: skip


class Desk:
    """A newsroom at work, and whoever opens its desk."""

    def __init__(self, newsroom: Newsroom, chromium: Chromium) -> None:
        self.newsroom, self.url = newsroom, newsroom.config.site.url
        self._chromium = chromium
        self._contexts: list[BrowserContext] = []
        self.watched: list[Watched] = []

    def open(self, name: str = "", *, width: int = 1280, **options: Any) -> Page:
        """A page of the browser; signed in without the form where a name is given."""
        context = self._chromium.browser.new_context(
            viewport=ViewportSize(width=width, height=900), reduced_motion="reduce", **options
        )
        self._contexts.append(context)
        if name:
            made = users.sign_in(self.newsroom, name, PASSWORD, "192.0.2.0/24", NOW)
            context.add_cookies([{"name": "desk", "value": made.secret, "url": self.url}])
        page = context.new_page()
        found = Watched(page, (self.url,))
        found.watch()
        self.watched.append(found)
        return page

    def close(self) -> None:
        for context in self._contexts:
            self._chromium.do(context.close)


@contextmanager
def working(folder: Path, changes: dict[str, str]) -> Iterator[Newsroom]:
    """The sample newsroom with readers, served, syndicated and sending; it cuts nothing itself."""
    sample.unpack(folder, NOW)
    file = folder / "config.toml"
    text = file.read_text(encoding="utf-8").replace("@port@", str(free_port()))
    for before, after in changes.items():
        text = text.replace(before, after, 1)
    file.write_text(text, encoding="utf-8")
    with opened(settings.load(file, environ={})) as newsroom:
        fill(newsroom, folder)
        syndicator, clock = Syndicator(newsroom), Clock(newsroom, cuts=False)
        syndicator.start()
        clock.start()
        try:
            with served(newsroom.config, newsroom):
                yield newsroom
        finally:
            clock.stop()
            syndicator.stop()


def fill(newsroom: Newsroom, folder: Path) -> None:
    for place in ("articles", "corrected"):
        source = Source((str(folder / place),), None, newsroom.config)
        for _ in take_in(newsroom, source.pieces(), NOW):
            pass
    with newsroom.store.write() as session:
        join(session, "daily", [*READERS], now=NOW - timedelta(days=5))
        acts.stop(session, 2, Cause.BOUNCED, NOW, "550 5.1.1 no such person")
        articles.set_aside(session, "inbox/broken.md", 3, "it has no date; give it one", NOW)
    imports.note(newsroom, "articles", "articles", {"new": 14}, NOW)
    user(newsroom, "ed", Role.EDITOR)
    user(newsroom, "olga", Role.OPERATOR)


@pytest.fixture(scope="module")
def newsrooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Newsroom]]:
    with ExitStack() as stack:
        made: dict[str, Newsroom] = {}

        def of(language: str) -> Newsroom:
            if language not in made:
                folder = tmp_path_factory.mktemp(f"desk-{language}") / "site"
                changes = ARABIC if language == "ar" else {}
                made[language] = stack.enter_context(working(folder, changes))
            return made[language]

        yield of


@pytest.fixture
def desks(
    chromium: Chromium, newsrooms: Callable[[str], Newsroom]
) -> Iterator[Callable[..., Desk]]:
    opened_desks: list[Desk] = []

    def of(language: str = "en") -> Desk:
        opened_desks.append(Desk(newsrooms(language), chromium))
        return opened_desks[-1]

    yield of
    for desk in opened_desks:
        desk.close()
    said = [text for desk in opened_desks for one in desk.watched for text in one.complaints]
    # A page that is left hears no more of the progress.
    assert [text for text in said if not text.endswith("/progress: net::ERR_ABORTED")] == []


def today(newsroom: Newsroom) -> str:
    one = newsroom.config.lists[0]
    return str(datetime.now(newsroom.config.zone_of(one)).date())


def is_too_wide(page: Page) -> bool:
    return bool(
        page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    )


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_fits_any_screen_and_has_no_fault_for_a_screen_reader(
    desks: Callable[..., Desk], chromium: Chromium, language: str
) -> None:
    desk = desks(language)
    page = desk.open("olga")
    for path in PAGES:
        answer = page.goto(desk.url + path.replace("@today", today(desk.newsroom)))
        assert answer is not None
        assert answer.status == 200, path
        assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
        for width in (1280, 700, 360, 320):
            page.set_viewport_size({"width": width, "height": 900})
            assert not is_too_wide(page), (path, width)
        for width, scheme in ((1280, "light"), (360, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            found = Axe().run(page, options={"iframes": False})
            assert found.violations_count == 0, f"{path} {width}\n{found.generate_report()}"


def test_an_editors_day(desks: Callable[..., Desk], chromium: Chromium) -> None:
    desk = desks()
    page = desk.open()
    page.goto(f"{desk.url}/desk/articles/new")
    page.get_by_label("Name").fill("ed")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    write(page)
    for shape, wanted in SHAPES.items():
        page.get_by_role("link", name=shape).click()
        text = page.frame_locator("iframe").locator("body") if wanted else page.locator(".live")
        expect(text.first).to_contain_text("Seagulls learn to queue")
    wait_for_feed(desk.url, "Seagulls learn to queue")
    page.get_by_text("Correct it, with a note").click()
    page.get_by_label("Correction").fill("There were nine gulls, not eight.")
    page.get_by_role("button", name="Publish the correction").click()
    expect(page.get_by_role("status")).to_have_text("The correction is published.")
    wait_for_feed(desk.url, "nine gulls, not eight")
    send_the_edition(page, desk)
    page.get_by_role("link", name="Deliveries").click()
    page.get_by_label("A reader's whole address").fill(READERS[7])
    page.get_by_role("button", name="Look it up").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("accepted")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{desk.url}/desk/articles/")
    expect(page.get_by_label("Password")).to_be_visible()


# How each shape is called, and whether it is in a frame.
SHAPES = {"As feed entry": False, "As mail": True, "As page": True, "As embed": True}


def write(page: Page) -> None:
    page.get_by_label("Title").fill("Seagulls learn to queue")
    page.get_by_label("Text", exact=True).fill("Eight gulls stood **in line**.")
    live = page.locator("#live")
    expect(live.locator("strong")).to_have_text("in line")
    page.get_by_label("Text", exact=True).fill("Eight gulls stood in *one* line.")
    expect(live.locator("em")).to_have_text("one")
    page.get_by_label("Sources").fill("Harbour Office")
    out = io.BytesIO()
    Image.new("RGB", (320, 180), "teal").save(out, "JPEG")
    page.get_by_label("Add a picture").set_input_files(
        {"name": "gulls.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}
    )
    page.get_by_label("What it shows, for who cannot see it").fill("Gulls in a row")
    page.get_by_role("button", name="Store and publish").click()
    expect(page.get_by_role("status")).to_have_text("The article is stored.")


def wait_for_feed(url: str, text: str) -> None:
    """Published within a second, as the software promises; a busy machine gets a few more."""
    until = time.monotonic() + 15
    while True:
        with (
            suppress(urllib.error.HTTPError),  # not built yet
            urllib.request.urlopen(f"{url}/feeds/atom.xml") as answer,
        ):
            if text in answer.read().decode():
                return
        assert time.monotonic() < until, f"the feed does not say {text!r}"
        time.sleep(0.05)


def send_the_edition(page: Page, desk: Desk) -> None:
    page.get_by_role("link", name="Editions").click()
    page.get_by_role("link", name="Today's edition").click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Seagulls learn to queue").first).to_be_visible()
    page.get_by_label("Send a test mail to").fill("ed@example.org")
    page.get_by_role("button", name="Send the test").click()
    expect(page.get_by_role("status")).to_have_text("The test mail is on its way.")
    page.get_by_role("button", name="Send it now").click()
    # Nobody reloads the page: it hears how the letters leave.
    expect(page.locator(".state.sent")).to_be_visible(timeout=40_000)
    expect(page.locator('[data-state="accepted"]')).to_have_text(str(len(READERS) - 1))


def test_the_desk_works_without_a_script(desks: Callable[..., Desk], chromium: Chromium) -> None:
    desk = desks()
    page = desk.open("ed", java_script_enabled=False)
    page.goto(f"{desk.url}/desk/articles/new")
    page.get_by_label("Title").fill("Written without a script")
    page.get_by_label("Text", exact=True).fill("It *works*.")
    with page.context.expect_page() as shown:
        page.get_by_role("button", name="Preview").click()
    expect(shown.value.locator("#live em")).to_have_text("works")
    page.get_by_role("button", name="Store and publish").click()
    expect(page.get_by_role("status")).to_have_text("The article is stored.")


def test_the_keyboard_reaches_everything_and_shows_where_it_is(
    desks: Callable[..., Desk], chromium: Chromium
) -> None:
    desk = desks()
    page = desk.open("olga")
    page.goto(f"{desk.url}/desk/deliveries/")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to content"
    wanted = page.locator("a[href], button, input:not([type=hidden]), select").count()
    for _ in range(wanted - 1):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            "(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)"
            "(getComputedStyle(document.activeElement))"
        )
        assert outline, page.evaluate("document.activeElement.outerHTML")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Show"


def test_nothing_runs_that_somebody_wrote_into_a_field(
    desks: Callable[..., Desk], chromium: Chromium
) -> None:
    desk = desks()
    page = desk.open("ed")
    desk.watched[-1].allowed = ("Failed to load resource",)  # pictures that are not there
    for number, evil in enumerate(EVASIONS):
        page.goto(f"{desk.url}/desk/articles/new")
        for label in ("Title", "Summary", "Authors", "Tags", "Sources", "Key of its translations"):
            page.get_by_label(label, exact=True).fill(f"Evil {number} {evil}".replace("\t", " "))
        page.get_by_label("Text", exact=True).fill(f"x {evil}\n\n{evil}")
        page.get_by_label("Category").fill(f"Town › E{number} {evil}".replace("\t", " "))
        page.wait_for_timeout(600)  # the preview as well
        assert page.evaluate("window.ran") is None, evil
        page.get_by_role("button", name="Store and publish").click()
        expect(page.get_by_role("status")).to_have_text("The article is stored.")
        address = page.url.partition("?")[0]
        for shape in ("entry", "mail", "page", "embed"):
            page.goto(f"{address}?as={shape}")
            assert [frame.evaluate("window.ran") for frame in page.frames[:1]] == [None], evil
        for path in ("/desk/articles/", "/desk/feeds/", f"/desk/articles/?q={number}"):
            page.goto(desk.url + path)
            assert page.evaluate("window.ran") is None, (path, evil)
    desk.watched[-1].complaints = [
        one for one in desk.watched[-1].complaints if not re.search(r"/x\b|failed: ", one)
    ]
