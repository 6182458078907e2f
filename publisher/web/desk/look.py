"""How the desk's pages look: the frame around each, its menu, and the words for states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response

from publisher.model import (
    Cause,
    DeliveryState,
    EditionState,
    ReportKind,
    Role,
    SubscriberState,
    SubscriptionState,
)
from publisher.pipeline.joining import Joined
from publisher.pipeline.users import SignedIn
from publisher.render.dates import clock_time, short_date
from publisher.render.pages import Head, Look, origin_and_root, render_page
from publisher.render.translations import words
from publisher.web.desk.asked import SAID, Shown
from publisher.web.press import Press
from publisher.web.safety import page_headers

NO_STORE = {"cache-control": "no-store", "referrer-policy": "same-origin"}
# The rooms in the menu: what each is called, where it is, and whether only operators see it.
ROOMS = (
    ("Overview", "", False),
    ("Articles", "articles/", False),
    ("Editions", "editions/", False),
    ("Deliveries", "deliveries/", False),
    ("Subscribers", "subscribers/", True),
    ("Feeds", "feeds/", False),
    ("Imports", "imports/", False),
    ("Programs", "programs/", True),
)
# Words that the store has, and that pages show: states, causes, outcomes, kinds.
WORDS = (
    *EditionState, *DeliveryState, *SubscriberState, *SubscriptionState, *Cause, *ReportKind, *Role,
    *(one.value for one in Joined),
    "withdrawn", "to come", "expired", "corrected", "rejected", "left out", "articles", "people",
    "everything", "category", "language", "tag", "author", "source", "editions",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Room:
    """A line of the menu."""

    title: str
    address: str
    is_current: bool


class Face:
    """Makes pages of what rooms answer."""

    def __init__(self, press: Press) -> None:
        self._press = press
        self._site = press.newsroom.config.site
        self.root = f"{origin_and_root(self._site)[1]}/desk"

    def page(self, who: SignedIn, shown: Shown, said: str = "") -> Response:
        """The page for somebody who is signed in. Raises TemplateError."""
        say = words(self._site.language).text
        rooms = [
            Room(say(title), f"{self.root}/{path}", shown.template.startswith(_folder(path)))
            for title, path, is_for_operators in ROOMS
            if who.user.is_operator or not is_for_operators
        ]
        return self._made(
            shown.template, shown.heading, shown.status, rooms=rooms, user=who.user,
            token=who.form_token, said=say(SAID[said]) if said in SAID else "",
            wrong=say(shown.wrong) if shown.wrong else "", **shown.context,
        )  # fmt: skip

    def sign_in(self, wrong: str, status: int, way: str, *, is_empty: bool) -> Response:
        """The page where people sign in."""
        return self._made(
            "desk/sign_in.html", "Sign in", status, trouble=wrong, way=way, is_empty=is_empty
        )

    def helpers(self) -> dict[str, Any]:
        """What the desk's templates find besides what every page has."""
        language, zone = self._site.language, self._site.zone
        say = words(language).text

        def moment(at: datetime) -> str:
            local = at.astimezone(zone)
            return f"{short_date(local.date(), language)}, {clock_time(at, zone, language)}"

        return {
            "desk": self.root,
            "moment": moment,
            "state_text": lambda state: say(str(state)),
            "thousands": lambda number: f"{number:,}",
            "quoted": lambda text: quote(str(text), safe=""),
            "day_name": lambda day: short_date(_as_date(day), language),
        }

    def _made(self, template: str, heading: str, status: int, **context: Any) -> Response:
        statics = self._press.statics
        say = words(self._site.language).text
        head = Head(say(heading), self._site.language, hidden=True)
        look = Look(statics.address("site.css"), statics.address("icon.svg"))
        html = render_page(
            self._press.newsroom.templates, self._site, look, head, template,
            heading=say(heading), desk_style=statics.address("desk.css"),
            desk_script=statics.address("desk.js"), **self.helpers(), **context,
        )  # fmt: skip
        return HTMLResponse(html.encode("utf-8", "replace"), status, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        policy = page_headers(self._press.newsroom.config)["content-security-policy"]
        more = "script-src 'self'; connect-src 'self'; frame-src 'self'"
        return {**NO_STORE, "content-security-policy": f"{policy}; {more}"}


def frame_policy(press: Press) -> str:
    """The policy of a mail in a frame of the desk: its own style counts, and nothing runs."""
    policy = page_headers(press.newsroom.config)["content-security-policy"]
    changes = {
        "style-src 'self'": "style-src 'self' 'unsafe-inline'",
        "frame-ancestors 'none'": "frame-ancestors 'self'",
        "form-action 'self'": "form-action 'none'",
    }
    for before, after in changes.items():
        policy = policy.replace(before, after)
    return f"{policy}; sandbox allow-popups"


def framed(press: Press, html: str) -> Response:
    """A document for a frame of the desk."""
    headers = {**NO_STORE, "content-security-policy": frame_policy(press)}
    return HTMLResponse(html.encode("utf-8", "replace"), headers=headers)


def _folder(path: str) -> str:
    return f"desk/{path or 'overview'}"


def _as_date(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day
