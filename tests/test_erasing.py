"""Erased is erased: no table, and on SQLite no byte of the file, holds the person any more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from publisher.model import ReportKind
from publisher.store import bounces
from publisher.store.bounces import Patience, Told
from publisher.store.engine import open_store
from tests.commands import make_site, people, run, said, states
from tests.mailroom import NOW, letters, mailroom, tick


@pytest.fixture
def site(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_site(store_url, tmp_path, monkeypatch)


def test_erasing_leaves_counts_and_a_hash_and_nothing_else(site: Path, store_url: str) -> None:
    (site / "a.json").write_text(json.dumps([{"title": "T", "body": "x", "date": "2018-02-15"}]))
    run("import", "a.json")
    people("import", "people.csv", "--confirmed", "sign-up sheet")
    run("digest", "send", "daily", "--date", "2018-02-15")
    people("unsubscribe", "ada@example.org", "--note", "Ada Lind rang")
    _came_back(store_url, "550 5.1.1 <ada@example.org>: no such person")
    assert said("show", "ada@example.org")["came_back"][0]["kind"] == "soft"
    erased = said("erase", "ADA@example.org")
    assert erased == {
        "erased": "ADA@example.org", "subscriptions": 1, "transitions": 2, "deliveries": 1,
        "notices": 1, "reports": 1,
    }  # fmt: skip
    assert states() == {"bo@bücher.example": "active"}
    people("show", "ada@example.org", code=2)
    status = json.loads(run("digest", "status", "daily", "--date", "2018-02-15", "--json").stdout)
    assert status["deliveries"] == {"accepted": 2}
    again = said("import", "people.csv", "--confirmed", "x")
    assert again["left_alone"] == ["people.csv:2: ada@example.org"]
    assert "erased; only its owner" in people("add", "ada@example.org", code=1).stdout
    assert _holds(store_url, site, "ada@example.org", "Ada Lind") == []


def _came_back(store_url: str, diagnostic: str) -> None:
    """A report about the first subscriber."""
    store = open_store(store_url)
    with store.write() as session:
        told = Told(ReportKind.SOFT, 1, "daily", 1, "<ada@example.org>", "5.1.1", diagnostic)
        assert bounces.record(session, told, Patience(8, 7), NOW) is not None
    store.close()


def _holds(store_url: str, site: Path, *texts: str) -> list[str]:
    """Where the store still holds one of the texts: every table, and on SQLite every byte."""
    store = open_store(store_url)
    found = []
    with store.read() as session:
        connection = session.connection()
        for table in _tables(connection):
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}"):
                found += [table for text in texts if text in str(row)]
    store.close()
    if store_url.startswith("sqlite"):
        file = Path(store_url.removeprefix("sqlite:///"))
        data = b"".join(one.read_bytes() for one in file.parent.glob(f"{file.name}*"))
        found += ["a byte of the file" for text in texts if text.encode() in data]
    return found


def _tables(connection: Any) -> list[str]:
    return [f'"{name}"' for name in inspect(connection).get_table_names()]


def test_a_letter_that_has_not_left_to_an_erased_reader_never_does(
    site: Path, store_url: str
) -> None:
    people("add", "cy@example.org")
    people("erase", "cy@example.org")
    with mailroom(store_url, site) as newsroom:
        assert tick(newsroom, NOW.replace(year=2100)) == []
        assert letters(newsroom) == []
