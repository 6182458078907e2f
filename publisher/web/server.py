"""The server: uvicorn, with limits on what a request's head may cost."""

from __future__ import annotations

import uvicorn
from starlette.types import ASGIApp

from publisher.config import Web
from publisher.web.feed_files import FeedFiles
from publisher.web.feed_protocol import feed_protocol

GRACE_SECONDS = 3


def server(app: ASGIApp, web: Web, feeds: FeedFiles | None = None) -> uvicorn.Server:
    """A server that is ready to run. Only the proxies that the config names are believed.

    Feeds are answered without going through the application where they are given here.
    """
    protocol = feed_protocol(feeds, web.request_seconds)
    settings = uvicorn.Config(
        app,
        host=web.host,
        port=web.port,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(web.trusted_proxies),
        forwarded_allow_ips=list(web.trusted_proxies),
        limit_concurrency=web.connections,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return uvicorn.Server(settings)
