"""Which addresses an import has met already, kept on disk: a million of them need no memory."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b
from types import TracebackType
from typing import Self


class Seen:
    """The lines on which addresses were first met, in a private database that goes away."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # "": a temporary file
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute("CREATE TABLE seen (address BLOB PRIMARY KEY, line) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def first_line(self, email: str, line: int) -> int:
        """The line on which the address was first met, which can be this one."""
        key = blake2b(email.encode(), digest_size=16).digest()
        added = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, line))
        if added.rowcount:
            return line
        (found,) = self._database.execute("SELECT line FROM seen WHERE address = ?", (key,))
        return int(found[0])
