"""Copies of an SQLite store, made while others go on reading and writing."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from publisher.errors import StoreError

PAGES = 2000
Progress = Callable[[int, int], None]


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite store; None where the store is another database."""
    try:
        address = make_url(url)
    except ArgumentError:
        return None
    is_file = address.get_backend_name() == "sqlite" and address.database not in (None, ":memory:")
    return Path(address.database or "") if is_file else None


def copy_sqlite(source: Path, target: Path, progress: Progress = lambda _done, _all: None) -> None:
    """Write the store's state of this moment to a new file, and check that file through.

    One read transaction lasts for all of it: nobody waits for it, and no writer can make it begin
    again. `progress` gets pages done and pages in all. Raises StoreError.
    """
    if not source.is_file():
        raise StoreError(f"the store {source} is not there; check store.url")
    try:
        with contextlib.closing(_reading(source)) as old, contextlib.closing(_new(target)) as new:
            old.execute("BEGIN")
            old.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # the moment is now
            old.backup(
                new, pages=PAGES, progress=lambda _status, left, all_: progress(all_ - left, all_)
            )
            old.execute("COMMIT")
            new.execute("PRAGMA journal_mode=DELETE")  # so that it is one file
        check_sqlite(target)
    except sqlite3.Error as error:
        raise StoreError(f"the store {source} cannot be copied: {error}") from error


def check_sqlite(file: Path) -> str:
    """The version of the tables in a copy that is whole. Raises StoreError where it is not."""
    try:
        with contextlib.closing(_reading(file)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
            astray = connection.execute("PRAGMA foreign_key_check").fetchall()
            version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"{file} is no whole store: {error}") from error
    if found != ["ok"]:
        raise StoreError(f"{file} is damaged: {'; '.join(found)}")
    if astray:
        table, row, parent, _ = astray[0]
        raise StoreError(f"{file} is damaged: row {row} of {table} names no row of {parent}")
    return str(version[0]) if version else ""


def _reading(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=10)
    connection.isolation_level = None
    return connection


def _new(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file)
    connection.isolation_level = None
    return connection
