"""What a backup refuses and what it leaves alone; and PostgreSQL's own programs."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import create_engine, make_url, text

from tests import postgres
from tests.backed_up import box, people, publisher, tick
from tests.backed_up import site as site  # a fixture


def test_nothing_that_exists_is_overwritten(site: Path, tmp_path: Path) -> None:
    publisher(site, "backup", str(tmp_path / "b"))
    before = (site / "newsroom.db").read_bytes()
    refused = publisher(site, "restore", str(tmp_path / "b"), str(site))
    assert refused.exit_code == 2
    assert "is not empty, and nothing is overwritten" in refused.output
    assert (site / "newsroom.db").read_bytes() == before


def test_a_damaged_backup_is_refused_and_leaves_nothing(site: Path, tmp_path: Path) -> None:
    publisher(site, "backup", str(tmp_path / "b"))
    whole = (tmp_path / "b").read_bytes()
    (tmp_path / "short").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text").write_text("no backup")
    with tarfile.open(tmp_path / "b") as old, tarfile.open(tmp_path / "other", "w:gz") as new:
        for member in old:
            data = old.extractfile(member)
            assert data is not None
            held = data.read()
            new.addfile(member, io.BytesIO(b"x" * len(held) if "map" in member.name else held))
    for name, reason in (
        ("short", "cannot be read"),
        ("text", "cannot be read"),
        ("other", "media/2024/map.png is not what was packed"),
    ):
        found = publisher(site, "restore", str(tmp_path / name), str(tmp_path / "again"))
        assert found.exit_code == 1
        assert reason in found.output
        assert not list((tmp_path / "again").iterdir() if (tmp_path / "again").exists() else [])


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/outside", "site/../../outside", "x", "site\\..\\x"]
)
def test_a_hostile_backup_writes_nothing_outside(tmp_path: Path, name: str) -> None:
    contents = {
        "format": 1, "publisher": "1", "made": "2024-05-02T10:00:00+00:00", "database": "",
        "database_file": "", "tables": "", "config": "config.toml",
        "files": [{"name": name, "size": 1, "sha256": ""}],
    }  # fmt: skip
    with tarfile.open(tmp_path / "b", "w:gz") as archive:
        for member, data in ((name, b"x"), ("CONTENTS.json", json.dumps(contents).encode())):
            head = tarfile.TarInfo(member)
            head.size = len(data)
            archive.addfile(head, io.BytesIO(data))
    found = publisher(tmp_path, "restore", str(tmp_path / "b"), str(tmp_path / "deep" / "again"))
    assert found.exit_code == 1
    assert "is no backup of a publisher" in found.output
    assert not list(tmp_path.rglob("outside"))


def test_a_backup_of_a_newer_publisher_is_refused(site: Path, tmp_path: Path) -> None:
    with sqlite3.connect(site / "newsroom.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    publisher(site, "backup", str(tmp_path / "b"))
    found = publisher(site, "restore", str(tmp_path / "b"), str(tmp_path / "again"))
    assert found.exit_code == 2
    assert "newer than this one" in found.output


def test_a_backup_that_fails_leaves_no_file(site: Path, tmp_path: Path) -> None:
    (site / "dkim" / "2024a.pem").unlink()
    found = publisher(site, "backup", str(tmp_path / "backups" / "b"))
    assert found.exit_code == 1
    assert "2024a.pem" in found.output
    assert list((tmp_path / "backups").iterdir()) == []


def test_old_backups_go_when_they_are_told_to(site: Path) -> None:
    (site / "backups").mkdir()
    for day in range(1, 6):
        (site / "backups" / f"publisher-2024010{day}T000000Z.tar.gz").touch()
    (site / "backups" / "mine.tar.gz").touch()
    assert publisher(site, "backup", "--keep", "2").exit_code == 0
    names = sorted(one.name for one in (site / "backups").iterdir())
    assert names[0] == "mine.tar.gz"
    assert names[1] == "publisher-20240105T000000Z.tar.gz"
    assert len(names) == 3


@pytest.fixture
def postgres_tools(monkeypatch: pytest.MonkeyPatch, missing: Callable[[str], NoReturn]) -> Path:
    folder = postgres.binaries()
    if folder is None or not (folder / "pg_dump").exists():
        missing("pg_dump is not installed")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def test_postgresql_is_dumped_and_put_back(
    site: Path, tmp_path: Path, postgres_server: postgres.Server, postgres_tools: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with postgres_server.database() as url, postgres_server.database() as other:
        monkeypatch.setenv("PUBLISHER_STORE_URL", url)
        people(site, 4)
        made = publisher(site, "backup", str(tmp_path / "b"))
        assert made.exit_code == 0, made.output
        said = publisher(site, "restore", str(tmp_path / "b"), str(tmp_path / "again")).output
        command = next(line.strip() for line in said.splitlines() if "pg_restore" in line)
        empty = create_engine(other)
        with empty.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        here, there = (str(make_url(address).database) for address in (url, other))
        words = command.replace(f"/{here}?", f"/{there}?")
        subprocess.run(words, shell=True, check=True, capture_output=True)
        with empty.begin() as connection:
            assert connection.execute(text("SELECT count(*) FROM subscriber")).scalar() == 4
        empty.dispose()
        monkeypatch.setenv("PUBLISHER_STORE_URL", other)
        pause = next(line.strip() for line in said.splitlines() if "digest pause" in line)
        assert publisher(tmp_path / "again", *pause.split()[3:]).exit_code == 0
        tick(tmp_path / "again")
        assert box(tmp_path / "again") == []


def test_without_pg_dump_the_command_is_said(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    address = "postgresql://editor:secret@db.example/newsroom"
    monkeypatch.setenv("PUBLISHER_STORE_URL", address)
    found = publisher(site, "backup", str(tmp_path / "b"))
    assert found.exit_code == 1
    assert "pg_dump --format=custom" in found.output
    assert "secret" not in found.output
    rest = publisher(site, "backup", "--without-database", str(tmp_path / "b"))
    assert rest.exit_code == 0
    assert "WITHOUT the database" in rest.output
    assert "secret" not in rest.output
