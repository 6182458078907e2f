"""Who comes in at the desk: sessions by cookie, roles, and forms that nobody else can send.

The cookie is no script's business (HttpOnly), goes along with no form of another site (SameSite),
and only over https where the site has it. Every form carries a token of its session, and a browser
must say that it is sent from this site. A session is new with each sign-in, so none can be planted.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from publisher.errors import PublisherError, RejectedError, UsageError
from publisher.model import Role
from publisher.pipeline import users
from publisher.pipeline.users import SignedIn, SignInError, SignInWaitError
from publisher.web.desk.asked import Asked, Door, Led, Shown
from publisher.web.desk.look import Face
from publisher.web.limits import network_of
from publisher.web.press import Press
from publisher.web.subscribe import same_site

log = logging.getLogger(__name__)

MAX_FIELDS, MAX_FILES = 400, 4
LONGEST_FIELD = 4_000_000
# What argon2 makes of a password takes memory on purpose, so only so many at once.
PASSWORDS_AT_ONCE = 2
CLEAR_HEADERS = {"cache-control": "no-store"}


class Guard:
    """Makes endpoints of doors."""

    def __init__(self, press: Press, face: Face, shared: dict[str, Any]) -> None:
        self._press, self._newsroom, self._face, self._shared = press, press.newsroom, face, shared
        self._root = face.root
        self._passwords = CapacityLimiter(PASSWORDS_AT_ONCE)
        self._is_secure = urlsplit(self._newsroom.config.site.url).scheme == "https"
        # With this prefix a browser takes it only over https and for this host alone (RFC 6265bis).
        self._cookie = "__Host-desk" if self._is_secure else "desk"

    @property
    def routes(self) -> list[Route]:
        """Signing in and out."""
        return [
            Route("/desk/sign-in", self._sign_in, methods=["GET", "POST"]),
            Route("/desk/sign-out", self._sign_out, methods=["POST"]),
        ]

    def route(self, door: Door) -> Route:
        """The route of a door."""
        methods = [name for name, work in (("GET", door.get), ("POST", door.post)) if work]
        return Route(door.path, partial(self._answer, door), methods=methods)

    async def who(self, request: Request) -> SignedIn | None:
        """Who asks; None where nobody is signed in."""
        secret = request.cookies.get(self._cookie, "")
        now = datetime.now(UTC)
        return await self._press.in_thread(lambda: users.signed_in(self._newsroom, secret, now))

    async def _answer(self, door: Door, request: Request) -> Response:
        is_form = request.method == "POST"
        if is_form:
            same_site(request, self._newsroom)
        who = await self.who(request)
        if who is None:
            return self._stranger(request)
        if door.role is Role.OPERATOR and not who.user.is_operator:
            log.warning("desk: %s may not ask for %s", who.user.name, request.url.path)
            return await self._refused(who, 403, "Only operators may do this.")
        if not is_form:
            return await self._let_in(door, request, who, FormData())
        form = await self._form(request)
        try:
            if who.has_sent(str(form.get("token", ""))):
                return await self._let_in(door, request, who, form)
            log.warning("desk: a form without its token for %s", request.url.path)
            return await self._refused(
                who, 403, "This form is out of date. Go back, load the page again and retry."
            )
        finally:
            await form.close()

    async def _let_in(
        self, door: Door, request: Request, who: SignedIn, form: FormData
    ) -> Response:
        is_form = request.method == "POST"
        asked = Asked(
            self._newsroom, self._press, who, datetime.now(UTC), request.path_params,
            request.query_params, form, self._shared,
        )  # fmt: skip
        return await self._press.in_thread(lambda: self._worked(door, asked, is_form))

    def _worked(self, door: Door, asked: Asked, is_form: bool) -> Response:
        work = door.post if is_form else door.get
        if work is None:
            raise HTTPException(405)
        try:
            answer = work(asked)
        except (UsageError, RejectedError) as error:
            reason = error.reason if isinstance(error, RejectedError) else str(error)
            answer = Shown("desk/refused.html", "This cannot be done", status=422, wrong=reason)
        except PublisherError as error:
            log.error("desk: %s: %s", door.path, error)
            answer = Shown(
                "desk/refused.html", "Something went wrong", status=500, wrong=str(error)
            )
        if isinstance(answer, Led):
            return RedirectResponse(answer.location, 303, CLEAR_HEADERS)
        return (
            self._face.page(asked.who, answer, asked.asks("said"))
            if isinstance(answer, Shown)
            else answer
        )

    async def _form(self, request: Request) -> FormData:
        return await request.form(
            max_fields=MAX_FIELDS, max_files=MAX_FILES, max_part_size=LONGEST_FIELD
        )

    async def _refused(self, who: SignedIn, status: int, reason: str) -> Response:
        shown = Shown("desk/refused.html", "This cannot be done", status=status, wrong=reason)
        return await self._press.in_thread(lambda: self._face.page(who, shown))

    def _stranger(self, request: Request) -> Response:
        """To the sign-in page, and back after it where that is only looking."""
        way = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        back = f"?{urlencode({'next': way})}" if request.method == "GET" else ""
        return RedirectResponse(f"{self._root}/sign-in{back}", 303, CLEAR_HEADERS)

    async def _sign_in(self, request: Request) -> Response:
        if request.method != "POST":
            way = request.query_params.get("next", "")
            return await self._sign_in_page("", 200, way)
        same_site(request, self._newsroom)
        form = await self._form(request)
        name, password = str(form.get("name", "")), str(form.get("password", ""))
        way = str(form.get("next", ""))
        network = network_of(request.client.host if request.client else "")
        now = datetime.now(UTC)
        try:
            made = await to_thread.run_sync(
                lambda: users.sign_in(self._newsroom, name, password, network, now),
                limiter=self._passwords,
            )
        except SignInWaitError as error:
            log.warning("desk: too many tries to sign in from %s", network)
            answer = await self._sign_in_page("wait", 429, way)
            answer.headers["retry-after"] = str(error.wait)
            return answer
        except SignInError:
            log.warning("desk: somebody from %s could not sign in", network)
            return await self._sign_in_page("wrong", 422, way)
        log.info("desk: a user has signed in (%s)", made.user.role)
        answer = RedirectResponse(self._own(way), 303, CLEAR_HEADERS)
        answer.set_cookie(
            self._cookie, made.secret, path="/", secure=self._is_secure, httponly=True,
            samesite="lax", max_age=int(users.LONGEST_SESSION.total_seconds()),
        )  # fmt: skip
        return answer

    async def _sign_in_page(self, wrong: str, status: int, way: str) -> Response:
        def made() -> Response:
            is_empty = not users.every(self._newsroom)
            return self._face.sign_in(wrong, status, way, is_empty=is_empty)

        return await self._press.in_thread(made)

    async def _sign_out(self, request: Request) -> Response:
        same_site(request, self._newsroom)
        who = await self.who(request)
        form = await self._form(request)
        if who is not None and who.has_sent(str(form.get("token", ""))):
            await self._press.in_thread(lambda: users.sign_out(self._newsroom, who))
        answer = RedirectResponse(f"{self._root}/sign-in", 303, CLEAR_HEADERS)
        answer.delete_cookie(
            self._cookie, path="/", secure=self._is_secure, httponly=True, samesite="lax"
        )
        return answer

    def _own(self, way: str) -> str:
        """The address if it is one of the desk, else the desk's first page: a link must not lead
        whoever signs in to another site."""
        parts = urlsplit(way)
        is_own = not parts.scheme and not parts.netloc and "\\" not in way
        return way if is_own and way.startswith(f"{self._root}/") else f"{self._root}/"
