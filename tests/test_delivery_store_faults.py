"""When the ledger cannot be written nothing is sent on, and what was answered is not forgotten."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import make_url

from publisher.delivery import sender
from publisher.errors import StoreError
from publisher.store.engine import Store, open_store
from tests import postgres
from tests.sending import NOW, edition, policy, send, smtp, states
from tests.smtp_server import Session, running

ROOM_FOR_EVER = 1_073_741_823


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "FIRST_RETRY", 0.02)
    monkeypatch.setattr(sender, "LONGEST_RETRY", 0.1)


@pytest.fixture
def file(migrated_file: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(migrated_file, tmp_path / "newsroom.db"))


@pytest.fixture
def sqlite_store(file: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{file}")
    yield opened
    opened.close()


class Disk:
    """A disk with so many pages of room for the database, as SQLite itself counts them."""

    def __init__(self, store: Store) -> None:
        self.pages = ROOM_FOR_EVER
        event.listen(store.engine, "begin", self.limit)

    def limit(self, connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={self.pages}")

    def fill(self, store: Store) -> None:
        with store.engine.connect() as connection:
            self.pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()


def test_a_full_disk_stops_the_sending_until_there_is_room(sqlite_store: Store) -> None:
    edition_id = edition(sqlite_store, 300)
    disk = Disk(sqlite_store)
    taken_when_full: list[int] = []

    def script(_session: Session, verb: str, _argument: str) -> str | None:
        if verb == "CONTENT" and len(server.taken) == 50 and not taken_when_full:
            disk.fill(sqlite_store)
            taken_when_full.append(50)
            threading.Timer(1.5, make_room).start()
        # Long replies: each needs more room in the ledger than the row had.
        return f"250 2.0.0 queued {'x' * 400}" if verb == "CONTENT" else None

    def make_room() -> None:
        taken_when_full.append(len(server.taken))
        disk.pages = ROOM_FOR_EVER

    with running(script) as server:
        send(sqlite_store, edition_id, smtp(server.url()), policy=policy(in_doubt=40))
    assert states(sqlite_store, edition_id) == {"accepted": 300}
    assert len(server.recipients) == len(set(server.recipients)) == 300
    assert taken_when_full[1] <= 50 + 40, "nothing new was taken while nothing could be written"


def test_whoever_gives_up_on_a_full_disk_finds_the_letters_in_doubt(
    sqlite_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    edition_id = edition(sqlite_store, 300)
    disk = Disk(sqlite_store)

    def script(_session: Session, verb: str, _argument: str) -> str | None:
        if verb == "CONTENT" and len(server.taken) == 50:
            disk.fill(sqlite_store)
        return f"250 2.0.0 queued {'x' * 400}" if verb == "CONTENT" else None

    with running(script) as server:
        with pytest.raises(StoreError, match=r"disk is full|full"):
            send(
                sqlite_store, edition_id, smtp(server.url()), policy=policy(in_doubt=40),
                owner="this.machine/1/1/1", stopping=lambda: "trying again" in caplog.text,
            )  # fmt: skip
        first = len(server.taken)
        disk.pages = ROOM_FOR_EVER
        counts = states(sqlite_store, edition_id)
        assert counts["sending"] <= 40
        assert counts["accepted"] + counts["sending"] >= first
        send(sqlite_store, edition_id, smtp(server.url()), moment=NOW + timedelta(hours=1))
    counts = states(sqlite_store, edition_id)
    assert set(counts) == {"accepted", "uncertain"}
    assert sum(counts.values()) == 300
    assert counts["uncertain"] <= 40
    assert len(server.recipients) == len(set(server.recipients))


def test_a_database_that_another_program_locks_is_waited_for(
    sqlite_store: Store, file: Path
) -> None:
    edition_id = edition(sqlite_store, 100)
    event.listen(
        sqlite_store.engine, "begin", lambda c: c.exec_driver_sql("PRAGMA busy_timeout=50")
    )

    def hold() -> None:
        other = sqlite3.connect(file, isolation_level=None, timeout=10)
        other.execute("BEGIN IMMEDIATE")
        time.sleep(1.5)
        other.execute("ROLLBACK")
        other.close()

    holders: list[threading.Thread] = []

    def script(_session: Session, verb: str, _argument: str) -> None:
        if verb == "CONTENT" and len(server.taken) == 20 and not holders:
            holders.append(threading.Thread(target=hold))
            holders[0].start()
            time.sleep(0.1)

    with running(script) as server:
        send(sqlite_store, edition_id, smtp(server.url()), policy=policy(in_doubt=20))
        holders[0].join()
    assert states(sqlite_store, edition_id) == {"accepted": 100}
    assert len(server.recipients) == len(set(server.recipients)) == 100


def test_a_database_that_is_gone_for_a_while_is_waited_for(
    postgres_server: postgres.Server,
) -> None:
    with postgres_server.database() as url:
        store = open_store(url)
        edition_id = edition(store, 200)
        name = make_url(url).database
        stopped: list[threading.Thread] = []

        def script(_session: Session, verb: str, _argument: str) -> None:
            if verb == "CONTENT" and len(server.taken) == 40 and not stopped:
                stopped.append(threading.Thread(target=take_away, args=[url, name]))
                stopped[0].start()

        with running(script) as server:
            send(store, edition_id, smtp(server.url()), policy=policy(in_doubt=20))
            stopped[0].join()
        assert states(store, edition_id) == {"accepted": 200}
        assert len(server.recipients) == len(set(server.recipients)) == 200
        store.close()


def take_away(url: str, name: str) -> None:
    """End every connection to the database, and let nobody in for a while."""
    place = make_url(url).set(database="postgres", drivername="postgresql")
    with psycopg.connect(place.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
            time.sleep(0.1)
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
