"""Which of several processes leads: the one that holds an advisory lock of PostgreSQL."""

from __future__ import annotations

import time
from contextlib import suppress

from sqlalchemy import Connection, text

from publisher.errors import StoreError
from publisher.store.engine import Store, explained

LEADER_LOCK = 0x7075626E
# A connection that is silent for so long is ended by the server, and the lock with it: whoever was
# stopped, or is out of reach, leads no more. (PostgreSQL 14 and newer; an older one notices only
# that a machine is out of reach, and late.)
SILENT = "15s"
# Less than that, and counted from before the question: never do two believe that they lead.
SURE_SECONDS = 10.0


class Lead:
    """The lead, or the wish to have it. Not for use by several threads at once, but `is_held`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection: Connection | None = None
        self._sure_until = 0.0

    @property
    def is_held(self) -> bool:
        """Whether we lead at this moment. A store that is a file on one machine has no lead."""
        return self._store.is_sqlite or time.monotonic() < self._sure_until

    def seek(self) -> None:
        """Take the lead if it is free, or keep it; to be called every few seconds.

        Raises StoreError; the lead is then given up.
        """
        if self._store.is_sqlite:
            return
        before = time.monotonic()
        try:
            with explained(self._store.engine.url):
                held = self._keep() if self._sure_until else self._take()
        except StoreError:
            self.leave()
            raise
        self._sure_until = before + SURE_SECONDS if held else 0.0

    def leave(self) -> None:
        """Let another one lead."""
        self._sure_until = 0.0
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # it may be broken, and that is as good
                connection.invalidate()  # kept in the pool, it would keep the lock
                connection.close()

    def _take(self) -> bool:
        if self._connection is None:
            connection = self._store.engine.connect()
            self._connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            self._connection.execute(
                text(
                    "SELECT set_config(name, :silent, false) FROM pg_settings "
                    "WHERE name = 'idle_session_timeout'"
                ),
                {"silent": SILENT},
            )
        taken = self._connection.execute(
            text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER_LOCK}
        )
        return bool(taken.scalar())

    def _keep(self) -> bool:
        """The lock is the connection's, so it is held as long as that one answers."""
        assert self._connection is not None  # noqa: S101 - whoever is sure has one
        self._connection.execute(text("SELECT 1"))
        return True
