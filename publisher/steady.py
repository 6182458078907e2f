"""A thread that goes on, whatever one round of its work has met."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from publisher.errors import PublisherError

# After a failure, such as a full disk, it tries again this much later.
REST_SECONDS = 2.0

log = logging.getLogger(__name__)


class Steady(threading.Thread):
    """Does `work`, which ends soon after `stop`; where it fails, again. `trouble` is what could not
    be done then."""

    def __init__(self, name: str, work: Callable[[], None], trouble: str) -> None:
        super().__init__(name=name, daemon=True)
        self._work, self._trouble = work, trouble
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until `stop` is called. What fails is said, and tried again."""
        while not self._stopping.is_set():
            try:
                self._work()
            except PublisherError as error:
                log.error("%s", error)
                self._stopping.wait(REST_SECONDS)
            except Exception:  # it must not stop for good
                log.exception("%s", self._trouble)
                self._stopping.wait(REST_SECONDS)

    def stop(self) -> None:
        """Finish what is being done, and end."""
        self._stopping.set()
        self.join()
