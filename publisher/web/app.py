"""The ASGI application of a newsroom."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from publisher.pipeline.newsroom import Newsroom
from publisher.web import editions, embed_builder, errors, pages, subscribe
from publisher.web.embeds import Embeds
from publisher.web.feed_files import FeedFiles
from publisher.web.hub import HubEndpoint
from publisher.web.oembed import OEmbed
from publisher.web.press import Press
from publisher.web.safety import Safety
from publisher.web.sitemaps import Sitemaps

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Application:
    """What a newsroom serves: its feeds, and the rest.

    Feeds get most of the requests, so they do not go through the framework's routing.
    """

    feeds: FeedFiles
    rest: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_feed = scope["type"] == "http" and (scope["path"] + "/").startswith("/feeds/")
        await (self.feeds if is_feed else self.rest)(scope, receive, send)


def application(newsroom: Newsroom) -> Application:
    """Everything that is served: feeds, pages, sitemaps, media, our hub, a sign of life."""
    config = newsroom.config
    log.info("serving %s/ on port %d of %s", config.site.url, config.web.port, config.web.host)
    press = Press(newsroom)
    media = StaticFiles(directory=config.path("media"), check_dir=False)
    media.config_checked = True  # a site without media has no such folder, and that is no error

    async def icon(_request: Request) -> Response:
        return RedirectResponse(press.statics.address("icon.svg"), 301, {"cache-control": DAY})

    routes: list[BaseRoute] = [
        Route("/healthz", _healthz),
        Mount("/media", media),
        Route("/static/{name}", press.serve_static),
        Route("/favicon.ico", icon),
        *Sitemaps(newsroom).routes,
    ]
    if config.websub.own:
        routes.append(Route("/hub", HubEndpoint(newsroom).answer, methods=["GET", "POST"]))
    routes += [*Embeds(press).routes, *OEmbed(press).routes, *embed_builder.routes(press)]
    routes += [*subscribe.routes(press), *editions.routes(press)]
    routes += pages.routes(press)  # last: any other path may be a category's
    rest = Starlette(routes=routes, exception_handlers=errors.handlers(press))
    # An address is right or wrong; a guess at what was meant would go by the Host header.
    rest.router.redirect_slashes = False
    guarded = Safety(rest, press)
    feeds = FeedFiles(
        config.path(config.feeds.folder),
        "/feeds",
        deltas=config.feeds.deltas,
        hubs=config.hubs,
        site_url=config.site.url,
    )
    return Application(feeds, guarded)


DAY = "public, max-age=86400"


async def _healthz(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})
