"""The ASGI application of a newsroom."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from publisher.pipeline.newsroom import Newsroom
from publisher.web.feed_files import FeedFiles


def application(newsroom: Newsroom) -> Starlette:
    """Everything that is served: the feeds, the articles' media, and a sign of life."""
    config = newsroom.config
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
