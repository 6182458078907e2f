"""What an editor does with editions, by the commands for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from publisher.cli import article as article_commands
from publisher.cli import main
from tests.test_use_cases import run, said
from tests.test_use_cases import site as site

DAY = ("--date", "2018-02-15")
ROWS = [
    {"id": "1", "title": "Bridge closes", "body": "x", "date": "2018-02-15", "category": "Town"},
    {"id": "2", "title": "Team wins", "body": "x", "date": "2018-02-15", "category": "Sport"},
]


@pytest.fixture
def filled(site: Path) -> Path:
    """A site with two articles and three readers."""
    (site / "a.json").write_text(json.dumps(ROWS))
    (site / "r.csv").write_text(
        "email,categories\na@example.org,\nb@example.org,sport\nc@example.org,town\n"
    )
    run("import", "a.json")
    run("subscribers", "import", "r.csv", "--confirmed", "a test")
    return site


def letters(site: Path) -> int:
    box = site / "mailbox" / "new"
    return len(list(box.iterdir())) if box.is_dir() else 0


def test_an_edition_is_stopped_rebuilt_and_let_go_on(filled: Path) -> None:
    today = datetime.now(UTC).date()
    assert "stopped" in run("digest", "stop", "daily").stdout
    status = said("digest", "status", "daily")
    assert (status["state"], status["deliveries"]) == ("stopped", {})
    assert f"edition of {today} is stopped: not begun" in run("status").stdout
    assert said("status")["lists"][0]["unfinished"][0]["state"] == "stopped"
    assert "built anew, stopped" in run("digest", "rebuild", "daily").stdout
    assert "held" in run("digest", "resume", "daily").stdout
    assert "is held until its time" in run("status").stdout
    assert letters(filled) == 0


def test_an_edition_that_is_still_to_come_is_not_sent(filled: Path) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date()
    assert "is still to come" in run("digest", "send", "daily", "--date", tomorrow, code=2).stderr


def test_a_proof_goes_to_one_address_and_counts_as_nothing(filled: Path) -> None:
    said_now = run("digest", "preview", "daily", *DAY, "--to", "editor@example.org").stdout
    assert "Daily digest, Thursday, 15 February 2018" in said_now
    (mail,) = (filled / "mailbox" / "new").iterdir()
    text = mail.read_text()
    assert "To: editor@example.org" in text
    assert "Subject: [Preview] Daily digest" in text
    assert said("digest", "send", "daily", *DAY)["sent_now"] == {"accepted": 3}
    run("digest", "preview", "daily", *DAY, "--to", "no address", code=2)


def test_a_sent_edition_cannot_be_stopped_or_rebuilt(filled: Path) -> None:
    run("digest", "send", "daily", *DAY)
    assert "is sent: nothing is left" in run("digest", "stop", "daily", *DAY, code=2).stderr
    assert "--mail` tells them" in run("digest", "rebuild", "daily", *DAY, code=2).stderr
    assert "already sent to everybody (3 letters)" in run("digest", "send", "daily", *DAY).stdout


def test_a_correction_says_whom_it_goes_to_and_reaches_the_next_digest(filled: Path) -> None:
    run("digest", "send", "daily", *DAY)
    told = run("article", "correct", 1, "--note", "At ten.", "--mail").stdout
    assert "1 is corrected, and 2 readers will be told by mail" in told
    assert "told" not in run("article", "retract", 2, "--note", "No match.").stdout
    new = {"id": "3", "title": "New ferry", "body": "x", "date": "2018-02-16", "category": "Town"}
    (filled / "b.json").write_text(json.dumps([new]))
    run("import", "b.json")
    text = run("digest", "preview", "daily", "--date", "2018-02-16", "--text").stdout
    assert "Corrections\n===========\n\nWithdrawn: Team wins\n" in text
    assert "At ten." in text


def test_a_mail_to_many_is_agreed_to_at_a_terminal(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("digest", "send", "daily", *DAY)
    asked: list[str] = []

    def confirm(text: str, **_more: object) -> bool:
        asked.append(text)
        raise click.Abort

    monkeypatch.setattr(click, "confirm", confirm)
    monkeypatch.setattr(article_commands, "_is_terminal", lambda: True)
    result = CliRunner().invoke(main, ["article", "correct", "1", "--note", "At ten.", "--mail"])
    assert result.exit_code == 1
    assert asked == ["Send a mail to 2 readers?"]
    assert said("article", "show", 1)["correction"] is None
    run("article", "correct", 1, "--note", "At ten.", "--mail", "--yes")
    assert said("article", "show", 1)["correction"] == "At ten."


def test_a_broken_template_is_shown_by_the_status(filled: Path) -> None:
    (filled / "email_templates" / "digest").mkdir(parents=True, exist_ok=True)
    template = filled / "email_templates" / "digest" / "body.html"
    template.write_text("fine\n{{ nonsense }}")
    said_now = run("digest", "send", "daily", *DAY, code=1).stderr
    assert "digest/body.html:2: 'nonsense' is undefined" in said_now
    assert "it waits: " in run("status").stdout
    assert "body.html:2: 'nonsense'" in said("digest", "status", "daily", *DAY)["trouble"]
    assert "body.html:2: 'nonsense'" in run("digest", "status", "daily", *DAY).stdout
    assert letters(filled) == 0
    template.unlink()
    assert said("digest", "send", "daily", *DAY)["sent_now"] == {"accepted": 3}
    assert said("digest", "status", "daily", *DAY)["trouble"] == ""


def test_an_unknown_category_is_said_where_an_editor_looks(filled: Path) -> None:
    config = (filled / "config.toml").read_text()
    (filled / "config.toml").write_text(
        config.replace("# categories = []", 'categories = ["town", "sprot"]')
    )
    words = "there is no category 'sprot' (did you mean 'sport'?)"
    assert words in run("status").stdout
    assert words in said("status")["remarks"][0]
    preview = run("digest", "preview", "daily", *DAY, "--text")
    assert words in preview.stderr
    assert "Bridge closes" in preview.stdout
    assert "Team wins" not in preview.stdout
