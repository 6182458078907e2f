"""How a database is, without bringing its tables up to date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from publisher.store.copy import sqlite_file
from publisher.store.engine import engine_of, explained
from publisher.store.migrate import HEAD, revision


@dataclass(frozen=True, slots=True)
class Condition:
    """`version` is that of the tables (None before the first), `newest` the one we want.

    `clock` is the database's own time. Sizes are in bytes; `free` is what the file holds for
    nothing; both are 0 where the database does not tell. `mode` is SQLite's journal mode.
    """

    version: str | None
    newest: str
    clock: datetime
    is_sqlite: bool
    is_writable: bool
    mode: str = ""
    size: int = 0
    free: int = 0


def look_at(url: str) -> Condition | None:
    """How the database is; None where SQLite's file is not there yet. Raises StoreError."""
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return None
    engine = engine_of(url)
    try:
        with explained(engine.url), engine.connect() as connection:
            version = revision(connection)
            return (_sqlite if file else _postgres)(connection, version)
    finally:
        engine.dispose()


def _sqlite(connection: Connection, version: str | None) -> Condition:
    def pragma(name: str) -> int:
        return int(connection.execute(text(f"PRAGMA {name}")).scalar_one())

    page = pragma("page_size")
    mode = str(connection.execute(text("PRAGMA journal_mode")).scalar_one())
    clock = str(connection.execute(text("SELECT strftime('%Y-%m-%d %H:%M:%f')")).scalar_one())
    size, free = pragma("page_count") * page, pragma("freelist_count") * page
    connection.rollback()
    # Takes the writer's turn and gives it back: a file that is read-only refuses it.
    connection.execution_options(publisher_write=True).execute(text("SELECT 1"))
    connection.rollback()
    return Condition(
        version,
        HEAD,
        datetime.fromisoformat(clock).replace(tzinfo=UTC),
        is_sqlite=True,
        is_writable=True,
        mode=mode,
        size=size,
        free=free,
    )


def _postgres(connection: Connection, version: str | None) -> Condition:
    row = connection.execute(
        text(
            "SELECT clock_timestamp(), pg_database_size(current_database()),"
            " current_setting('transaction_read_only')"
        )
    ).one()
    return Condition(version, HEAD, row[0], False, row[2] == "off", size=int(row[1]))
