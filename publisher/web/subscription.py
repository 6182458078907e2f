"""What the links of mails lead to: confirm, leave, come back, choose anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import available_timezones

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from publisher.model import Cause
from publisher.pipeline import subscribing
from publisher.pipeline.joining import known_categories
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.subscribing import Choices, Reader
from publisher.render.dates import language_name
from publisher.render.translations import FOLDER
from publisher.tokens import Purpose
from publisher.web.press import Page, Press, Reading
from publisher.web.private import (
    Endpoint,
    Form,
    PrivatePages,
    fields_of,
    form_of,
    language_of,
    named_categories,
    private_page,
    title_of,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of link: what it is good for, and what its button says and does."""

    purpose: Purpose
    heading: str
    question: str
    button: str
    done: str
    act: Callable[[Newsroom, str, Form, datetime], Reader]
    can_be_undone: bool = False


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
        can_be_undone=True,
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
    """An address for each kind of link."""
    pages = Subscription(press)
    found = [
        Route(f"/{name}/{{token}}", pages.step(step), methods=["GET", "POST"])
        for name, step in STEPS.items()
    ]
    return [*found, Route("/preferences/{token}", pages.preferences, methods=["GET", "POST"])]


class Subscription(PrivatePages):
    """Answers GET and POST."""

    def step(self, step: Step) -> Endpoint:
        """A page with one button, and what it does."""

        async def serve(request: Request) -> Response:
            token, now = request.path_params["token"], datetime.now(UTC)
            form = await form_of(request) if request.method == "POST" else None

            def work() -> tuple[Reader, str]:
                if form is None:
                    return subscribing.look(self._newsroom, step.purpose, token, now), ""
                who = step.act(self._newsroom, token, form, now)
                undo = step.can_be_undone and who.state == "unsubscribed"
                return who, subscribing.way_back(self._newsroom, token, now) if undo else ""

            return await self._for(
                request,
                work,
                lambda reading, found: _step_page(reading, step, *found, form is not None),
            )

        return serve

    async def preferences(self, request: Request) -> Response:
        """What a reader has chosen, and a form to choose anew."""
        token, now = request.path_params["token"], datetime.now(UTC)
        fields = await fields_of(request) if request.method == "POST" else None

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
                reading, who, self._categories(who.list_name), token, fields is not None
            ),
        )

    def _categories(self, list_name: str) -> list[str]:
        one = self._newsroom.config.list_named(list_name)
        return sorted(known_categories(self._newsroom, one)) if one else []


def _choices(fields: FormData, who: Reader, known: list[str]) -> Choices:
    """What the form says; what of it cannot be is as it was."""
    language, timezone = str(fields.get("language") or ""), str(fields.get("timezone") or "")
    chosen = {str(one) for one in fields.getlist("category")}
    picked = tuple(path for path in known if path in chosen)
    return Choices(
        categories=() if len(picked) == len(known) else picked,
        language=language if language in languages() else who.language,
        timezone=(timezone or None) if timezone in {"", *available_timezones()} else who.timezone,
        format="text" if fields.get("format") == "text" else "html",
    )


def languages() -> list[str]:
    """The languages that mails and pages speak."""
    return sorted({"en", *(file.stem for file in FOLDER.glob("*.po"))})


def named_languages() -> list[tuple[str, str]]:
    """The same, each with what it is called in itself."""
    return [(one, language_name(one)) for one in languages()]


def _step_page(reading: Reading, step: Step, who: Reader, undo: str, done: bool) -> Page:
    return private_page(
        reading,
        "link",
        language_of(reading, who),
        step.heading,
        list_title=title_of(reading, who),
        step=step,
        done=done,
        undo=f"{reading.root}/subscribe/{undo}" if undo else "",
    )


def _choices_page(reading: Reading, who: Reader, known: list[str], token: str, saved: bool) -> Page:
    return private_page(
        reading,
        "preferences",
        language_of(reading, who),
        "Your choices",
        list_title=title_of(reading, who),
        who=who,
        categories=named_categories(reading, known),
        languages=named_languages(),
        zones=sorted(available_timezones()),
        data=f"{reading.root}/preferences/{token}/data",
        saved=saved,
    )
