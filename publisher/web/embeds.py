"""What partners show in their own pages: `/embed/fragment/…`, `/embed/frame/…`, `/embed/json/…`.

All three say the same of the same selection: a piece of HTML (for a server that puts pages
together, and for the web component), a page for a frame, and JSON. What is wrong is told in a line
of text, since a partner's page has no place for a page of ours; only a frame gets one.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from typing import get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from publisher.errors import PublisherError, StoreError
from publisher.render.article import as_html
from publisher.render.colours import either_palette
from publisher.syndication.document import Entry, feed_document
from publisher.syndication.json_feed import as_bytes, json_feed
from publisher.web.answers import Payload, answer
from publisher.web.embed_frames import Frames
from publisher.web.embed_options import Form, Options, OptionsError, is_colour, read_options
from publisher.web.embed_parts import NoSuchError, Withdrawn, contents, markup, selection
from publisher.web.errors import OTHERWISE, TEXTS
from publisher.web.pages import former_section
from publisher.web.press import NOT_KEPT, MovedError, Page, Press, Reading
from publisher.web.statics import FOR_EVER

log = logging.getLogger(__name__)

JSON_TYPE = "application/feed+json; charset=utf-8"
Endpoint = Callable[[Request], Awaitable[Response]]


class Embeds:
    """Answers what partners' servers, and their readers' browsers, ask for."""

    def __init__(self, press: Press) -> None:
        self._press = press
        self._frames = Frames(press)
        self._makers: dict[Form, Callable[[Reading, Options], Page]] = {
            "fragment": fragment,
            "frame": self._frames.feed,
            "json": json_page,
        }

    @property
    def routes(self) -> list[Route]:
        """The addresses of all embeds."""
        return [
            *(Route(f"/embed/{form}/{{path:path}}", self._feed(form)) for form in get_args(Form)),
            Route("/embed/article/{slug}", self._article),
            Route("/embed/accent/{colour}.css", _accent),
        ]

    def _feed(self, form: Form) -> Endpoint:
        """The endpoint of the embeds of one form."""
        make = self._makers[form]

        async def serve(request: Request) -> Response:
            path = request.path_params["path"]

            def page(reading: Reading, options: Options) -> Page:
                if path and not path.endswith("/"):
                    raise MovedError(f"{reading.root}{options.address(form)}")
                return _made_or_moved(reading, options, form, make)

            return await self._respond(request, form, path.removesuffix("/"), page)

        return serve

    async def _article(self, request: Request) -> Response:
        """One article in a frame, for oEmbed."""
        slug = request.path_params["slug"]

        def page(reading: Reading, options: Options) -> Page:
            return self._frames.article(reading, slug, options)

        return await self._respond(request, "frame", f"article/{slug}", page)

    async def _respond(
        self, request: Request, form: Form, path: str, make: Callable[[Reading, Options], Page]
    ) -> Response:
        """The embed of a path, or a word about what is wrong."""
        try:
            options = read_options(path, request.query_params).fitting(form)
            key = (form, request.scope["path"], options)
            return await self._press.respond(request, lambda one: make(one, options), key, {})
        except OptionsError as error:
            return await self._refuse(request, form, HTTPException(400, f"Possible are: {error}."))
        except HTTPException as error:
            return await self._refuse(request, form, error)
        except PublisherError as error:
            log.error("%s %r: %s", request.method, request.scope["path"], error)
            status, headers = (
                (503, {"retry-after": "5"}) if isinstance(error, StoreError) else (500, {})
            )
            return await self._refuse(request, form, HTTPException(status, headers=headers))

    async def _refuse(self, request: Request, form: Form, error: HTTPException) -> Response:
        """A line of text; in a frame's look where it is one, if that can be made."""
        status = error.status_code
        heading, advice = TEXTS.get(status, TEXTS[OTHERWISE])
        text = "" if error.detail == HTTPStatus(status).phrase else error.detail
        told = {"cache-control": NOT_KEPT, **(error.headers or {})}
        if form == "frame":
            try:
                made = await self._message(request, status, text)
                made.headers.update(told)
                return made
            except PublisherError as broken:
                log.error("the frame for status %d could not be made: %s", status, broken)
        line = f"{heading}. {text or advice}\n"
        return PlainTextResponse("" if request.method == "HEAD" else line, status, told)

    async def _message(self, request: Request, status: int, text: str) -> Response:
        def make(reading: Reading) -> Page:
            return self._frames.message(reading, status, text)

        return await self._press.respond(request, make, None, {}, keep=False)


def _made_or_moved(
    reading: Reading, options: Options, form: Form, make: Callable[[Reading, Options], Page]
) -> Page:
    """The embed. Raises MovedError where its category has another path now, HTTPException: 410
    where that was removed, 404 where it never was."""
    try:
        return make(reading, options)
    except NoSuchError as error:
        if error.kind != "category":
            raise
        moved = replace(options, category=former_section(reading, options.category, error))
        raise MovedError(f"{reading.root}{moved.address(form)}") from None


def fragment(reading: Reading, options: Options) -> Page:
    """A piece of HTML for a page of somebody else's. Raises HTTPException (404)."""
    chosen = selection(reading, options)
    content = contents(reading, chosen, options)
    html = markup(reading, chosen, content, options, options.heading)
    headers = (
        ("content-language", chosen.language),
        ("link", f'<{chosen.page}>; rel="canonical"'),
    )
    return Page(html, 200, not content.complete, headers)


def json_page(reading: Reading, options: Options) -> Page:
    """JSON Feed 1.1, with what was withdrawn by the side. Raises HTTPException (404)."""
    newsroom = reading.newsroom
    chosen = selection(reading, options)
    content = contents(reading, chosen, options)
    entries = [
        Entry(one, as_html(newsroom.templates, one, options.detail)) for one in content.articles
    ]
    site = newsroom.config.site
    kind, key = ("category", options.category) if options.category else ("everything", "")
    document = feed_document(
        newsroom.config,
        uid=None,
        kind=kind,
        key=key,
        title=chosen.title,
        subtitle=site.description,
        page=chosen.page,
        language=chosen.language,
        entries=entries,
    )
    feed = json_feed(replace(document, addresses={"json": f"{site.url}{options.address('json')}"}))
    if content.withdrawn:
        feed["_publisher"]["withdrawn"] = [_as_json(one) for one in content.withdrawn]
    headers = (
        ("content-type", JSON_TYPE),
        ("content-language", chosen.language),
        ("link", f'<{chosen.page}>; rel="canonical"'),
    )
    return Page(as_bytes(feed).decode(), 200, not content.complete, headers)


def _as_json(one: Withdrawn) -> dict[str, str]:
    return {
        "id": one.uid,
        "url": one.url,
        "title": one.title,
        "note": one.note,
        "language": one.language,
        "date_published": one.published.isoformat(),
        "when": one.at.isoformat(),
    }


async def _accent(request: Request) -> Response:
    """A style sheet that says a colour: a frame cannot be given one in another way, since nothing
    inline is allowed there. Raises HTTPException (404)."""
    colour = request.path_params["colour"]
    if not is_colour(colour):
        raise HTTPException(404)
    headers = {"content-type": "text/css; charset=utf-8", "cache-control": FOR_EVER}
    return answer(request, Payload.of(either_palette(f"#{colour}").encode()), headers)
