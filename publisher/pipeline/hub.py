"""What our WebSub hub does with a request, and with what has had its time."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from publisher.errors import FetchError, HubLimitError, PrivateAddressError
from publisher.model import HubMode, HubRequest, HubSubscription
from publisher.outbound import Answer, target_of
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.websub import READ_AHEAD, Clock, WebSubWork, now, why
from publisher.store import feeds, hub_requests, hubs, websub
from publisher.store.engine import Session
from publisher.syndication.websub import (
    VERIFICATIONS,
    Room,
    address_of,
    back_off,
    denial,
    feed_of,
    lease,
    question,
    topic_of,
)

log = logging.getLogger(__name__)

NO_SUCH_TOPIC = "this hub has no such feed"
# Requests come from strangers, so that documents keep most of what may be under way.
SHARE = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to subscribe or unsubscribe, as it came in; `lease_seconds` None if not said."""

    mode: HubMode
    topic: str
    callback: str
    secret: str | None = field(default=None, repr=False)
    lease_seconds: int | None = None


def accept(newsroom: Newsroom, asked: Asked) -> None:
    """Note the request; its callback is asked next, or told that there is no such topic.

    Raises HubLimitError where there are too many already. A renewal never meets a limit.
    """
    settings = newsroom.config.websub
    host = target_of(asked.callback).host
    with newsroom.store.write() as session:
        topic = topic_of(asked.topic, newsroom.config.site.url)
        if topic is None or not websub.subscription(session, topic, asked.callback):
            _keep_to_limits(newsroom, session, host)
        # What is published no more can still be unsubscribed from.
        ours = topic is not None and (
            asked.mode is HubMode.UNSUBSCRIBE or is_published(newsroom, session, topic)
        )
        hub_requests.queue(
            session,
            HubRequest(
                mode=asked.mode if ours else HubMode.DENIED,
                topic=asked.topic,
                callback=asked.callback,
                host=host,
                secret=asked.secret,
                lease_seconds=lease(
                    asked.lease_seconds,
                    default=settings.lease_seconds,
                    shortest=settings.min_lease_seconds,
                    longest=settings.max_lease_seconds,
                ),
                due=websub.AT_ONCE,
            ),
        )


def _keep_to_limits(newsroom: Newsroom, session: Session, host: str) -> None:
    settings = newsroom.config.websub
    load = hub_requests.load(session, host)
    if load.at_host >= settings.max_per_host:
        raise HubLimitError(
            f"{host} has {load.at_host:,} subscriptions, the most that one host may have"
        )
    if load.total >= settings.max_subscriptions:
        log.warning("a subscription was refused: websub.max_subscriptions is reached")
        raise HubLimitError("this hub has as many subscriptions as it can serve")


def is_published(newsroom: Newsroom, session: Session, topic: str) -> bool:
    """Whether a topic is one of the feeds that this site publishes, in one of its formats."""
    (kind, key), form = feed_of(topic)
    published = newsroom.config.feeds
    if kind not in published.kinds or form not in published.formats:
        return False
    return feeds.exists(session, kind, key)


def tidy(newsroom: Newsroom, now: datetime) -> None:
    """End what has had its time: leases that are over, subscriptions to feeds that are not
    published any more (their callbacks are told), news for hubs that are not ours any more."""
    with newsroom.store.write() as session:
        over = websub.expire(session, now)
        if over:
            log.info("WebSub: the lease of %d subscription(s) has ended", over)
        hubs.forget_others(session, newsroom.config.websub.hubs)
        if not newsroom.config.websub.own:
            return  # nobody would tell the callbacks
        for topic in websub.topics(session):
            if not is_published(newsroom, session, topic):
                _deny(newsroom, session, websub.of_topic(session, topic))


def _deny(newsroom: Newsroom, session: Session, ended: Sequence[HubSubscription]) -> None:
    for one in ended:
        log.info("WebSub: %s is not published any more; %s is told", one.topic, one.host)
        address = address_of(one.topic, newsroom.config.site.url)
        hub_requests.queue(
            session,
            HubRequest(
                mode=HubMode.DENIED, topic=address, callback=one.callback, host=one.host,
                lease_seconds=0, due=websub.AT_ONCE,
            ),
        )  # fmt: skip
    websub.end(session, [one.id for one in ended])


@dataclass(frozen=True, slots=True)
class Reply:
    """What a callback has said to a question, and when it was asked."""

    result: Answer | FetchError
    confirmed: bool
    asked: datetime

    @property
    def is_final(self) -> bool:
        """Whether asking again could change nothing."""
        if isinstance(self.result, Answer):
            return self.result.status < 500
        return isinstance(self.result, PrivateAddressError)

    @property
    def said(self) -> str:
        """The answer, in a few words."""
        if isinstance(self.result, Answer) and self.result.is_success:
            return f"answered {self.result.status}, without the challenge"
        return why(self.result)


class Verifications(WebSubWork):
    """Questions to callbacks whether they mean a request, and denials (sections 5.2 and 5.3)."""

    def __init__(self, newsroom: Newsroom, clock: Clock = now) -> None:
        super().__init__(newsroom, clock)
        self.at_once = max(self.at_once // SHARE, 1)

    def claim(self, room: Room) -> Sequence[HubRequest]:
        """The requests whose callbacks are to be asked, as far as there is room."""
        now = self._clock()
        with self._store.read() as session:
            if not hub_requests.is_anything_due(session, now, busy=room.full):
                return []
        with self._store.write() as session:
            limit = room.free * READ_AHEAD
            chosen = room.choose(hub_requests.due(session, now, limit, busy=room.full))
            for request in chosen:
                request.due = self._until()
        return chosen

    async def attempt(self, request: HubRequest) -> Reply:
        """Ask, with a challenge that only the callback can know."""
        asked, mode = self._clock(), HubMode(request.mode)
        if mode is HubMode.DENIED:
            url = denial(request.callback, request.topic, NO_SUCH_TOPIC)
            return Reply(await self._request("GET", url), False, asked)
        challenge = secrets.token_urlsafe(32)
        url = question(
            request.callback, mode, request.topic,
            challenge=challenge, lease_seconds=request.lease_seconds,
        )  # fmt: skip
        # One byte more is wanted than is right, so that an answer that goes on is wrong.
        result = await self._request("GET", url, wanted=len(challenge) + 1)
        confirmed = isinstance(result, Answer) and result.echoes(challenge)
        return Reply(result, confirmed, asked)

    def record(self, done: Sequence[tuple[HubRequest, Reply]]) -> None:
        """Do what was confirmed, and drop what was not; who did not answer is asked again."""
        with self._store.write() as session:
            for request, reply in done:
                attempts = request.attempts + 1
                if not (reply.confirmed or reply.is_final or attempts >= VERIFICATIONS):
                    later = self._clock() + back_off(attempts)
                    hub_requests.put_off(session, request, later, attempts)
                elif hub_requests.take_out(session, request):
                    self._settle(session, request, reply)

    def _settle(self, session: Session, request: HubRequest, reply: Reply) -> None:
        said = f"WebSub: {request.host}, {request.mode} {request.topic}"
        topic = topic_of(request.topic, self._newsroom.config.site.url)
        if not reply.confirmed or topic is None:
            log.info("%s%s", said, "" if request.mode == HubMode.DENIED else f": {reply.said}")
            return
        log.info("%s: confirmed", said)
        if request.mode == HubMode.SUBSCRIBE:
            expires = reply.asked + timedelta(seconds=request.lease_seconds)
            hub_requests.subscribe(session, request, topic, expires)
        else:
            hub_requests.unsubscribe(session, topic, request.callback)

    def release(self, requests: Sequence[HubRequest]) -> None:
        """Give back what was not finished: it is asked again."""
        with self._store.write() as session:
            for request in requests:
                hub_requests.put_off(session, request, websub.AT_ONCE, request.attempts)
