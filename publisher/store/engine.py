"""Opening the store: connections, transactions, and errors in words that help."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from publisher.errors import StoreError
from publisher.store.migrate import migrate

BUSY_SECONDS = 10
# When a PostgreSQL that does not answer counts as gone, as its library takes it: seconds, and
# milliseconds for what was sent. Without these a network that swallows everything is waited for
# for hours.
PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
# The advisory lock of PostgreSQL that our own writers take one after the other.
WRITER_LOCK = 0x7075626C


__all__ = ["Connection", "Session", "Store", "connection_words", "engine_of", "open_store"]


class Store:
    """One open database. `read` and `write` give sessions; a write is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writing = engine.execution_options(publisher_write=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is one file on this machine."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one consistent state, for reading only."""
        with explained(self.engine.url), Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that is committed at the end, or rolled back on any error.

        Our own writers wait for each other, which keeps slugs and editions unique without retries.
        """
        with explained(self.engine.url), Session(self._writing, expire_on_commit=False) as session:
            session.connection()  # begins now: SQLite's writers take their turn from here on
            if not self.is_sqlite:
                session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})
            yield session
            session.commit()

    def turns(self) -> Turns:
        """Many short writing transactions, one after the other."""
        return Turns(self._writing)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


class Turns:
    """Short writing transactions over one connection that is kept, at a fraction of the cost.

    They do not wait for our other writers but where the database has only one (SQLite), so they
    must lock what they touch, row by row.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    @contextmanager
    def turn(self) -> Iterator[Connection]:
        """A connection whose work is committed at the end, or rolled back on any error."""
        with explained(self._engine.url):
            try:
                if self._connection is None:
                    self._connection = self._engine.connect()
                with self._connection.begin():
                    yield self._connection
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Give the connection back; the next turn takes another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def open_store(url: str) -> Store:
    """Open the database at an SQLAlchemy URL, bringing its tables up to date first.

    `sqlite:///FILE` and `postgresql://…` (through psycopg) are known. Raises StoreError.
    """
    address = _address(url)
    with explained(address):
        engine = _engine(address)
        migrate(engine)
    return Store(engine)


def connection_words(url: str) -> tuple[str, str]:
    """The address of a PostgreSQL store as its own programs take it, and the password apart."""
    address = _address(url).set(drivername="postgresql")
    plain = URL.create(
        "postgresql",
        username=address.username,
        host=address.host,
        port=address.port,
        database=address.database,
        query=address.query,
    )
    return plain.render_as_string(hide_password=False), address.password or ""


def engine_of(url: str) -> Engine:
    """An engine for a store as it is, whatever the version of its tables. Raises StoreError."""
    return _engine(_address(url))


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        raise StoreError(
            "store.url is not a database address; write sqlite:///newsroom.db "
            "or postgresql://user:password@host/name"
        ) from None
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
    if address.drivername not in ("sqlite", "postgresql+psycopg"):
        raise StoreError(f"store.url: {address.drivername} is not known; use sqlite or postgresql")
    return address


def _engine(address: URL) -> Engine:
    if address.drivername == "sqlite":
        folder = Path(address.database or "").parent
        if not folder.is_dir():
            raise StoreError(
                f"store: the folder {folder} does not exist; make it, or change store.url"
            )
        engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    try:
        return create_engine(address, pool_pre_ping=True, connect_args=PATIENCE)
    except (NoSuchModuleError, ModuleNotFoundError):
        raise StoreError(
            "PostgreSQL needs its driver: pip install 'publisher[postgresql]'"
        ) from None


def _sqlite_connect(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by us, below
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # the ledger is a promise, also when power fails
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    # A writer takes the lock at once: one that upgrades later can fail without waiting.
    writes = connection.get_execution_options().get("publisher_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def explained(address: URL) -> Iterator[None]:
    """Turn the driver's errors into a StoreError that says what to do."""
    try:
        yield
    except DBAPIError as error:
        if not error.connection_invalidated and error.__class__.__name__ == "IntegrityError":
            raise
        raise StoreError(_advice(str(error.orig), address)) from error


def _advice(reason: str, address: URL) -> str:
    place = address.render_as_string(hide_password=True)
    hints = {
        "database is locked": "another program holds it; close that program and try again",
        "readonly database": "it is read-only here; make the file and its folder writable",
        "unable to open": "it cannot be opened; check that the file and its folder are readable",
        "not a database": "the file is no SQLite database; check store.url",
        "disk is full": "the disk is full; make room and try again",
        "disk I/O error": "the disk does not answer; check its health and free space",
        "no such module: fts5": "this Python's SQLite cannot search; use another, or PostgreSQL",
        "connection failed": "the server cannot be reached; check that it runs and the address",
    }
    advice = next((hint for sign, hint in hints.items() if sign in reason), "see the reason above")
    return f"the store {place} failed: {reason.strip()}\n  {advice}"
