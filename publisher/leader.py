"""Seeks the lead among several clocks, and keeps it, while it runs."""

from __future__ import annotations

import logging
import threading

from publisher.errors import PublisherError
from publisher.pipeline.newsroom import Newsroom
from publisher.store.leader import Lead

# With the silence after which the store ends a connection (15 s), another clock leads well within
# half a minute, whatever has become of the first one.
SEEK_SECONDS = 1.0

log = logging.getLogger(__name__)


class Leader(threading.Thread):
    """Any number of clocks may run; the one that leads does what one alone has to do."""

    def __init__(self, newsroom: Newsroom) -> None:
        super().__init__(name="leader", daemon=True)
        self._lead = Lead(newsroom.store)
        self._stopping = threading.Event()

    def leads(self) -> bool:
        """Whether this process leads at this moment."""
        return self._lead.is_held

    def start(self) -> None:
        """Seek the lead at once, and from here on."""
        self._seek()
        super().start()

    def run(self) -> None:
        """Seek until `stop` is called. What fails is said, and tried again."""
        while not self._stopping.wait(SEEK_SECONDS):
            self._seek()

    def stop(self) -> None:
        """Let another one lead, and end."""
        self._stopping.set()
        self.join()
        self._lead.leave()

    def _seek(self) -> None:
        led = self.leads()
        try:
            self._lead.seek()
        except PublisherError as error:
            log.error("the lead among clocks: %s", error)
        except Exception:  # a site whose clock had no lead for good would send nothing
            log.exception("the lead among clocks could not be sought")
        if self.leads() != led:
            log.info("this clock leads" if not led else "this clock does not lead any more")
