"""Makes a page of each kind, as if somebody had asked for it, and says what went wrong."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from publisher.errors import StoreError, TemplateError
from publisher.model import KeyUse
from publisher.pipeline.links import Links
from publisher.pipeline.newsroom import Newsroom
from publisher.store import articles, editions, feeds, keys, subscribers
from publisher.syndication.selection import EVERYTHING
from publisher.web.app import page_routes
from publisher.web.errors import error_page
from publisher.web.press import MovedError, Press

log = logging.getLogger(__name__)


def broken_pages(newsroom: Newsroom) -> list[str]:
    """File, line and fault of templates by which a page cannot be made; pages that fail otherwise.

    Raises StoreError.
    """
    press = Press(newsroom)
    error = Route("/error", press.endpoint(lambda reading: error_page(reading, 404)))
    # Without what answers errors with a page, they come out here.
    site = Starlette(routes=[error, *page_routes(press)])
    shown = {address: address for address in _addresses(newsroom)}
    # A link's token is its reader's own, and nobody else's to see.
    shown |= {address: f"/{address.split('/')[1]}/…" for address in _links(newsroom)}
    return asyncio.run(_troubles(site, shown))


def _addresses(newsroom: Newsroom) -> Iterator[str]:
    """One of each kind; those that need something stored only where it is."""
    yield from (
        "/",
        "/sections/",
        "/search",
        "/subscribe",
        "/embed/subscribe",
        "/unsubscribe/none",
        "/error",
    )
    with newsroom.store.read() as session:
        found = feeds.find(session, [EVERYTHING]).get((EVERYTHING.kind, EVERYTHING.key))
        newest = feeds.newest(session, found.id, 1) if found else []
        for article in articles.by_ids(session, newest).values():
            day = article.published.astimezone(newsroom.config.site.zone)
            yield f"/articles/{article.slug}"
            yield f"/{article.category.path}/"
            yield f"/{day:%Y/%m/%d}/"
        for one in newsroom.config.lists:
            yield f"/editions/{one.name}/"
            latest = editions.latest_date(session, one.name)
            if latest is not None:
                yield f"/editions/{one.name}/{latest}/"


def _links(newsroom: Newsroom) -> Iterator[str]:
    """Where the links of mails lead, for a reader of each list; to look there changes nothing."""
    with newsroom.store.read() as session:
        if not keys.valid(session, KeyUse.LINKS):
            return
        readers = [
            (one.name, reader)
            for one in newsroom.config.lists
            if (reader := subscribers.some_active(session, one.name)) is not None
        ]
    now = datetime.now(UTC)
    links = Links(newsroom, now)
    for name, reader in readers:
        found = links.of_notice(reader.handle, name, now)
        for link in (*found.values(), f"{found['@@PREFERENCES@@']}/data"):
            yield link.removeprefix(newsroom.config.site.url)


async def _troubles(site: ASGIApp, shown: Mapping[str, str]) -> list[str]:
    """What is wrong with the pages at these addresses, each named as it may be shown."""
    found: list[str] = []
    for address, name in shown.items():
        try:
            await _ask(site, address)
        except TemplateError as error:
            if str(error) not in found:
                found.append(str(error))
        except MovedError:
            continue  # in the moment since it was read
        except StoreError:
            raise
        except Exception as error:
            log.exception("the page %s cannot be made", name)
            found.append(f"the page {name} cannot be made: {type(error).__name__}: {error}")
    return found


async def _ask(site: ASGIApp, address: str) -> None:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": address,
        "raw_path": quote(address).encode(),
        "query_string": b"q=a",
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Message) -> None:
        """Nobody reads it."""

    await site(scope, receive, send)
