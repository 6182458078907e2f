"""The ASGI application of a newsroom."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from publisher.pipeline.newsroom import Newsroom
from publisher.web import (
    editions,
    embed_builder,
    errors,
    own_data,
    pages,
    subscribe,
    subscription,
)
from publisher.web.api.app import api, refusal
from publisher.web.desk.app import desk
from publisher.web.embeds import Embeds
from publisher.web.feed_files import FeedFiles
from publisher.web.hub import HubEndpoint
from publisher.web.oembed import OEmbed
from publisher.web.press import Press
from publisher.web.safety import Safety
from publisher.web.sitemaps import Sitemaps
from publisher.web.watching import Watching

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Application:
    """What a newsroom serves: its feeds, the API, the desk, and the rest.

    Feeds get most of the requests, so they do not go through the framework's routing.
    """

    feeds: FeedFiles
    api: ASGIApp
    desk: ASGIApp
    rest: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"] + "/" if scope["type"] == "http" else ""
        if path.startswith("/feeds/"):
            await self.feeds(scope, receive, send)
        elif path.startswith("/api/"):
            await self.api(scope, receive, send)
        else:
            await (self.desk if path.startswith("/desk/") else self.rest)(scope, receive, send)


def page_routes(press: Press) -> list[Route]:
    """Where templates make what is answered; the last one takes any path."""
    parts = (embed_builder, subscribe, own_data, subscription, editions, pages)
    return [route for part in parts for route in part.routes(press)]


def application(newsroom: Newsroom) -> Application:
    """Everything that is served: feeds, pages, sitemaps, media, hub, API, desk, signs of life."""
    config = newsroom.config
    log.info("serving %s/ on port %d of %s", config.site.url, config.web.port, config.web.host)
    press = Press(newsroom)
    watching = Watching(newsroom)
    media = StaticFiles(directory=config.path("media"), check_dir=False)
    media.config_checked = True  # a site without media has no such folder, and that is no error

    async def icon(_request: Request) -> Response:
        return RedirectResponse(press.statics.address("icon.svg"), 301, {"cache-control": DAY})

    routes: list[BaseRoute] = [
        *watching.routes,
        Mount("/media", media),
        Route("/static/{name}", press.serve_static),
        Route("/favicon.ico", icon),
        *Sitemaps(newsroom).routes,
    ]
    if config.websub.own:
        routes.append(Route("/hub", HubEndpoint(newsroom).answer, methods=["GET", "POST"]))
    routes += [*Embeds(press).routes, *OEmbed(press).routes]
    routes += page_routes(press)
    rest = Starlette(routes=routes, exception_handlers=errors.handlers(press))
    # An address is right or wrong; a guess at what was meant would go by the Host header.
    rest.router.redirect_slashes = False
    guarded = watching.counting(Safety(rest, press), "page")
    programs = watching.counting(
        Safety(api(press), press, config.api.max_body_bytes, refusal(newsroom)), "api"
    )
    people = Safety(desk(press, watching.answers), press, config.desk.max_upload_bytes)
    inside = watching.counting(people, "desk")
    feeds = FeedFiles(
        config.path(config.feeds.folder),
        "/feeds",
        deltas=config.feeds.deltas,
        hubs=config.hubs,
        site_url=config.site.url,
        answers=watching.answers,
    )
    return Application(feeds, programs, inside, guarded)


DAY = "public, max-age=86400"
