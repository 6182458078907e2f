"""`publisher keys`: rotated without a broken link, revoked where one has got out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import make_site, run


@pytest.fixture
def site(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_site(store_url, tmp_path, monkeypatch)


def test_keys_are_listed_rotated_revoked_and_restored(site: Path) -> None:
    def listed() -> list[str]:
        rows = json.loads(run("keys", "list", "--json").stdout)
        return [row["state"].split()[0] for row in rows]

    assert "No keys yet" in run("keys", "list").stdout
    run("keys", "rotate")
    assert "key 2 signs from now on" in run("keys", "rotate").stdout
    assert listed() == ["believed", "signs"]
    assert "rotate` first" in run("keys", "revoke", 2, code=2).stderr
    run("keys", "revoke", 1)
    assert listed() == ["revoked", "signs"]
    run("keys", "restore", 1)
    assert listed() == ["believed", "signs"]
    assert "there is no key 9" in run("keys", "revoke", 9, code=2).stderr
    assert "secret" not in run("keys", "list", "--json").stdout
