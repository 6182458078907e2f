"""Our WebSub hub over HTTP: where partners subscribe to feeds and unsubscribe."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse

from publisher.errors import FetchError, HubLimitError, PublisherError
from publisher.model import HubMode
from publisher.outbound import refuse_private, target_of
from publisher.pipeline.hub import Asked, accept
from publisher.pipeline.newsroom import Newsroom
from publisher.web.limits import RateLimit, TooManyError

log = logging.getLogger(__name__)

FORM = "application/x-www-form-urlencoded"
MAX_BODY = 16_384
MAX_FIELDS = 50
MAX_ADDRESS = 2_000
# Section 5.1: less than 200 bytes.
MAX_SECRET = 199
BODY_SECONDS = 10.0
# Longer than any lease; more digits are no number worth computing.
MAX_DIGITS = 12
WELCOME = (
    "This is a WebSub hub (https://www.w3.org/TR/websub/) for the feeds of this site.\n"
    "Subscribe with a POST of hub.mode, hub.topic and hub.callback.\n"
)
_address = re.compile(r"https?://[!-~]+")


class BadRequestError(Exception):
    """A request that cannot be taken: the status, and what is wrong with it."""

    def __init__(self, status: int, reason: str, **headers: str) -> None:
        self.status, self.reason, self.headers = status, reason, headers
        super().__init__(reason)


class HubEndpoint:
    """Takes requests to subscribe and unsubscribe; the callbacks are asked by the pusher."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._limit = RateLimit(newsroom.config.websub.requests_per_minute)

    async def answer(self, request: Request) -> PlainTextResponse:
        """Answer one request: a POST asks for something, a GET is told what this is."""
        if request.method != "POST":
            return PlainTextResponse(WELCOME)
        try:
            self._limit.count(request.client.host if request.client else "", time.monotonic())
            asked = read(await _body(request))
            self._check(asked)
            await run_in_threadpool(accept, self._newsroom, asked)
        except TooManyError as error:
            return PlainTextResponse(f"{error}\n", 429, {"retry-after": str(error.wait)})
        except BadRequestError as error:
            return PlainTextResponse(f"{error.reason}\n", error.status, error.headers)
        except HubLimitError as error:
            return PlainTextResponse(f"{error}\n", 503, {"retry-after": "3600"})
        except PublisherError as error:
            log.error("%s", error)
            return PlainTextResponse("not now; try again later\n", 503, {"retry-after": "60"})
        return PlainTextResponse("Accepted; the callback is asked next.\n", 202)

    def _check(self, asked: Asked) -> None:
        """Refuse a callback that is written as an address of the local network. One that has a
        name is looked up when it is asked."""
        try:
            target = target_of(asked.callback)
            if not self._newsroom.config.websub.private_addresses:
                refuse_private(target, setting="websub.private_addresses")
        except FetchError:
            raise BadRequestError(400, "hub.callback: this address cannot be reached") from None


async def _body(request: Request) -> bytes:
    """The body of a form. Raises BadRequestError: of another type, too large, or too slow."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise BadRequestError(415, f"Content-Type must be {FORM}")
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                data += part
                if len(data) > MAX_BODY:
                    raise BadRequestError(413, f"a request has {MAX_BODY:,} bytes at most")
    except TimeoutError:
        raise BadRequestError(408, "the request did not arrive in time") from None
    except ClientDisconnect:
        raise BadRequestError(400, "the request broke off") from None
    return bytes(data)


def read(body: bytes) -> Asked:
    """What a form asks for (section 5.1). Raises BadRequestError. What else it has is ignored."""
    fields = _fields(body)
    mode = _required(fields, "hub.mode")
    if mode not in (HubMode.SUBSCRIBE, HubMode.UNSUBSCRIBE):
        raise BadRequestError(400, "hub.mode must be subscribe or unsubscribe")
    secret = fields.get("hub.secret") or None
    if secret and len(secret.encode()) > MAX_SECRET:
        raise BadRequestError(400, "hub.secret must have less than 200 bytes")
    # The lease of a request to unsubscribe must be ignored.
    seconds = fields.get("hub.lease_seconds") if mode == HubMode.SUBSCRIBE else None
    return Asked(
        mode=HubMode(mode),
        topic=_topic(_required(fields, "hub.topic")),
        callback=_callback(_required(fields, "hub.callback")),
        secret=secret,
        lease_seconds=_seconds(seconds) if seconds else None,
    )


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except UnicodeDecodeError:
        raise BadRequestError(400, "the form is not UTF-8") from None
    except ValueError:
        raise BadRequestError(400, f"a form has {MAX_FIELDS} fields at most") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        if not name.startswith("hub."):
            continue
        if name in fields:
            raise BadRequestError(400, f"{name} stands there twice")
        if "\0" in value:
            raise BadRequestError(400, f"{name} holds a NUL character")
        fields[name] = value
    return fields


def _required(fields: dict[str, str], name: str) -> str:
    if not fields.get(name):
        raise BadRequestError(400, f"{name} is missing")
    return fields[name]


def _topic(value: str) -> str:
    if len(value) > MAX_ADDRESS or not value.isprintable():
        raise BadRequestError(400, "hub.topic is not an address")
    return value


def _callback(value: str) -> str:
    if len(value) > MAX_ADDRESS or not _address.fullmatch(value):
        raise BadRequestError(
            400, f"hub.callback must be an http or https address of {MAX_ADDRESS:,} bytes at most"
        )
    # Credentials, if there are any, stand between the scheme and the next slash or question mark.
    if "#" in value or "@" in re.split(r"[/?]", value.partition("://")[2], maxsplit=1)[0]:
        raise BadRequestError(400, "hub.callback must have no fragment and no credentials")
    return value


def _seconds(value: str) -> int:
    if not (value.isascii() and value.isdigit()) or not value.strip("0"):
        raise BadRequestError(400, "hub.lease_seconds must be a positive whole number")
    return int(value) if len(value) <= MAX_DIGITS else 10**MAX_DIGITS
