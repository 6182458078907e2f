"""Pages for one reader, whom a link of a mail names: kept nowhere, and told to nobody.

A GET only shows: mail scanners and browsers open links ahead of people. A POST acts. No cookie is
set; the link itself says whose act it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from publisher.errors import ExpiredLinkError, LinkError
from publisher.ingest.clean import legal
from publisher.pipeline.subscribing import Reader
from publisher.render.pages import Head, Link
from publisher.render.translations import words
from publisher.store import categories
from publisher.web.press import Page, Press, Reading

# Neither kept nor told to anybody: the address is the reader's own.
PRIVATE = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
MAX_FIELDS = 200

Form = Mapping[str, str]
Endpoint = Callable[[Request], Awaitable[Response]]
Done = TypeVar("Done")


class PrivatePages:
    """What the endpoints behind links have in common."""

    def __init__(self, press: Press) -> None:
        self._press, self._newsroom = press, press.newsroom

    async def _for(
        self,
        request: Request,
        work: Callable[[], Done],
        page: Callable[[Reading, Done], Page],
    ) -> Response:
        """The page of what the work gives; one that helps where the link does not work."""
        try:
            done = await self._press.in_thread(work)
        except LinkError as error:
            return await self._no_link(request, error)
        return await self._show(request, lambda reading: page(reading, done))

    async def _no_link(self, request: Request, error: LinkError) -> Response:
        status = 410 if isinstance(error, ExpiredLinkError) else 404
        return await self._show(request, lambda reading: _no_link_page(reading, status))

    async def _show(self, request: Request, make: Callable[[Reading], Page]) -> Response:
        answer = await self._press.respond(request, make, request.url.path, {}, keep=False)
        answer.headers.update(PRIVATE)
        return answer


async def fields_of(request: Request) -> FormData:
    """The fields of a form; a name may come several times."""
    return await request.form(max_fields=MAX_FIELDS)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form, as text that a store can keep."""
    fields = await fields_of(request)
    return {name: legal(value) for name, value in fields.items() if isinstance(value, str)}


def private_page(
    reading: Reading,
    name: str,
    language: str,
    heading: str,
    *,
    status: int = 200,
    **context: Any,
) -> Page:
    """A page with a heading that no search engine keeps, but for the form that all may use."""
    say = words(language).text
    crumbs = [Link(say("Home"), f"{reading.root}/"), Link(say(heading), "")]
    head = Head(say(heading), language, crumbs=crumbs, hidden=name != "subscribe")
    return reading.page(f"pages/{name}.html", head, status=status, heading=say(heading), **context)


def named_categories(reading: Reading, paths: Sequence[str]) -> list[tuple[str, str]]:
    """Categories, each with what it and those above it are called."""
    names = categories.titles(reading.session)

    def named(path: str) -> str:
        parts = path.split("/")
        above = ("/".join(parts[:end]) for end in range(1, len(parts) + 1))
        return " › ".join(names.get(one, one.rpartition("/")[2]) for one in above)

    return [(path, named(path)) for path in paths]


def language_of(reading: Reading, who: Reader) -> str:
    """The language that a reader gets the list in."""
    one = reading.newsroom.config.list_named(who.list_name)
    own = who.language or (reading.newsroom.config.language_of(one) if one else "")
    return own or reading.newsroom.config.site.language


def title_of(reading: Reading, who: Reader) -> str:
    """What the list is called."""
    one = reading.newsroom.config.list_named(who.list_name)
    return one.title if one else who.list_name


def _no_link_page(reading: Reading, status: int) -> Page:
    language = reading.newsroom.config.site.language
    return private_page(reading, "no_link", language, "This link does not work", status=status)
