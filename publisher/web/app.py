"""The ASGI application of a newsroom."""

from __future__ import annotations

import logging

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from publisher.pipeline.newsroom import Newsroom
from publisher.web.feed_files import FeedFiles
from publisher.web.hub import HubEndpoint
from publisher.web.sitemaps import Sitemaps

log = logging.getLogger(__name__)


def application(newsroom: Newsroom) -> ASGIApp:
    """Everything that is served: the feeds, media, sitemaps, our hub, and a sign of life."""
    config = newsroom.config
    log.info(
        "serving %s/feeds/ on port %d of %s", config.site.url, config.web.port, config.web.host
    )
    media = StaticFiles(directory=config.path("media"), check_dir=False)
    routes = [Mount("/media", media), Route("/healthz", _healthz), *Sitemaps(newsroom).routes]
    if config.websub.own:
        routes.append(Route("/hub", HubEndpoint(newsroom).answer, methods=["GET", "POST"]))
    pages = Starlette(routes=routes)
    feeds = FeedFiles(
        config.path(config.feeds.folder),
        "/feeds",
        deltas=config.feeds.deltas,
        hubs=config.hubs,
        site_url=config.site.url,
    )

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        # Feeds get most of the requests, so they do not go through the framework's routing.
        is_feed = scope["type"] == "http" and (scope["path"] + "/").startswith("/feeds/")
        await (feeds if is_feed else pages)(scope, receive, send)

    return serve


async def _healthz(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})
