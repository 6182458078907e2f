"""A new site, and what `publisher doctor` says of it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from publisher.cli import main
from publisher.cli.site import make_site


def publisher(site: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(site / "config.toml"), *arguments])


def setting(site: Path, old: str, new: str) -> None:
    text = (site / "config.toml").read_text()
    assert old in text
    (site / "config.toml").write_text(text.replace(old, new))


@pytest.fixture
def site(tmp_path: Path, migrated_file: Path) -> Path:
    make_site(tmp_path)
    shutil.copyfile(migrated_file, tmp_path / "newsroom.db")
    return tmp_path


def findings(site: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """The worst finding of each subject."""
    result = publisher(site, "doctor", "--json", *arguments)
    rows = json.loads(result.stdout)
    assert result.exit_code == (1 if any(row["level"] == "wrong" for row in rows) else 0)
    order = ["fine", "note", "unknown", "wrong"]
    return {row["subject"]: row for row in sorted(rows, key=lambda row: order.index(row["level"]))}


def add_article(site: Path) -> None:
    with sqlite3.connect(site / "newsroom.db") as connection:
        connection.execute("INSERT INTO category (id, path, title) VALUES (1, 'n', 'N')")
        connection.execute(
            "INSERT INTO article (title, body, published, category_id) "
            "VALUES ('A', '<p>A</p>', datetime('now', '-1 day'), 1)"
        )
    connection.close()
