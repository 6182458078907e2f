"""Webhooks: addresses that are told of what happens, signed by the conventions of Standard Webhooks
(https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from publisher.errors import FetchError, UsageError
from publisher.model import Scope, SubscriberState, Webhook
from publisher.outbound import Answer, exchange, refuse_private, target_of
from publisher.pipeline.newsroom import Newsroom
from publisher.render.view import article_url
from publisher.store import webhooks
from publisher.store.engine import Session
from publisher.store.webhooks import AT_ONCE, Message
from publisher.syndication.websub import Room, after_failure

log = logging.getLogger(__name__)

ARTICLE, EDITION, SUBSCRIBER = "article.", "edition.sent", "subscriber.changed"
# What there is to be told of, and the scope that whoever asks for it must have.
EVENTS = {
    "article.published": Scope.READ_ARTICLES,
    "article.corrected": Scope.READ_ARTICLES,
    "article.edited": Scope.READ_ARTICLES,
    "article.moved": Scope.READ_ARTICLES,
    "article.retracted": Scope.READ_ARTICLES,
    "article.expired": Scope.READ_ARTICLES,
    "article.removed": Scope.READ_ARTICLES,
    EDITION: Scope.READ_EDITIONS,
    SUBSCRIBER: Scope.READ_SUBSCRIBERS,
}
MOST_WEBHOOKS = 100
SECRET_BYTES = 32
LONGEST_URL = 2000
# How many are told at once, in all and at one host.
AT_THE_SAME_TIME, AT_ONE_HOST = 50, 4
READ_AHEAD = 4
GONE = 410
SETTING = "api.webhook_private_addresses"

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


def add(newsroom: Newsroom, url: str, events: Collection[str], now: datetime) -> Webhook:
    """Tell an address of these events from now on. Its `secret` is for whoever reads there.

    Raises UsageError for what is no address, or one of the local network, or no event.
    """
    unknown = sorted(set(events) - set(EVENTS))
    if unknown or not events:
        wrong = f"{unknown[0]!r} is no event" if unknown else "name an event"
        raise UsageError(f"{wrong}; there are: {', '.join(EVENTS)}")
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url or "@" in url:
        raise UsageError(f"a webhook is an address without credentials, up to {LONGEST_URL} long")
    try:
        target = target_of(url)
        if not newsroom.config.api.webhook_private_addresses:
            refuse_private(target, setting=SETTING)
    except FetchError as error:
        raise UsageError(str(error)) from None
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    made = Webhook(url=url, host=target.host, secret=secret, created=now)
    with newsroom.store.write() as session:
        if webhooks.count(session) >= MOST_WEBHOOKS:
            raise UsageError(f"there are {MOST_WEBHOOKS} webhooks already; remove one")
        webhooks.add(session, made, events)
    return made


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: HMAC-SHA-256 over id, time and body."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


@dataclass(frozen=True, slots=True)
class Letter:
    """A message with what it says."""

    message: Message
    body: bytes = field(repr=False)

    @property
    def host(self) -> str:
        """Where it goes."""
        return self.message.host


class Webhooks:
    """The work of telling webhooks (see `publisher.pipeline.at_once`)."""

    at_once = AT_THE_SAME_TIME
    per_host = AT_ONE_HOST

    def __init__(self, newsroom: Newsroom, clock: Clock = _now) -> None:
        self._newsroom, self._clock = newsroom, clock
        self._store, self._settings = newsroom.store, newsroom.config.api

    def claim(self, room: Room) -> Sequence[Letter]:
        """The messages that are due, as far as there is room."""
        now = self._clock()
        with self._store.read() as session:
            if not webhooks.is_anything_due(session, now, room.full):
                return []
        until = now + timedelta(seconds=2 * self._settings.webhook_timeout_seconds + 5)
        with self._store.write() as session:
            found = webhooks.due(session, now, room.free * READ_AHEAD, room.full)
            bodies = _bodies(session, self._newsroom, found)
            for one in found:
                if one.id not in bodies:  # what it was about has been erased
                    webhooks.delivered(session, one)
            chosen = webhooks.claim(
                session, room.choose([one for one in found if one.id in bodies]), until
            )
        return [Letter(one, bodies[one.id]) for one in chosen]

    async def attempt(self, letter: Letter) -> Answer | FetchError:
        """Tell one."""
        message, moment = letter.message, int(self._clock().timestamp())
        name = f"msg_{message.id}"
        headers = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(moment),
            "webhook-signature": signature(message.secret, name, moment, letter.body),
        }
        try:
            return await exchange(
                "POST", message.url, headers=headers, body=letter.body,
                seconds=self._settings.webhook_timeout_seconds,
                private=self._settings.webhook_private_addresses, setting=SETTING,
            )  # fmt: skip
        except FetchError as error:
            return error

    def record(self, done: Sequence[tuple[Letter, Answer | FetchError]]) -> None:
        """Write down who knows, and when the others are told again."""
        with self._store.write() as session:
            for letter, result in done:
                self._settle(session, letter.message, result)

    def _settle(self, session: Session, message: Message, result: Answer | FetchError) -> None:
        if isinstance(result, Answer) and result.is_success:
            webhooks.delivered(session, message)
        elif isinstance(result, Answer) and result.status == GONE:
            webhooks.remove(session, message.webhook_id)
            log.warning(
                "webhook %d at %s is gone (410), and removed", message.webhook_id, message.host
            )
        else:
            self._failed(session, message, result)

    def _failed(self, session: Session, message: Message, result: Answer | FetchError) -> None:
        now = self._clock()
        why = f"answered {result.status}" if isinstance(result, Answer) else str(result)
        tried = after_failure(message.attempts, message.failing_since, now, why)
        again = tried.again
        patience = timedelta(hours=self._settings.webhook_retry_hours)
        if tried.failing_since is not None and now - tried.failing_since >= patience:
            again = None
        webhooks.failed(session, message, again, now, why)
        if again is None or message.failing_since is None:
            said = "given up" if again is None else "tried again later"
            log.warning(
                "webhook %d at %s: %s %d is %s: %s",
                message.webhook_id, message.host, message.event, message.id, said, why,
            )  # fmt: skip

    def release(self, letters: Sequence[Letter]) -> None:
        """Give back what was not finished: it is sent again."""
        with self._store.write() as session:
            for letter in letters:
                webhooks.put_off(session, letter.message, AT_ONCE)


def _bodies(session: Session, newsroom: Newsroom, messages: Sequence[Message]) -> dict[int, bytes]:
    """What each message says, by its id; nothing for what is not known any more."""

    def subjects(event: str) -> list[int]:
        return [one.subject for one in messages if one.event.startswith(event)]

    about = {
        ARTICLE: _about_articles(session, newsroom, subjects(ARTICLE)),
        EDITION: _about_editions(session, newsroom, subjects(EDITION)),
        SUBSCRIBER: _about_subscribers(session, subjects(SUBSCRIBER)),
    }
    found = {}
    for one in messages:
        kind = ARTICLE if one.event.startswith(ARTICLE) else one.event
        data = about.get(kind, {}).get(one.subject)
        if data is not None:
            told = {"type": one.event, "timestamp": _text(one.at), "data": data}
            found[one.id] = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
    return found


_About = dict[int, dict[str, Any]]


def _about_articles(session: Session, newsroom: Newsroom, ids: Collection[int]) -> _About:
    found: _About = {}
    for position, (change, article) in webhooks.changes(session, ids).items():
        found[position] = {
            "id": change.article_id, "uid": change.uid, "revision": change.revision,
            "position": position,
        }  # fmt: skip
        if article is not None:
            found[position] |= {
                "external_id": article.external_id, "title": article.title,
                "page": article_url(newsroom.config.site, article),
                "category_path": article.category.path, "language": article.language,
                "published": _text(article.published), "correction": article.correction,
                "retraction": article.retraction,
            }  # fmt: skip
    return found


def _about_editions(session: Session, newsroom: Newsroom, ids: Collection[int]) -> _About:
    site = newsroom.config.site.url
    return {
        number: {
            "list": one.list_name, "date": one.local_date.isoformat(), "subject": subject,
            "page": f"{site}/editions/{one.list_name}/{one.local_date}/",
        }
        for number, (one, subject) in webhooks.editions(session, ids).items()
    }  # fmt: skip


def _about_subscribers(session: Session, ids: Collection[int]) -> _About:
    return {
        number: {
            "subscriber_id": person.id,
            "email": person.email if person.state != SubscriberState.ERASED else None,
            "list": one.list_name, "before": one.before, "after": one.after, "cause": one.cause,
        }
        for number, (one, person) in webhooks.transitions(session, ids).items()
    }  # fmt: skip


def _text(moment: datetime) -> str:
    utc = moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    return f"{utc.isoformat()}Z"
