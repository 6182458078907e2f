"""The commands about people, as a newsroom types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from publisher.cli import main
from publisher.store.engine import open_store

PEOPLE = """\
email,name,language,timezone,categories
Ada@example.org,Ada Lind,en,Europe/Oslo,
bo@bücher.example,Bo,ar,,news
"""


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(one) for one in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


def people(*arguments: object, code: int = 0) -> Result:
    return run("subscribers", *arguments, code=code)


def said(*arguments: object, code: int = 0) -> Any:
    return json.loads(people(*arguments, "--json", code=code).stdout)


def states() -> dict[str, str]:
    return {row["email"]: row["state"] for row in said("list")}


def make_site(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new site with the category `news` and PEOPLE as people.csv, in which the commands run."""
    folder = tmp_path / "site"
    assert CliRunner().invoke(main, ["init", str(folder)]).exit_code == 0
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PUBLISHER_STORE_URL", store_url)
    store = open_store(store_url)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO category (path, title) VALUES ('news', 'News')")
    store.close()
    (folder / "people.csv").write_text(PEOPLE, encoding="utf-8")
    return folder
