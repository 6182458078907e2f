"""The form by which anybody asks for the news by mail: `/subscribe`, and for pages of others
`/embed/subscribe`.

It only asks for a mail, so whoever types a stranger's address gains nothing. Programs are kept off
without any third party: by a field that people do not see, by the time that a person needs, and by
how often one network and one address may ask.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from publisher.config import MailingList
from publisher.ingest.clean import legal
from publisher.newsletter.subscriptions import wish_of
from publisher.pipeline import subscribing
from publisher.pipeline.joining import known_categories
from publisher.pipeline.newsroom import Newsroom
from publisher.store.subscribers import Wish
from publisher.web.form_times import FormTimes
from publisher.web.limits import RateLimit, TooManyError
from publisher.web.press import Page, Press, Reading
from publisher.web.private import Form, PrivatePages, fields_of, named_categories, private_page
from publisher.web.safety import page_headers
from publisher.web.subscription import languages, named_languages

# People who sign up make a typing error or two; a program makes thousands.
REQUESTS_A_MINUTE = 20
# A field that people do not see: who fills it in is a program.
TRAP = "website"
# With more categories than these a form is no help; they can be chosen after confirming.
MOST_CATEGORIES = 40
TEXTS = ("list", "email", "name", "language", "format")


def routes(press: Press) -> list[Route]:
    """The form, on a page of ours and in a frame of others."""
    form = SignUp(press)
    return [
        Route("/subscribe", form.serve, methods=["GET", "POST"]),
        Route("/embed/subscribe", form.serve_frame),
    ]


class SignUp(PrivatePages):
    """Answers GET and POST. It answers the same whoever is meant."""

    def __init__(self, press: Press) -> None:
        super().__init__(press)
        self._limit = RateLimit(REQUESTS_A_MINUTE)
        self._times = FormTimes(press.newsroom)

    async def serve(self, request: Request) -> Response:
        """The form; with POST what became of it."""
        if request.method != "POST":
            named = {"list": legal(request.query_params.get("list", ""))}
            return await self._form(request, named, "")
        same_site(request, self._newsroom)
        self._count(request)
        fields = await fields_of(request)
        form = {name: legal(str(fields.get(name) or "")) for name in (*TEXTS, "since", TRAP)}
        one = self._newsroom.config.list_named(form["list"])
        if one is None:
            return await self._form(request, form, "list")
        chosen = [legal(str(path)) for path in fields.getlist("category")]
        known = await self._press.in_thread(lambda: _categories(self._newsroom, one))
        try:
            wish = _wish(form, chosen, known)
        except ValueError:
            return await self._form(request, form, "email", chosen)
        now = datetime.now(UTC)
        in_time = await self._press.in_thread(lambda: self._times.is_human(form["since"], now))
        if not in_time:
            return await self._form(request, form, "time", chosen)
        if not form[TRAP]:
            await self._press.in_thread(lambda: subscribing.sign_up(self._newsroom, one, wish, now))
        return await self._show(request, lambda reading: _sent_page(reading, one))

    async def serve_frame(self, request: Request) -> Response:
        """The form alone, which any page may show in a frame; its answer opens beside it."""
        named = {"list": legal(request.query_params.get("list", ""))}
        language = legal(request.query_params.get("language", ""))
        answer = await self._form(request, named, "", frame=True, language=language)
        policy = page_headers(self._newsroom.config)["content-security-policy"]
        answer.headers["content-security-policy"] = policy.replace(
            "frame-ancestors 'none'", "frame-ancestors *"
        )
        return answer

    async def _form(
        self,
        request: Request,
        form: Form,
        wrong: str,
        chosen: list[str] | None = None,
        *,
        frame: bool = False,
        language: str = "",
    ) -> Response:
        def page(reading: Reading) -> Page:
            since = self._times.made(datetime.now(UTC))
            lists = reading.newsroom.config.lists
            one = reading.newsroom.config.list_named(form.get("list", ""))
            one = one or (lists[0] if len(lists) == 1 else None)
            return _form_page(reading, one, form, wrong, since, chosen or [], frame, language)

        return await self._show(request, page)

    def _count(self, request: Request) -> None:
        try:
            self._limit.count(request.client.host if request.client else "", time.monotonic())
        except TooManyError as error:
            raise HTTPException(429, headers={"retry-after": str(error.wait)}) from None


def same_site(request: Request, newsroom: Newsroom) -> None:
    """Refuse a form that another site's page has sent. Raises HTTPException (403)."""
    origin = request.headers.get("origin")
    own = {urlsplit(newsroom.config.site.url).netloc, request.headers.get("host")}
    if origin not in (None, "null") and urlsplit(origin or "").netloc not in own:
        raise HTTPException(403)
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403)


def _wish(form: Form, chosen: list[str], known: list[str]) -> Wish:
    """What is wished for. Raises ValueError where the address is none; other choices that cannot
    be are left out."""
    picked = [path for path in known if path in chosen]
    language = form["language"]
    return wish_of(
        {
            "email": form["email"],
            "name": form["name"],
            "language": language if language in languages() else "",
            "format": "text" if form["format"] == "text" else "html",
            "categories": "" if len(picked) == len(known) else "|".join(picked),
        }
    )


def _categories(newsroom: Newsroom, one: MailingList) -> list[str]:
    """What can be chosen on the form."""
    known = sorted(known_categories(newsroom, one))
    return known if 1 < len(known) <= MOST_CATEGORIES else []


def _form_page(
    reading: Reading,
    one: MailingList | None,
    form: Form,
    wrong: str,
    since: str,
    chosen: list[str],
    frame: bool,
    language: str,
) -> Page:
    config = reading.newsroom.config
    own = config.language_of(one) if one else config.site.language
    return private_page(
        reading,
        "subscribe_frame" if frame else "subscribe",
        language if language in languages() else own,
        "News by mail",
        status=422 if wrong else 200,
        lists=config.lists,
        categories=named_categories(reading, _categories(reading.newsroom, one)) if one else [],
        chosen=chosen,
        languages=named_languages(),
        given={name: form.get(name, "") for name in TEXTS},
        wrong=wrong,
        trap=TRAP,
        since=since,
        target="_top" if frame else "",
    )


def _sent_page(reading: Reading, one: MailingList) -> Page:
    language = reading.newsroom.config.language_of(one)
    return private_page(reading, "subscribe_sent", language, "Look into your mailbox", list=one)
