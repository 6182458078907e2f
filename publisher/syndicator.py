"""Keeps the files under `feeds/` up to date, within a second, while it runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from publisher.errors import BrokerError
from publisher.pipeline.build import syndicate
from publisher.pipeline.carrying import Carrier, HandedFeeds, hand_out_feeds
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.search_index import index
from publisher.steady import Steady
from publisher.store.stale import Watcher

# An article may fall due by the clock alone (an embargo, an expiry), so it looks this often too.
LOOK_SECONDS = 0.5

log = logging.getLogger(__name__)


class Syndicator(Steady):
    """Waits for changes of the store, made by anybody, and syndicates them where `leads()`."""

    def __init__(
        self,
        newsroom: Newsroom,
        leads: Callable[[], bool] = lambda: True,
        carrier: Carrier | None = None,
    ) -> None:
        super().__init__(
            "syndicator", self._syndicate_all, "the feeds could not be brought up to date"
        )
        self._newsroom, self._leads, self._carrier = newsroom, leads, carrier
        self._handed: HandedFeeds = {}

    def _syndicate_all(self) -> None:
        watcher = Watcher(self._newsroom.store)
        try:
            while not self._stopping.is_set():
                if not self._leads():
                    self._stopping.wait(LOOK_SECONDS)
                    continue
                for address in self._syndicate(datetime.now(UTC)):
                    log.info("wrote feeds/%s", address)
                # The search index comes after the feeds, in small parts: it holds none of them up.
                if not index(self._newsroom):
                    watcher.wait(LOOK_SECONDS)
        finally:
            watcher.close()

    def _syndicate(self, now: datetime) -> Sequence[str]:
        if self._carrier is not None:
            try:
                if hand_out_feeds(self._newsroom, self._carrier, self._handed, now):
                    return ()
            except BrokerError as error:
                log.warning("%s; this clock builds feeds by itself", error)
        return syndicate(self._newsroom, now)
