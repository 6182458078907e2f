"""What crawlers ask for: the sitemap index and its parts, the news sitemap, and robots.txt.

A document is kept until the change log says that something in it has changed. So a crawler that
asks again costs one look at the end of the log, whatever is stored.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from publisher.errors import StoreError, TemplateError
from publisher.model import SitemapPart
from publisher.pipeline.newsroom import Newsroom
from publisher.render.environment import Templates
from publisher.store import sitemap as store
from publisher.store.engine import Session
from publisher.store.sitemap import LastChange
from publisher.syndication import sitemap
from publisher.web.documents import Document, Kept, answer, forms_of

XML = "application/xml; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
# What no search engine should show: the newsroom's own rooms, and links that are for one person.
CLOSED = ("/api/", "/confirm/", "/desk/", "/preferences/", "/unsubscribe/")
KEPT_BYTES = 32_000_000
RETRY_SECONDS = 60
_number = re.compile(r"[1-9]\d{0,8}")

log = logging.getLogger(__name__)


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class Sitemaps:
    """Answers GET and HEAD with validators. `clock` says what time it is."""

    def __init__(self, newsroom: Newsroom, clock: Callable[[], datetime] = now) -> None:
        self._newsroom, self._clock = newsroom, clock
        self._site = newsroom.config.site
        self._kept = Kept(KEPT_BYTES)

    @property
    def routes(self) -> list[Route]:
        """Where everything is."""
        found = {
            "/sitemap.xml": self._index,
            "/sitemaps/articles-{number}.xml": self._articles,
            "/sitemaps/sections-{number}.xml": self._sections,
            "/news-sitemap.xml": self._news,
            "/robots.txt": self._robots,
        }
        return [Route(path, partial(_spoken, make)) for path, make in found.items()]

    def _index(self, request: Request) -> Response:
        with self._newsroom.store.read() as session:
            last = store.last_change(session)
            return self._give(request, last.position, partial(self._made_index, session, last))

    def _articles(self, request: Request) -> Response:
        with self._newsroom.store.read() as session:
            part = store.part(session, _number_of(request))
            if part is None:
                return _missing()
            return self._give(request, part.position, partial(self._made_articles, session, part))

    def _sections(self, request: Request) -> Response:
        number = _number_of(request)
        with self._newsroom.store.read() as session:
            last = store.last_change(session)
            make = partial(self._made_sections, session, number, last)
            return self._give(request, last.position, make)

    def _news(self, request: Request) -> Response:
        with self._newsroom.store.read() as session:
            last = store.last_change(session)
            return self._give(request, last.position, partial(self._made_news, session, last))

    def _robots(self, request: Request) -> Response:
        moment = self._clock()
        document = Document(forms_of(self._robots_text().encode()), 0, moment)
        return answer(request, document, TEXT, moment)

    def _give(
        self, request: Request, version: int, make: Callable[[datetime], Document | None]
    ) -> Response:
        moment = self._clock()
        document = self._kept.get(request.url.path, version, moment, make)
        return answer(request, document, XML, moment) if document else _missing()

    def _made_index(self, session: Session, last: LastChange, moment: datetime) -> Document:
        sections: dict[int, datetime | None] = {1: last.at}  # the first has the site's own page
        for category in store.categories(session):
            known = sections.get(category.number)
            sections[category.number] = max(known or category.changed, category.changed)
        parts = [(self._address("sections", one), at) for one, at in sorted(sections.items())]
        parts += [
            (self._address("articles", part.number), part.changed) for part in store.parts(session)
        ]
        return Document(forms_of(sitemap.index(parts)), last.position, moment, last.at)

    def _made_articles(
        self, session: Session, part: SitemapPart, moment: datetime
    ) -> Document | None:
        listed = store.articles_of(session, part.number)
        if not listed:  # all of them were deleted just now: the log will say so in a moment
            return None
        data = sitemap.articles_part(self._site, listed)
        return Document(forms_of(data), part.position, moment, part.changed)

    def _made_sections(
        self, session: Session, number: int, last: LastChange, moment: datetime
    ) -> Document | None:
        listed = store.categories(session, number)
        if not listed and number != 1:
            return None
        home = sitemap.Page(f"{self._site.url}/", last.at)
        data = sitemap.sections_part(self._site, listed, [home] if number == 1 else [])
        changed = [last.at] if number == 1 else [one.changed for one in listed]
        return Document(
            forms_of(data), last.position, moment, max(filter(None, changed), default=None)
        )

    def _made_news(self, session: Session, last: LastChange, moment: datetime) -> Document:
        since = sitemap.news_since(moment)
        listed = store.recent(session, since, sitemap.MAX_NEWS)
        left = store.newest_until(session, since)
        changes = [at for at in (last.at, left and left + sitemap.NEWS_AGE) if at is not None]
        return Document(
            forms_of(sitemap.news(self._site, listed)),
            last.position,
            moment,
            max(changes, default=None),
            sitemap.news_until(listed),
        )

    def _address(self, kind: str, number: int) -> str:
        return f"{self._site.url}/sitemaps/{kind}-{number}.xml"

    def _robots_text(self) -> str:
        """By the site's template. Where that is broken, by ours: a crawler that gets an error
        instead of robots.txt stays away from the whole site.
        """
        below = urlsplit(self._site.url).path
        values = {
            "site": self._site,
            "closed": [below + path for path in CLOSED],
            "sitemaps": [
                f"{self._site.url}{path}" for path in ("/sitemap.xml", "/news-sitemap.xml")
            ],
        }
        try:
            text = self._newsroom.templates.render("robots.txt", **values)
        except TemplateError as error:
            log.error("%s", error)
            text = Templates(None).render("robots.txt", **values)
        return f"{text.strip()}\n"


def _number_of(request: Request) -> int:
    """The number in the address; 0, which no part has, for anything else."""
    number = request.path_params["number"]
    return int(number) if _number.fullmatch(number) else 0


def _missing() -> Response:
    return PlainTextResponse("There is no such sitemap.\n", 404)


def _spoken(make: Callable[[Request], Response], request: Request) -> Response:
    """The answer; a store that cannot be read is a reason to come back later."""
    try:
        return make(request)
    except StoreError as error:
        log.error("%s", error)
        headers = {"retry-after": str(RETRY_SECONDS)}
        return PlainTextResponse("Try again in a minute.\n", 503, headers)
