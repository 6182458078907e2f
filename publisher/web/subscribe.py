"""What people meet who want the news by mail, or no longer: `/subscribe` and the links of mails.

A GET only shows: mail scanners and browsers open links ahead of people. A POST acts. No cookie is
set; the link itself says whose act it is, and the form for everybody only asks for a mail.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from publisher.config import MailingList
from publisher.errors import ExpiredLinkError, LinkError
from publisher.ingest.clean import legal
from publisher.model import Cause
from publisher.newsletter.subscriptions import wish_of
from publisher.pipeline import subscribing
from publisher.pipeline.joining import known_categories
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.subscribing import Choices, Reader
from publisher.render.dates import language_name
from publisher.render.pages import Head, Link
from publisher.render.translations import FOLDER, words
from publisher.tokens import Purpose
from publisher.web.limits import RateLimit, TooManyError
from publisher.web.press import Page, Press, Reading

# People who sign up make a typing error or two; a program makes thousands.
REQUESTS_A_MINUTE = 20
# A field that people do not see: who fills it in is a program.
TRAP = "website"
# Neither kept nor told to anybody: the address is the reader's own.
PRIVATE = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
MAX_FIELDS = 200

Form = Mapping[str, str]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of link: what it is good for, and what its button says and does."""

    purpose: Purpose
    heading: str
    question: str
    button: str
    done: str
    act: Callable[[Newsroom, str, Form, datetime], Reader]


def _confirm(newsroom: Newsroom, token: str, _form: Form, now: datetime) -> Reader:
    return subscribing.confirm(newsroom, token, now)


def _unsubscribe(newsroom: Newsroom, token: str, form: Form, now: datetime) -> Reader:
    one_click = form.get("List-Unsubscribe") == "One-Click"  # RFC 8058, section 3.2
    cause = Cause.ONE_CLICK if one_click else Cause.UNSUBSCRIBE_LINK
    return subscribing.unsubscribe(newsroom, token, now, cause)


def _resubscribe(newsroom: Newsroom, token: str, _form: Form, now: datetime) -> Reader:
    return subscribing.resubscribe(newsroom, token, now)


STEPS = {
    "confirm": Step(
        Purpose.CONFIRM,
        "Please confirm your subscription",
        "Do you want “%(list)s” by mail?",
        "Yes, I want it",
        "Done: you get “%(list)s” from its next edition on.",
        _confirm,
    ),
    "unsubscribe": Step(
        Purpose.UNSUBSCRIBE,
        "Unsubscribe",
        "Do you no longer want “%(list)s”?",
        "Unsubscribe",
        "Done: you no longer get “%(list)s”. Its last mail has a way back.",
        _unsubscribe,
    ),
    "subscribe": Step(
        Purpose.RESUBSCRIBE,
        "Subscribe again",
        "Do you want “%(list)s” by mail?",
        "Subscribe again",
        "Done: you get “%(list)s” from its next edition on.",
        _resubscribe,
    ),
}


def routes(press: Press) -> list[Route]:
    """The form, and an address for each kind of link."""
    form = Subscribing(press)
    found = [Route("/subscribe", form.sign_up, methods=["GET", "POST"])]
    found += [
        Route(f"/{name}/{{token}}", form.step(step), methods=["GET", "POST"])
        for name, step in STEPS.items()
    ]
    found.append(Route("/preferences/{token}", form.preferences, methods=["GET", "POST"]))
    return found


class Subscribing:
    """Answers GET and POST."""

    def __init__(self, press: Press) -> None:
        self._press, self._newsroom = press, press.newsroom
        self._limit = RateLimit(REQUESTS_A_MINUTE)

    async def sign_up(self, request: Request) -> Response:
        """The form for everybody. It answers the same whoever is meant."""
        if request.method != "POST":
            return await self._show(request, lambda reading: _form_page(reading, {}, ""))
        _same_site(request, self._newsroom)
        self._count(request)
        form = await _form(request)
        one = self._newsroom.config.list_named(form.get("list", ""))
        if one is None:
            return await self._show(request, lambda reading: _form_page(reading, form, "list"))
        try:
            wish = wish_of({"email": form.get("email", ""), "name": form.get("name", "")})
        except ValueError:
            return await self._show(request, lambda reading: _form_page(reading, form, "email"))
        if not form.get(TRAP):
            now = datetime.now(UTC)
            await self._press.in_thread(lambda: subscribing.sign_up(self._newsroom, one, wish, now))
        return await self._show(request, lambda reading: _sent_page(reading, one))

    def step(self, step: Step) -> Endpoint:
        """A page with one button, and what it does."""

        async def serve(request: Request) -> Response:
            token, now = request.path_params["token"], datetime.now(UTC)
            form = await _form(request) if request.method == "POST" else None

            def work() -> Reader:
                if form is not None:
                    return step.act(self._newsroom, token, form, now)
                return subscribing.look(self._newsroom, step.purpose, token, now)

            return await self._for(
                request, work, lambda reading, who: _step_page(reading, step, who, form is not None)
            )

        return serve

    async def preferences(self, request: Request) -> Response:
        """What a reader has chosen, and a form to choose anew."""
        token, now = request.path_params["token"], datetime.now(UTC)
        fields = await request.form(max_fields=MAX_FIELDS) if request.method == "POST" else None

        def work() -> Reader:
            who = subscribing.look(self._newsroom, Purpose.PREFERENCES, token, now)
            if fields is None:
                return who
            choices = _choices(fields, who, self._categories(who.list_name))
            return subscribing.prefer(self._newsroom, token, choices, now)

        return await self._for(
            request,
            work,
            lambda reading, who: _choices_page(
                reading, who, self._categories(who.list_name), fields is not None
            ),
        )

    def _categories(self, list_name: str) -> list[str]:
        one = self._newsroom.config.list_named(list_name)
        return sorted(known_categories(self._newsroom, one)) if one else []

    def _count(self, request: Request) -> None:
        try:
            self._limit.count(request.client.host if request.client else "", time.monotonic())
        except TooManyError as error:
            raise HTTPException(429, headers={"retry-after": str(error.wait)}) from None

    async def _for(
        self,
        request: Request,
        work: Callable[[], Reader],
        page: Callable[[Reading, Reader], Page],
    ) -> Response:
        try:
            who = await self._press.in_thread(work)
        except LinkError as error:
            status = 410 if isinstance(error, ExpiredLinkError) else 404
            return await self._show(request, lambda reading: _no_link_page(reading, status))
        return await self._show(request, lambda reading: page(reading, who))

    async def _show(self, request: Request, make: Callable[[Reading], Page]) -> Response:
        answer = await self._press.respond(request, make, request.url.path, {}, keep=False)
        answer.headers.update(PRIVATE)
        return answer


async def _form(request: Request) -> dict[str, str]:
    fields = await request.form(max_fields=MAX_FIELDS)
    return {name: legal(value) for name, value in fields.items() if isinstance(value, str)}


def _same_site(request: Request, newsroom: Newsroom) -> None:
    """Refuse a form that another site's page has sent. Raises HTTPException (403)."""
    origin = request.headers.get("origin")
    own = {urlsplit(newsroom.config.site.url).netloc, request.headers.get("host")}
    if origin not in (None, "null") and urlsplit(origin or "").netloc not in own:
        raise HTTPException(403)
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403)


def _choices(fields: FormData, who: Reader, known: list[str]) -> Choices:
    """What the form says; what of it cannot be is as it was."""
    language, timezone = str(fields.get("language") or ""), str(fields.get("timezone") or "")
    chosen = {str(one) for one in fields.getlist("category")}
    picked = tuple(path for path in known if path in chosen)
    return Choices(
        categories=() if len(picked) == len(known) else picked,
        language=language if language in _languages() else who.language,
        timezone=(timezone or None) if timezone in {"", *available_timezones()} else who.timezone,
        format="text" if fields.get("format") == "text" else "html",
    )


def _languages() -> list[str]:
    return sorted({"en", *(file.stem for file in FOLDER.glob("*.po"))})


def _form_page(reading: Reading, form: Form, wrong: str) -> Page:
    config = reading.newsroom.config
    return _page(
        reading,
        "subscribe",
        config.site.language,
        "News by mail",
        status=422 if wrong else 200,
        lists=config.lists,
        given={name: form.get(name, "") for name in ("list", "email", "name")},
        wrong=wrong,
        trap=TRAP,
    )


def _sent_page(reading: Reading, one: MailingList) -> Page:
    language = reading.newsroom.config.language_of(one)
    return _page(reading, "subscribe_sent", language, "Look into your mailbox", list=one)


def _step_page(reading: Reading, step: Step, who: Reader, done: bool) -> Page:
    return _page(
        reading,
        "link",
        _language(reading, who),
        step.heading,
        list_title=_title(reading, who),
        step=step,
        done=done,
    )


def _choices_page(reading: Reading, who: Reader, known: list[str], saved: bool) -> Page:
    return _page(
        reading,
        "preferences",
        _language(reading, who),
        "Your choices",
        list_title=_title(reading, who),
        who=who,
        categories=known,
        languages=[(one, language_name(one)) for one in _languages()],
        zones=sorted(available_timezones()),
        saved=saved,
    )


def _no_link_page(reading: Reading, status: int) -> Page:
    language = reading.newsroom.config.site.language
    return _page(reading, "no_link", language, "This link does not work", status=status)


def _page(
    reading: Reading,
    name: str,
    language: str,
    heading: str,
    *,
    status: int = 200,
    **context: Any,
) -> Page:
    say = words(language).text
    crumbs = [Link(say("Home"), f"{reading.root}/"), Link(say(heading), "")]
    head = Head(say(heading), language, crumbs=crumbs, hidden=name != "subscribe")
    return reading.page(f"pages/{name}.html", head, status=status, heading=say(heading), **context)


def _language(reading: Reading, who: Reader) -> str:
    one = reading.newsroom.config.list_named(who.list_name)
    own = who.language or (reading.newsroom.config.language_of(one) if one else "")
    return own or reading.newsroom.config.site.language


def _title(reading: Reading, who: Reader) -> str:
    one = reading.newsroom.config.list_named(who.list_name)
    return one.title if one else who.list_name
