"""Makes pages, and keeps them in memory until something has changed.

Everything that a reader can see is in the change log, the end of an embargo too. So a page is good
as long as the log has not grown, and the files that it was made with are the same. The log is
looked at ten times a second at most, the files once, and most requests do not read the store.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response

from publisher.ingest.clean import legal
from publisher.model import Feed
from publisher.pipeline.newsroom import Newsroom
from publisher.render.environment import WEB
from publisher.render.pages import Head, Link, Look, origin_and_root, render_page
from publisher.store import log, pages
from publisher.store.engine import Session
from publisher.web.answers import Payload, answer, coding_for
from publisher.web.statics import PACKAGED as STATICS
from publisher.web.statics import Statics

LOOK_SECONDS = 0.1
FILES_SECONDS = 1.0
KEPT_BYTES = 32_000_000
# Pages are made by this many threads at once: more would only wait for each other.
THREADS = 8
# Sections in the head of a page, where the config names none; there is a page with all of them.
SECTIONS = 8
SHORT = "public, max-age=60, stale-while-revalidate=300"
NOT_KEPT = "no-store"

Result = TypeVar("Result")


class MovedError(Exception):
    """What was asked for is at another address of the site, for good."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(address)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was made. One that is `fleeting` holds only for this moment: it leaves something
    out that is not clean yet."""

    html: str
    status: int = 200
    fleeting: bool = False
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """What pages depend on: the end of the change log, and the newest of the files they are made
    with."""

    position: int
    changed: datetime
    files: int

    @property
    def modified(self) -> datetime:
        """When anything of it last changed."""
        return max(self.changed, datetime.fromtimestamp(self.files / 1e9, UTC))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a maker of pages is given: a session on the store, and what was asked for."""

    newsroom: Newsroom
    session: Session
    look: Look
    path: Mapping[str, str]
    query: Mapping[str, str]

    @property
    def root(self) -> str:
        """The path that every address of the site begins with; mostly empty."""
        return origin_and_root(self.newsroom.config.site)[1]

    def page(
        self, name: str, head: Head, *, status: int = 200, fleeting: bool = False, **context: Any
    ) -> Page:
        """The page that a template makes. Raises TemplateError."""
        newsroom = self.newsroom
        html = render_page(
            newsroom.templates, newsroom.config.site, self.look, head, name, **context
        )
        return Page(html, status, fleeting, (("content-language", head.language),))


def section_link(root: str, feed: Feed) -> Link:
    """The link to a category's page."""
    return Link(feed.title, f"{root}/{quote(feed.key)}/")


Maker = Callable[[Reading], Page]


class Press:
    """Turns makers of pages into endpoints."""

    def __init__(self, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self._memory = _Memory()
        self._statics: tuple[int, Statics] | None = None
        self._look: tuple[State, Look] | None = None
        self._state: State | None = None
        self._looked = 0.0
        self._files = (-FILES_SECONDS, 0)
        self._threads: CapacityLimiter | None = None

    def endpoint(
        self, make: Maker, *parameters: str, keep: bool = True
    ) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that answers with the page that `make` makes of the parameters named.

        Others are left out, so that links with something added to them share one page in memory;
        `keep` is false for pages of which there are too many to keep.
        """

        async def serve(request: Request) -> Response:
            asked = request.query_params
            given = {name: legal(asked.get(name, "")) for name in parameters}
            query = {name: value for name, value in given.items() if value}
            key = (request.scope["path"], *query.items())
            return await self.respond(request, make, key, query, keep=keep)

        return serve

    async def respond(
        self,
        request: Request,
        make: Maker,
        key: Hashable,
        query: Mapping[str, str],
        *,
        keep: bool = True,
    ) -> Response:
        """The page of that key, from memory or made now."""
        state = await self._current()
        found = self._memory.get(key, state) if keep else None
        if found is None:
            found = await self.in_thread(lambda: self._remembered(request, make, state, query))
            if keep and not found.page.fleeting:
                self._memory.put(key, found)
        headers = {
            "content-type": "text/html; charset=utf-8",
            "cache-control": NOT_KEPT if found.page.fleeting else SHORT,
            **dict(found.page.headers),
        }
        return answer(request, found.kept, headers, found.page.status)

    async def in_thread(self, work: Callable[[], Result]) -> Result:
        """The result of work that reads the store, done beside the loop that answers."""
        if self._threads is None:
            self._threads = CapacityLimiter(THREADS)
        return await anyio.to_thread.run_sync(work, limiter=self._threads)

    @property
    def statics(self) -> Statics:
        """The files that pages name, as they are now."""
        files = self._state.files if self._state else 0
        if self._statics is None or self._statics[0] != files:
            self._statics = (files, Statics(self.newsroom.config))
        return self._statics[1]

    async def serve_static(self, request: Request) -> Response:
        """A style sheet or the like. Raises HTTPException (404)."""
        await self._current()
        return await self.statics.serve(request)

    def _remembered(
        self, request: Request, make: Maker, state: State, query: Mapping[str, str]
    ) -> _Remembered:
        page = self._made(make, state, request.path_params, query)
        kept = Payload.of(page.html.encode("utf-8", "replace"), state.modified)
        kept.form(coding_for(request, kept))  # here, since compressing would hold up the loop
        return _Remembered(state, page, kept)

    def _made(
        self, make: Maker, state: State, path: Mapping[str, str], query: Mapping[str, str]
    ) -> Page:
        with self.newsroom.store.read() as session:
            look = self._look_of(session, state)
            return make(Reading(self.newsroom, session, look, path, query))

    def _look_of(self, session: Session, state: State) -> Look:
        known = self._look
        if known is not None and known[0] == state:
            return known[1]
        site = self.newsroom.config.site
        root = origin_and_root(site)[1]
        if site.navigation:
            named = pages.feeds_at(session, site.navigation)
            shown: list[Feed] = [named[path] for path in site.navigation if path in named]
        else:
            shown = pages.sections(session, "", SECTIONS + 1)
        more = not site.navigation and len(shown) > SECTIONS
        shown = shown[:SECTIONS] if more else shown
        look = Look(
            self.statics.address("site.css"),
            self.statics.address("icon.svg"),
            tuple(section_link(root, feed) for feed in shown),
            all_sections=more or bool(site.navigation),
        )
        self._look = (state, look)
        return look

    async def _current(self) -> State:
        now = time.monotonic()
        if self._state is None or now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._state = await self.in_thread(self._read_state)
        return self._state

    def _read_state(self) -> State:
        with self.newsroom.store.read() as session:
            last = log.last(session)
        position, changed = last or (0, datetime.fromtimestamp(0, UTC))
        now = time.monotonic()
        if now - self._files[0] >= FILES_SECONDS:
            folder = self.newsroom.config.path(self.newsroom.config.templates.folder)
            newest = max(_newest(one) for one in (folder, WEB, STATICS))
            if newest != self._files[1]:
                self.newsroom.templates.look_again()
            self._files = (now, newest)
        return State(position, min(changed, datetime.now(UTC)), self._files[1])


def _newest(folder: Path) -> int:
    """When anything in the folder last changed, in nanoseconds; 0 where there is no folder."""
    try:
        times = [one.stat().st_mtime_ns for one in [folder, *folder.rglob("*")]]
    except OSError:  # a file that goes away while we look
        return 0
    return max(times)


@dataclass(frozen=True, slots=True)
class _Remembered:
    state: State
    page: Page
    kept: Payload


class _Memory:
    """The pages that were asked for last, up to a number of bytes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Remembered] = OrderedDict()
        self._size = 0

    def get(self, key: Hashable, state: State) -> _Remembered | None:
        found = self._kept.get(key)
        if found is None or found.state != state:
            return None
        self._kept.move_to_end(key)
        return found

    def put(self, key: Hashable, page: _Remembered) -> None:
        # Counted three times over: a page may come to be kept in two more codings.
        before = self._kept.pop(key, None)
        self._size += 3 * (len(page.kept.data) - (len(before.kept.data) if before else 0))
        self._kept[key] = page
        while self._size > KEPT_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._size -= 3 * len(oldest.kept.data)
