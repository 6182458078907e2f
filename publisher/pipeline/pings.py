"""News for hubs elsewhere: which of our feeds have changed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher.errors import FetchError
from publisher.outbound import Answer, target_of
from publisher.pipeline.websub import WebSubWork, why
from publisher.store import hubs
from publisher.store.websub import AT_ONCE
from publisher.syndication.websub import Room, address_of, after_failure, ping_body

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """What a hub elsewhere is told in one request."""

    hub: str
    until: datetime
    attempts: int
    failing_since: datetime | None
    ids: tuple[int, ...]
    topics: tuple[str, ...]

    @property
    def host(self) -> str:
        """Where it goes."""
        return target_of(self.hub).host


class Pings(WebSubWork):
    """News for hubs elsewhere: one request after the other to each, of many topics."""

    def claim(self, room: Room) -> Sequence[News]:
        """The next news of each hub that has any and may be told now."""
        now, ours = self._clock(), self._settings.hubs
        with self._store.read() as session:
            if not hubs.is_anything_due(session, ours, now):
                return []
        found = []
        with self._store.write() as session:
            for hub in hubs.claim(session, ours, now, self._until()):
                pings = hubs.pings(session, hub.url, self._settings.topics_per_request)
                ids, topics = zip(*((ping.id, ping.topic) for ping in pings), strict=True)
                found.append(News(hub.url, hub.due, hub.attempts, hub.failing_since, ids, topics))
        return found

    async def attempt(self, news: News) -> Answer | FetchError:
        """Tell it. The config names the hub, so it may be anywhere."""
        site = self._newsroom.config.site.url
        body = ping_body(address_of(topic, site) for topic in news.topics)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._request("POST", news.hub, headers, body, private=True)

    def record(self, done: Sequence[tuple[News, Answer | FetchError]]) -> None:
        """Write down what each hub knows now, and when one that failed is told again."""
        with self._store.write() as session:
            for news, result in done:
                if isinstance(result, Answer) and result.is_success:
                    hubs.told(session, news.hub, news.until, news.ids)
                    log.info("told %s of %d changed feed(s)", news.hub, len(news.ids))
                    continue
                tried = after_failure(news.attempts, news.failing_since, self._clock(), why(result))
                hubs.failed(session, news.hub, news.until, tried)
                if news.failing_since is None:
                    log.warning("WebSub: %s is told again later: %s", news.hub, tried.answer)

    def release(self, many: Sequence[News]) -> None:
        """Give back what was not finished: it is told again."""
        with self._store.write() as session:
            for news in many:
                hubs.put_off(session, news.hub, news.until, AT_ONCE)
