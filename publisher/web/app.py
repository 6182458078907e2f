"""The ASGI application of a newsroom."""

from __future__ import annotations

import logging

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from publisher.pipeline.newsroom import Newsroom
from publisher.web.feed_files import FeedFiles

log = logging.getLogger(__name__)


def application(newsroom: Newsroom) -> Starlette:
    """Everything that is served: the feeds, the articles' media, and a sign of life."""
    config = newsroom.config
    log.info(
        "serving %s/feeds/ on port %d of %s", config.site.url, config.web.port, config.web.host
    )
    media = StaticFiles(directory=config.path("media"), check_dir=False)
    return Starlette(
        routes=[
            Mount("/feeds", FeedFiles(config.path(config.feeds.folder))),
            Mount("/media", media),
            Route("/healthz", _healthz),
        ]
    )


async def _healthz(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})
