"""A site that is worth a backup, and what people and the clock do with it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from publisher import config as settings
from publisher.bootstrap import opened
from publisher.cli import main
from publisher.cli.site import make_site
from publisher.clock import Clock
from tests.factories import join

INSERT = """
INSERT INTO article (title, body, published, category_id) VALUES ('{}', '<p>Text</p>', '{}', 1)
"""


def now() -> datetime:
    return datetime.now(UTC)


def publisher(site: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(site / "config.toml"), *arguments])


def write(site: Path, title: str, when: datetime | None = None) -> None:
    """Another program stores an article, public since a minute ago."""
    at = (when or now()) - timedelta(minutes=1)
    with sqlite3.connect(site / "newsroom.db", timeout=20) as connection:
        connection.execute("INSERT OR IGNORE INTO category (id, path, title) VALUES (1, 'n', 'N')")
        connection.execute(INSERT.format(title, f"{at:%Y-%m-%d %H:%M:%S}"))
    connection.close()


@pytest.fixture
def site(tmp_path: Path, migrated_file: Path) -> Path:
    """A site whose list is sent at midnight, with an article, templates, media and a key."""
    folder = tmp_path / "site"
    make_site(folder)
    shutil.copyfile(migrated_file, folder / "newsroom.db")
    config = (folder / "config.toml").read_text()
    config = config.replace('# send_at = "18:00"', 'send_at = "00:00"')
    (folder / "config.toml").write_text(config)
    (folder / "media" / "2024").mkdir()
    (folder / "media" / "2024" / "map.png").write_bytes(os.urandom(50_000))
    (folder / "email_templates" / "robots.txt").write_text("User-agent: *\n")
    assert publisher(folder, "dkim", "new", "2024a").exit_code == 0
    config = config.replace("# keys = []", 'keys = ["2024a:dkim/2024a.pem"]')
    (folder / "config.toml").write_text(config)
    assert (folder / "dkim" / "2024a.pem").is_file()
    write(folder, "First", now() - timedelta(days=1))
    return folder


def people(site: Path, number: int) -> None:
    with opened(settings.load(site / "config.toml")) as newsroom, newsroom.store.write() as session:
        join(session, "daily", [f"reader{n}@example.org" for n in range(number)])


def tick(site: Path) -> None:
    """What the running clock does every few seconds."""
    with opened(settings.load(site / "config.toml")) as newsroom:
        clock = Clock(newsroom)
        clock.cut()
        for one in newsroom.config.lists:
            clock.send(one)


def box(site: Path) -> list[str]:
    """The addresses that mail has gone to from here."""
    files = (site / "mailbox" / "new").glob("*.eml")
    return sorted(file.read_text().partition("\nTo: ")[2].partition("\n")[0] for file in files)
