"""The demo makes a newsroom that works, any time of the day, and touches nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from publisher import config, sample
from publisher.bootstrap import opened
from publisher.cli import main
from publisher.pipeline import users


def test_the_demo_makes_everything_and_says_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):  # a demo may be made anew
        result = CliRunner().invoke(main, ["demo", "--once"])
        assert result.exit_code == 0, result.output
        assert "14 articles taken in, 1 correction made" in result.output
        assert "22 digest mails delivered" in result.output
        assert "rejected" not in result.output
        password = re.search(r"sign in as olga, password (\S+)\)", result.output)
        assert password is not None
        with opened(config.load(tmp_path / "demo" / "config.toml")) as newsroom:
            users.sign_in(newsroom, "olga", password[1], "192.0.2.0/24", datetime.now(UTC))
        mails = [one.read_text() for one in (tmp_path / "demo" / "mailbox" / "new").iterdir()]
        assert len(mails) == 22
        told = [one for one in mails if "\nCorrections\n=3D" in one]
        assert len(told) == 5, "those who read English, and the town or everything"
    assert "Winter timetable" in (tmp_path / "demo/feeds/editions/daily/atom.xml").read_text()
    atom = (tmp_path / "demo" / "feeds" / "town" / "harbour" / "atom.xml").read_text()
    assert "It sails at nine." in atom
    assert (tmp_path / "demo" / "feeds" / "language" / "ar" / "rss.xml").is_file()


def test_the_demo_leaves_any_other_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    result = CliRunner().invoke(main, ["demo", "--once", str(tmp_path)])
    assert result.exit_code == 2
    assert "no demo" in result.output
    assert (tmp_path / "mine").read_text() == "precious"


@pytest.mark.parametrize("hour", [0, 7, 12, 23])
def test_the_sample_is_never_dated_in_the_future(hour: int) -> None:
    now = datetime(2024, 5, 2, hour, 5)  # noqa: DTZ001 - the sample's local time
    text = "\n".join(file.read_text() for file in (sample.HERE / "articles").glob("*.md"))
    dates = re.findall(r'^date: "(.*)"$', sample.dated(text, now), re.MULTILINE)
    assert len(dates) == 14
    assert len({date[:10] for date in dates}) >= 4
    assert all(datetime.fromisoformat(date) <= now for date in dates)
    assert "@" not in "".join(dates)
