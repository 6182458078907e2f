"""Tells partners and webhooks of changes, within a second, while it runs."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import Any

from publisher.errors import PublisherError
from publisher.pipeline.at_once import LOOK_SECONDS, Work, drive
from publisher.pipeline.hub import Verifications, tidy
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.pings import Pings
from publisher.pipeline.webhooks import Webhooks
from publisher.pipeline.websub import Deliveries, now
from publisher.store.stale import Watcher
from publisher.store.websub import CHANNEL

# After a failure, such as a store that cannot be reached, it tries again this much later.
REST_SECONDS = 2.0
TIDY_SECONDS = 60.0

log = logging.getLogger(__name__)


class Pusher(threading.Thread):
    """Does the work that is due (WebSub, webhooks), each kind by itself, so that none holds up
    another."""

    def __init__(self, newsroom: Newsroom) -> None:
        super().__init__(name="pusher", daemon=True)
        self._newsroom = newsroom
        self._stopping = threading.Event()
        settings = newsroom.config.websub
        self._has_hubs = bool(newsroom.config.hubs)
        self._works: list[Work[Any, Any]] = [Webhooks(newsroom)]
        if settings.own:
            self._works += [Deliveries(newsroom), Verifications(newsroom)]
        if settings.hubs:
            self._works.append(Pings(newsroom))
        self._bells: list[asyncio.Event] = []

    def run(self) -> None:
        """Work until `stop` is called. What fails is said, and tried again."""
        asyncio.run(self._run())

    def stop(self) -> None:
        """Finish what is being done, or give it back, and end."""
        self._stopping.set()
        self.join()

    async def _run(self) -> None:
        self._bells = [asyncio.Event() for _ in self._works]
        kinds = [self._drive(*one) for one in zip(self._works, self._bells, strict=True)]
        await asyncio.gather(*kinds, asyncio.to_thread(self._listen, asyncio.get_running_loop()))

    async def _drive(self, work: Work[Any, Any], bell: asyncio.Event) -> None:
        while not self._stopping.is_set():
            try:
                await drive(work, bell, self._stopping.is_set)
            except PublisherError as error:
                log.error("%s", error)
                await asyncio.sleep(REST_SECONDS)
            except Exception:  # partners must not be forgotten for good, whatever one round met
                log.exception("%s came to a halt", type(work).__name__)
                await asyncio.sleep(REST_SECONDS)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ring the bells when the store has changed, and tidy up now and then."""
        while not self._stopping.is_set():
            try:
                self._watch(loop)
            except PublisherError as error:
                log.error("%s", error)
                self._stopping.wait(REST_SECONDS)
            except Exception:
                log.exception("the store could not be watched")
                self._stopping.wait(REST_SECONDS)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        watcher = Watcher(self._newsroom.store, CHANNEL)
        tidied = -TIDY_SECONDS
        try:
            while not self._stopping.is_set():
                if self._has_hubs and time.monotonic() - tidied > TIDY_SECONDS:
                    tidy(self._newsroom, now())
                    tidied = time.monotonic()
                if watcher.wait(LOOK_SECONDS):
                    loop.call_soon_threadsafe(self._ring)
        finally:
            watcher.close()

    def _ring(self) -> None:
        for bell in self._bells:
            bell.set()
