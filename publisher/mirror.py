"""Keeps this machine's `feeds/` as the store has it, within a second, while it runs."""

from __future__ import annotations

from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.shelf import mirror
from publisher.steady import Steady
from publisher.store.feed_files import CHANNEL
from publisher.store.stale import Watcher

LOOK_SECONDS = 0.5


class Mirror(Steady):
    """Waits for files that were built, on any machine, and writes them."""

    def __init__(self, newsroom: Newsroom) -> None:
        super().__init__(
            "mirror", self._follow, "the folder of feeds could not be brought up to date"
        )
        self._newsroom = newsroom

    def _follow(self) -> None:
        watcher, position = Watcher(self._newsroom.store, CHANNEL), 0
        try:
            while not self._stopping.is_set():
                position = mirror(self._newsroom, position)
                watcher.wait(LOOK_SECONDS)
        finally:
            watcher.close()
