"""oEmbed (oembed.com): for the address of an article or of a section, the code that embeds it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from lxml import etree
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from publisher.config import Site
from publisher.ingest.clean import legal
from publisher.render.pages import origin_and_root
from publisher.render.view import view
from publisher.store import addresses, pages
from publisher.syndication.document import FILES
from publisher.web.embed_options import Options
from publisher.web.embed_parts import NoSuchError, selection
from publisher.web.lists import is_clean
from publisher.web.pages import former_section, lacking
from publisher.web.press import NOT_KEPT, Page, Press, Reading
from publisher.web.windows import place_of

WIDTH, HEIGHT = 600, 480
TYPES = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
# What the specification has for a format that is not offered, and why others have no answer.
NO_FORMAT = 501
TEXTS = {
    400: "url must be an address of this site; maxwidth and maxheight are numbers of pixels.",
    404: "There is nothing at this address that can be embedded.",
    410: "What was at this address is gone.",
    NO_FORMAT: "The formats are json and xml.",
    503: "One moment, please.",
}
_pixels = re.compile(r"[1-9][0-9]{0,4}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a consumer wants to know: of which path of the site, and the room that there is."""

    path: str
    form: str
    width: int
    height: int


def frame_code(address: str, title: str, width: int | str, height: int) -> str:
    """The element that shows a frame. `referrerpolicy` lets it know the origin of the page around,
    which alone it tells its height."""
    return (
        f'<iframe src="{escape(address)}" title="{escape(title)}" width="{width}" '
        f'height="{height}" frameborder="0" loading="lazy" referrerpolicy="origin"></iframe>'
    )


class OEmbed:
    """The endpoint `/oembed`."""

    def __init__(self, press: Press) -> None:
        self._press = press

    @property
    def routes(self) -> list[Route]:
        """The one address that there is."""
        return [Route("/oembed", self._answer)]

    async def _answer(self, request: Request) -> Response:
        try:
            asked = read(request, self._press.newsroom.config.site)
            return await self._press.respond(
                request, lambda reading: oembed_page(reading, asked), ("oembed", asked), {}
            )
        except HTTPException as error:
            status = error.status_code
            text = "" if request.method == "HEAD" else f"{TEXTS.get(status, error.detail)}\n"
            told = {"cache-control": NOT_KEPT, **(error.headers or {})}
            return PlainTextResponse(text, status, told)


def read(request: Request, site: Site) -> Asked:
    """What is asked for. Raises HTTPException: 400, 404 for another site's address, 501."""
    query = request.query_params
    form = query.get("format") or "json"
    if form not in TYPES:
        raise HTTPException(NO_FORMAT)
    return Asked(
        _path(query.get("url", ""), site),
        form,
        _room(query.get("maxwidth", ""), WIDTH),
        _room(query.get("maxheight", ""), HEIGHT),
    )


def _path(url: str, site: Site) -> str:
    """The path of an address of the site, without the site's own root."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise HTTPException(400) from None
    if parts.scheme not in ("http", "https"):
        raise HTTPException(400)
    origin, root = origin_and_root(site)
    if parts.netloc != urlsplit(origin).netloc or not f"{parts.path}/".startswith(f"{root}/"):
        raise HTTPException(404)
    return legal(unquote(parts.path[len(root) :]))


def _room(text: str, normal: int) -> int:
    if not text:
        return normal
    if not _pixels.fullmatch(text):
        raise HTTPException(400)
    return min(int(text), normal)


def oembed_page(reading: Reading, asked: Asked) -> Page:
    """What is said of a path. Raises HTTPException (404, 410, 503)."""
    path = asked.path.removeprefix("/")
    if path.startswith("articles/"):
        found = _article(reading, path.removeprefix("articles/"))
    else:
        found = _section(reading, _without_feed(path))
    site = reading.newsroom.config.site
    address = found.pop("address")
    told = {
        "version": "1.0",
        "type": "rich",
        **found,
        "provider_name": site.publisher or site.title,
        "provider_url": f"{site.url}/",
        "cache_age": 3600,
        "width": asked.width,
        "height": asked.height,
        "html": frame_code(address, found["title"], asked.width, asked.height),
    }
    text = json.dumps(told, ensure_ascii=False) if asked.form == "json" else _xml(told)
    return Page(text, headers=(("content-type", TYPES[asked.form]),))


def _article(reading: Reading, slug: str) -> dict[str, Any]:
    article = pages.by_slug(reading.session, slug)
    if article is None:
        lost = HTTPException(404)
        now_at = lacking(lost, lambda: addresses.former_article(reading.session, slug))
        article = pages.by_slug(reading.session, now_at)
    last = pages.last_change(reading.session, article.id) if article else None
    if article is None or last is None:
        raise HTTPException(404)
    ids = [feed.id for feed in pages.feeds_at(reading.session, [""]).values()]
    if not pages.place_in(reading.session, ids, article.id):
        raise HTTPException(410)
    pages.with_categories(reading.session, [article])
    if not is_clean(article):
        raise HTTPException(503, headers={"retry-after": "1"})
    site = reading.newsroom.config.site
    shown = view(article, site=site)
    found: dict[str, Any] = {
        "address": f"{site.url}/embed/article/{quote(article.slug or '')}",
        "title": shown.title,
    }
    if shown.authors:
        found["author_name"] = ", ".join(shown.authors)
    picture = shown.picture
    if picture and picture.width and picture.height:  # all three, or none
        found |= {
            "thumbnail_url": picture.url,
            "thumbnail_width": picture.width,
            "thumbnail_height": picture.height,
        }
    return found


def _section(reading: Reading, path: str) -> dict[str, Any]:
    place = place_of(path) if path else None
    if path and (place is None or place.day is not None):
        raise HTTPException(404)
    options = Options(category=place.category if place else "")
    try:
        chosen = selection(reading, options)
    except NoSuchError as error:
        options = Options(category=former_section(reading, options.category, error))
        chosen = selection(reading, options)
    site = reading.newsroom.config.site
    return {"address": f"{site.url}{options.address('frame')}", "title": chosen.title}


def _without_feed(path: str) -> str:
    """The path of the section whose feed, or feed's page, that is."""
    if not path.startswith("feeds/"):
        return path
    folder, _, name = path.removeprefix("feeds/").rpartition("/")
    if name not in ("", *FILES.values()):
        raise HTTPException(404)
    return f"{folder}/" if folder else ""


def _xml(told: dict[str, Any]) -> str:
    root = etree.Element("oembed")
    for name, value in told.items():
        etree.SubElement(root, name).text = legal(str(value))
    head = '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n'
    return head + etree.tostring(root, encoding="unicode") + "\n"
