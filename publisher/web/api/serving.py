"""Answers requests to the API: who asks, whether they may, what they ask for; then the work.

In that order, so that a stranger's body is never read.
"""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import anyio
from anyio import CapacityLimiter
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from publisher.errors import StoreError
from publisher.model import AccessToken
from publisher.pipeline.access import token_of
from publisher.pipeline.newsroom import Newsroom
from publisher.web.api import problems
from publisher.web.api.operation import HEADERS, Answer, AnyOperation, Asked, Nothing, lacks
from publisher.web.api.problems import Fault, ProblemError
from publisher.web.limits import RateLimit, TooManyError

log = logging.getLogger(__name__)

# More at once would only wait for each other in the database.
THREADS = 8
# Who shows so many tokens in a minute that are none is guessing.
WRONG_TOKENS_A_MINUTE = 30
# Neither kept by browsers nor by what stands between.
PRIVATE = {"cache-control": "no-store"}
_bearer = re.compile(r"bearer +([!-~]+) *", re.IGNORECASE)
Result = TypeVar("Result")


class Desk:
    """Serves operations: everything that one request after the other needs."""

    def __init__(self, newsroom: Newsroom, root: str) -> None:
        self._newsroom, self.root = newsroom, root
        self._limit = RateLimit(newsroom.config.api.requests_per_minute)
        self._strangers = RateLimit(WRONG_TOKENS_A_MINUTE)
        self._threads: CapacityLimiter | None = None

    async def serve(self, request: Request, operations: Sequence[AnyOperation]) -> Response:
        """Answer a request to an address that has these operations."""
        try:
            return await self._answer(request, operations)
        except ProblemError as problem:
            return problems.answer(problem, self.root)
        except ClientDisconnect:
            return problems.answer(ProblemError(400, "The request broke off."), self.root)
        except HTTPException as error:
            return problems.answer(of_status(error.status_code, error.headers), self.root)
        except StoreError as error:
            log.error("%s %s: %s", request.method, request.scope["path"], error)
            told = ProblemError(503, "The store does not answer.", headers={"retry-after": "5"})
            return problems.answer(told, self.root)
        except Exception:
            log.exception("%s %s failed", request.method, request.scope["path"])
            told = ProblemError(500, "Something went wrong here. It is not your fault.")
            return problems.answer(told, self.root)

    async def _answer(self, request: Request, operations: Sequence[AnyOperation]) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        found = next((one for one in operations if one.method == method), None)
        if found is None:
            allowed = ", ".join(sorted(one.method for one in operations))
            detail = f"{request.method} is not for this address; there is {allowed}."
            raise ProblemError(405, detail, headers={"allow": allowed})
        now = datetime.now(UTC)
        token = await self._token(request, now)
        self._count(self._limit, f"token {token.id}")
        if not token.may(found.scope):
            raise lacks(found.scope)
        headers = _headers(request, found)
        params = _params(request, found)
        sent = await _body(request) if found.body is not Nothing else b""
        body = _read(found, sent)
        asked = Asked(self._newsroom, token, now, headers, sent)
        answer = await self._in_thread(lambda: found.work(asked, params, body))
        return _response(answer, head=request.method == "HEAD")

    async def _token(self, request: Request, now: datetime) -> AccessToken:
        shown = _bearer.fullmatch(request.headers.get("authorization", ""))
        if shown is None:
            detail = "Send “Authorization: Bearer pub_…”; `publisher token new` makes a token."
            raise ProblemError(401, detail, headers={"www-authenticate": "Bearer"})
        found = await self._in_thread(lambda: token_of(self._newsroom, shown[1], now))
        if found is None:
            self._count(self._strangers, request.client.host if request.client else "")
            told = {"www-authenticate": 'Bearer error="invalid_token"'}
            raise ProblemError(401, "This token is none of ours, or was revoked.", headers=told)
        return found

    def _count(self, limit: RateLimit, client: str) -> None:
        try:
            limit.count(client, time.monotonic())
        except TooManyError as error:
            detail = f"Too many requests; try again in {error.wait} s."
            raise ProblemError(429, detail, headers={"retry-after": str(error.wait)}) from None

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        if self._threads is None:
            self._threads = CapacityLimiter(THREADS)
        return await anyio.to_thread.run_sync(work, limiter=self._threads)


def of_status(status: int, headers: object = None) -> ProblemError:
    """The problem of a status that the server itself has found."""
    details = {
        404: "There is nothing at this address.",
        408: "The request did not arrive in time.",
        413: "The request is too large; [api] max_body_bytes is the limit.",
        414: "The address is too long.",
    }
    told = headers if isinstance(headers, dict) else {}
    return ProblemError(status, details.get(status, "The request cannot be used."), headers=told)


def _headers(request: Request, operation: AnyOperation) -> dict[str, str]:
    found = {}
    for name in operation.headers:
        values = request.headers.getlist(name)
        if not values:
            continue
        value = ", ".join(values)
        if not re.fullmatch(HEADERS[name].pattern, value):
            fault = Fault(detail=f"It must fit {HEADERS[name].pattern}", header=name)
            raise ProblemError(400, f"The header {name} cannot be used.", faults=(fault,))
        found[name.lower()] = value
    return found


def _params(request: Request, operation: AnyOperation) -> BaseModel:
    given: dict[str, str] = dict(request.path_params)
    pairs = request.query_params.multi_items()
    twice = [name for name, number in Counter(name for name, _ in pairs).items() if number > 1]
    clash = next((name for name in (*twice, *(n for n, _ in pairs if n in given))), None)
    if clash is not None:
        raise problems.wrong(f"{clash} stands there twice.", parameter=clash)
    try:
        model: BaseModel = operation.params.model_validate_strings({**given, **dict(pairs)})
    except ValidationError as error:
        raise problems.of_parameters(error) from None
    return model


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ProblemError(415, "Send application/json, and say so in Content-Type.")
    return await request.body()


def _read(operation: AnyOperation, sent: bytes) -> BaseModel:
    if operation.body is Nothing:
        return Nothing()
    try:
        model: BaseModel = operation.body.model_validate_json(sent)
    except ValidationError as error:
        raise problems.of_body(error) from None
    return model


def _response(answer: Answer, *, head: bool) -> Response:
    headers = {**PRIVATE, **answer.headers}
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    data = answer.body.model_dump_json().encode()
    headers |= {"content-type": "application/json", "content-length": str(len(data))}
    return Response(b"" if head else data, answer.status, headers)
