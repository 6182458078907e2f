"""The database: reachable, writable, its tables of our version, its clock like ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from publisher.config import Config
from publisher.pipeline.doctor.finding import Finding, Level, fine, note, wrong
from publisher.store.condition import Condition, look_at
from publisher.store.copy import check_sqlite, sqlite_file

CLOCK_SECONDS = 5.0
# From so much that the file holds for nothing, it is worth making it smaller.
FREE_BYTES, FREE_PART = 100_000_000, 0.5


def check(config: Config, now: datetime, *, full: bool) -> Iterator[Finding]:
    """How the database is; with `full`, SQLite's file is read through. Raises StoreError.

    What is wrong with its version is said as "migrations".
    """
    found = look_at(config.store_url)
    if found is None:
        yield note("migrations", "there is no database yet", "the first command makes it")
        return
    yield from _versions(found)
    if not found.is_writable:
        yield wrong("database", "it can only be read (a standby?)", "name the main server")
        return
    apart = abs((found.clock - now).total_seconds())
    if apart > CLOCK_SECONDS:
        yield wrong("clock", f"the database's clock and ours are {apart:,.0f} s apart", "let both "
                    "machines keep time by NTP: editions go by the clock")  # fmt: skip
    yield from _sqlite(found) if found.is_sqlite else _postgres(found)
    file = sqlite_file(config.store_url)
    if full and file is not None:
        check_sqlite(file)
        yield fine("database", "read through, and whole")


def can_be_used(finding: Finding) -> bool:
    """Whether the store can be opened after this finding, without changing its tables."""
    is_old = finding.subject == "migrations" and finding.level is Level.NOTE
    return finding.level is not Level.WRONG and not is_old


def _versions(found: Condition) -> Iterator[Finding]:
    if found.version is None or found.version < found.newest:
        yield note("migrations", f"tables are of version {found.version or 'none'}, and "
                   f"{found.newest} is wanted", "back up; the next start does it")  # fmt: skip
    elif found.version > found.newest:
        yield wrong("migrations", f"tables are of version {found.version}, newer than this "
                    f"publisher ({found.newest})", "install the newer publisher again")  # fmt: skip
    else:
        yield fine("migrations", f"tables are of version {found.version}, the newest")


def _sqlite(found: Condition) -> Iterator[Finding]:
    size = f"{found.size / 1e6:,.1f} MB"
    if found.mode != "wal":
        yield wrong("database", f"its journal is {found.mode}, not WAL", "stop what else opens it; "
                    "a network disk cannot hold it")  # fmt: skip
    elif found.free > FREE_BYTES and found.free > FREE_PART * found.size:
        yield note("database", f"SQLite, {size}, of which {found.free / 1e6:,.0f} MB are empty",
                   "stop the publisher, and let sqlite3 do VACUUM")  # fmt: skip
    else:
        yield fine("database", f"SQLite, {size}, WAL, can be written to")


def _postgres(found: Condition) -> Iterator[Finding]:
    yield fine("database", f"PostgreSQL, {found.size / 1e6:,.1f} MB, can be written to")
