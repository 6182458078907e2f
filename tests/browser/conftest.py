"""Real pages in a real browser: two sample newsrooms on a real server, and Chromium.

A page complains by itself: about anything in the console, about what its policy has refused, about
a request to another host. `open_page` gives a page that fails its test for that.

Playwright keeps its thread's event loop running, in which other tests could start none. So the
browser has a thread of its own, and the tests of this folder run there.
"""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NoReturn
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    sync_playwright,
)

from publisher import config as settings
from publisher import sample
from publisher.bootstrap import opened
from publisher.cli.importing import Source
from publisher.config import Config
from publisher.pipeline.build import build
from publisher.pipeline.intake import take_in
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.search_index import index
from publisher.pipeline.sequencer import sequence
from publisher.web.app import application
from publisher.web.server import server
from tests.embedding import PartnerSite, partner_site

CHROMIUM = shutil.which("chromium")
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
NOW = datetime(2024, 5, 2, 15, 0, tzinfo=ZoneInfo(sample.TIMEZONE))
# Articles that try the layout, beside those of the sample.
EXTRA = Path(__file__).parent / "articles"
ARABIC = {
    'language = "en"': 'language = "ar"',
    'title = "Saltmere Courier"': 'title = "بريد سولتمير"',
    '"What happens between the two piers"': '"ما يجري بين الرصيفين"',
}

Scheme = Literal["light", "dark"]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that has a browser in the browser's thread."""
    found = pyfuncitem.funcargs.get("chromium")
    if not isinstance(found, Chromium):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    found.do(pyfuncitem.obj, **{name: pyfuncitem.funcargs[name] for name in names})
    return True


class Chromium:
    """The browser, and the one thread that may use it."""

    def __init__(self, program: str) -> None:
        self._thread = ThreadPoolExecutor(1, "chromium")
        self._playwright = self.do(lambda: sync_playwright().start())
        self.browser: Browser = self.do(
            self._playwright.chromium.launch, executable_path=program, args=ARGUMENTS
        )

    def do(self, work: Callable[..., Any], **arguments: Any) -> Any:
        """The result of work that is done in the browser's thread."""
        return self._thread.submit(work, **arguments).result()

    def close(self) -> None:
        """End the browser and its thread."""
        self.do(self.browser.close)
        self.do(self._playwright.stop)
        self._thread.shutdown()


@pytest.fixture(scope="session")
def chromium(missing: Callable[[str], NoReturn]) -> Iterator[Chromium]:
    """The system's Chromium."""
    if CHROMIUM is None:
        missing("chromium is not installed")
    made = Chromium(CHROMIUM)
    yield made
    made.close()


@dataclass
class Site:
    """A sample newsroom that is being served."""

    newsroom: Newsroom
    url: str

    def update(self) -> None:
        """Bring pages up to date with the store, and wait until they look at it again."""
        while sequence(self.newsroom, NOW):
            pass
        while index(self.newsroom):
            pass
        build(self.newsroom, every=True)
        time.sleep(0.15)


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    """The sample newsroom in English and in Arabic, by language; tests only read them."""
    with (
        sample_site(tmp_path_factory.mktemp("english") / "site", {}) as english,
        sample_site(tmp_path_factory.mktemp("arabic") / "site", ARABIC) as arabic,
    ):
        yield {"en": english, "ar": arabic}


@contextmanager
def sample_site(folder: Path, changes: dict[str, str]) -> Iterator[Site]:
    """A sample newsroom in a folder, filled and served; `changes` are those of its config."""
    sample.unpack(folder, NOW)
    port = free_port()
    file = folder / "config.toml"
    text = file.read_text(encoding="utf-8").replace("@port@", str(port))
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after, 1)
    file.write_text(text, encoding="utf-8")
    with opened(settings.load(file, environ={})) as newsroom:
        fill(newsroom, folder)
        site = Site(newsroom, newsroom.config.site.url)
        site.update()
        with served(newsroom.config, newsroom):
            yield site


def fill(newsroom: Newsroom, folder: Path) -> None:
    """Import the sample and the articles that try the layout; withdraw one of them."""
    for place in (folder / "articles", folder / "corrected", EXTRA):
        source = Source((str(place),), None, newsroom.config)
        rejects = [
            one for taken in take_in(newsroom, source.pieces(), NOW) for one in taken.rejects
        ]
        assert rejects == []
        while sequence(newsroom, NOW):
            pass
    with newsroom.store.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE article SET retracted = '2024-05-01 09:00:00.000000', "
            "retraction = 'Its source has taken it back.' WHERE slug = 'withdrawn'"
        )


@contextmanager
def served(config: Config, newsroom: Newsroom) -> Iterator[None]:
    """The newsroom's pages and feeds over HTTP."""
    made = server(application(newsroom), config.web)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not made.started:
        assert time.monotonic() < until, "the server does not start"
        time.sleep(0.01)
    try:
        yield
    finally:
        made.should_exit = True
        thread.join(10)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Watched:
    """A page, and what it has complained about; `origins` are those that it may ask."""

    page: Page
    origins: tuple[str, ...]
    complaints: list[str] = field(default_factory=list)
    allowed: tuple[str, ...] = ()

    def watch(self) -> None:
        """Listen to what it says from now on."""
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self._complain(f"error: {error}"))
        self.page.on("request", self._request)
        self.page.on("requestfailed", self._failed)

    def _complain(self, text: str) -> None:
        if not any(one in text for one in self.allowed):
            self.complaints.append(text)

    def _console(self, message: ConsoleMessage) -> None:
        self._complain(f"{message.type}: {message.text} ({message.location.get('url')})")

    def _request(self, request: Request) -> None:
        own = tuple(f"{origin}/" for origin in self.origins)
        if not request.url.startswith((*own, "data:", "blob:")):
            self._complain(f"a request to {request.url}")

    def _failed(self, request: Request) -> None:
        # What was still on its way when the next page was asked for is no fault of this one.
        if request.failure != "net::ERR_ABORTED":
            self._complain(f"failed: {request.url} {request.failure}")


OpenPage = Callable[..., Page]


@pytest.fixture
def open_address(chromium: Chromium) -> Iterator[OpenPage]:
    """Opens an address and gives Playwright's page; at the end of the test no page may have
    complained.

    `origins` are those that it may ask, `status` is what the address is answered with, `allowed`
    are parts of complaints that the test expects; `before` is done to the page before it opens;
    more keywords are those of Playwright's `new_context`.
    """
    contexts: list[BrowserContext] = []
    watched: list[Watched] = []

    def open_one(
        address: str,
        *origins: str,
        width: int = 1280,
        scheme: Scheme = "light",
        status: int = 200,
        allowed: tuple[str, ...] = (),
        before: Callable[[Page], None] = lambda _page: None,
        **options: Any,
    ) -> Page:
        context = chromium.browser.new_context(
            viewport=ViewportSize(width=width, height=900), color_scheme=scheme, **options
        )
        contexts.append(context)
        # Chromium itself says so of a page with such a status.
        allowed += (f"a status of {status} ",) if status != 200 else ()
        found = Watched(context.new_page(), origins, allowed=allowed)
        found.watch()
        watched.append(found)
        before(found.page)
        answer = found.page.goto(address)
        assert answer is not None
        assert answer.status == status, address
        return found.page

    yield open_one
    for context in contexts:
        chromium.do(context.close)
    assert [complaint for one in watched for complaint in one.complaints] == []


@pytest.fixture
def open_page(open_address: OpenPage, sites: dict[str, Site]) -> OpenPage:
    """Opens a path of a site as `open_address` does; `language` chooses the site."""

    def open_one(path: str, *, language: str = "en", **options: Any) -> Page:
        site = sites[language]
        return open_address(site.url + path, site.url, **options)

    return open_one


@pytest.fixture
def partner() -> Iterator[PartnerSite]:
    """A partner's site, at another origin than the newsroom's."""
    with partner_site() as site:
        yield site
