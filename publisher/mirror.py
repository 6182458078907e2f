"""Keeps this machine's `feeds/` as the store has it, within a second, while it runs."""

from __future__ import annotations

import logging
import threading

from publisher.errors import PublisherError
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.shelf import mirror
from publisher.store.feed_files import CHANNEL
from publisher.store.stale import Watcher

LOOK_SECONDS = 0.5
# After a failure, such as a full disk, it tries again this much later.
REST_SECONDS = 2.0

log = logging.getLogger(__name__)


class Mirror(threading.Thread):
    """Waits for files that were built, on any machine, and writes them."""

    def __init__(self, newsroom: Newsroom) -> None:
        super().__init__(name="mirror", daemon=True)
        self._newsroom = newsroom
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until `stop` is called. What fails is said, and tried again."""
        while not self._stopping.is_set():
            try:
                self._work()
            except PublisherError as error:
                log.error("%s", error)
                self._stopping.wait(REST_SECONDS)
            except Exception:  # readers must not be left with old feeds for good
                log.exception("the folder of feeds could not be brought up to date")
                self._stopping.wait(REST_SECONDS)

    def stop(self) -> None:
        """Finish what is being done, and end."""
        self._stopping.set()
        self.join()

    def _work(self) -> None:
        watcher, position = Watcher(self._newsroom.store, CHANNEL), 0
        try:
            while not self._stopping.is_set():
                position = mirror(self._newsroom, position)
                watcher.wait(LOOK_SECONDS)
        finally:
            watcher.close()
