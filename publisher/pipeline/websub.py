"""The step that tells of changes at once: callbacks of our hub, and hubs elsewhere (WebSub).

There are three kinds of work, none of which waits for another: documents for callbacks (here),
questions to callbacks whether they mean a request (`publisher.pipeline.hub`), and news for hubs
elsewhere (`publisher.pipeline.pings`).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from publisher.errors import FetchError
from publisher.outbound import Answer, exchange
from publisher.pipeline.at_once import drive
from publisher.pipeline.newsroom import Newsroom
from publisher.store import websub
from publisher.store.websub import Push
from publisher.syndication.document import MEDIA_TYPES
from publisher.syndication.websub import (
    Room,
    address_of,
    after_failure,
    feed_of,
    given_up,
    link_header,
    signature,
)

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
# A document is written a moment before its change is noted, and may be replaced before it is sent.
# If the document and the note still differ after this time, the document is taken as it is.
SETTLE = timedelta(seconds=10)
LOOK_AGAIN = timedelta(seconds=0.2)
LOOK_LATER = timedelta(minutes=1)
# More is read than may begin, since some of it may be for hosts at which no more may.
READ_AHEAD = 4
GONE = 410


def now() -> datetime:
    """The present moment, unless a test says otherwise."""
    return datetime.now(UTC)


def push_due(newsroom: Newsroom, clock: Clock = now, callback: str | None = None) -> int:
    """Send what is due to callbacks (or to that one), and end; how many tries that were.

    Any number of processes may do it at the same time. Raises StoreError.
    """
    return asyncio.run(drive(Deliveries(newsroom, clock, callback)))


class WebSubWork:
    """What the kinds of work have in common."""

    def __init__(self, newsroom: Newsroom, clock: Clock = now) -> None:
        self._newsroom, self._clock = newsroom, clock
        self._store, self._settings = newsroom.store, newsroom.config.websub
        self.at_once = self._settings.at_once
        self.per_host = self._settings.at_once_per_host

    def _until(self) -> datetime:
        """Until when what is claimed now is ours: longer than it takes to do and to write down."""
        return self._clock() + timedelta(seconds=2 * self._settings.timeout_seconds + 5)

    async def _request(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        *,
        wanted: int = 0,
        private: bool = False,
    ) -> Answer | FetchError:
        try:
            return await exchange(
                method,
                url,
                headers=headers,
                body=body,
                wanted=wanted,
                seconds=self._settings.timeout_seconds,
                private=private or self._settings.private_addresses,
                setting="websub.private_addresses",
            )
        except FetchError as error:
            return error


def why(result: Answer | FetchError) -> str:
    """What went wrong, in a few words."""
    return f"answered {result.status}" if isinstance(result, Answer) else str(result)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A document on its way to a callback."""

    push: Push
    document: bytes = field(repr=False)
    sha256: str

    @property
    def host(self) -> str:
        """Where it goes."""
        return self.push.host


class Deliveries(WebSubWork):
    """Documents for the callbacks of our hub (or for one of them)."""

    def __init__(self, newsroom: Newsroom, clock: Clock = now, callback: str | None = None) -> None:
        super().__init__(newsroom, clock)
        self._callback = callback
        self._unsettled: dict[str, tuple[str, datetime]] = {}

    def claim(self, room: Room) -> Sequence[Parcel]:
        """The documents that are due, as far as there is room."""
        now, only = self._clock(), self._callback
        with self._store.read() as session:
            if not websub.is_anything_due(session, now, busy=room.full, callback=only):
                return []
        with self._store.write() as session:
            limit = room.free * READ_AHEAD
            due = websub.due(session, now, limit, busy=room.full, callback=only)
            chosen = websub.claim(session, room.choose(due), self._until())
        return self._parcels(chosen, now)

    def _parcels(self, pushes: Sequence[Push], now: datetime) -> Sequence[Parcel]:
        documents = {topic: self._document(topic) for topic in {push.topic for push in pushes}}
        ready: list[Parcel] = []
        waiting: list[tuple[Push, bool]] = []
        for push in pushes:
            document, sha256 = documents[push.topic]
            if document and sha256 != push.sent:
                ready.append(Parcel(push, document, sha256))
            else:
                waiting.append((push, bool(document)))
        if waiting:
            self._wait(waiting, now)
        return ready

    def _document(self, topic: str) -> tuple[bytes, str]:
        config = self._newsroom.config
        try:
            data = config.path(config.feeds.folder).joinpath(topic).read_bytes()
        except OSError:
            return b"", ""
        return data, hashlib.sha256(data).hexdigest()

    def _wait(self, pushes: Sequence[tuple[Push, bool]], now: datetime) -> None:
        """What was announced is yet to come; with each whether there is a document at all."""
        with self._store.write() as session:
            for push, is_there in pushes:
                announced, since = self._unsettled.get(push.topic, ("", now))
                if announced != push.sha256:
                    self._unsettled[push.topic] = (push.sha256, now)
                if announced != push.sha256 or now - since <= SETTLE:
                    websub.put_off(session, push, now + LOOK_AGAIN)
                elif is_there:
                    log.warning("WebSub: feeds/%s is not what was announced", push.topic)
                    websub.delivered(session, push, push.sha256)
                else:
                    log.warning("WebSub: feeds/%s is not there; it is waited for", push.topic)
                    websub.put_off(session, push, now + LOOK_LATER)

    async def attempt(self, parcel: Parcel) -> Answer | FetchError:
        """Send it (section 7)."""
        push, config = parcel.push, self._newsroom.config
        _, form = feed_of(push.topic)
        headers = {
            "Content-Type": f"{MEDIA_TYPES[form]}; charset=utf-8",
            "Link": link_header(config.hubs, address_of(push.topic, config.site.url)),
        }
        if push.secret:
            headers["X-Hub-Signature"] = signature(push.secret, parcel.document)
        return await self._request("POST", push.callback, headers, parcel.document)

    def record(self, done: Sequence[tuple[Parcel, Answer | FetchError]]) -> None:
        """Write down who has it, and when the others are tried again."""
        arrived: Counter[str] = Counter()
        with self._store.write() as session:
            for parcel, result in done:
                push = parcel.push
                if isinstance(result, Answer) and result.is_success:
                    # A document that is newer than its note is noted in a moment.
                    early = self._clock() + LOOK_AGAIN if parcel.sha256 != push.sha256 else None
                    websub.delivered(session, push, parcel.sha256, early)
                    arrived[push.topic] += 1
                elif isinstance(result, Answer) and result.status == GONE:
                    websub.end(session, [push.id])
                    log.info("WebSub: %s has ended its subscription to %s", push.host, push.topic)
                else:
                    websub.failed(session, push, self._tried(push, why(result)))
        for topic, number in arrived.items():
            log.info("sent feeds/%s to %d callback(s)", topic, number)

    def _tried(self, push: Push, answer: str) -> websub.Try:
        now, patience = self._clock(), timedelta(hours=self._settings.retry_hours)
        tried = after_failure(push.attempts, push.failing_since, now, answer)
        tried = given_up(tried, now, patience)
        if push.failing_since is None or tried.again is None:
            log.warning("WebSub: %s for %s: %s", push.topic, push.host, tried.answer)
        return tried

    def release(self, parcels: Sequence[Parcel]) -> None:
        """Give back what was not finished: it is sent again."""
        with self._store.write() as session:
            for parcel in parcels:
                websub.put_off(session, parcel.push, websub.AT_ONCE)
