"""`publisher bounces` as an operator and a mail server use it; and the clock, by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner, Result

from publisher import config as settings
from publisher.bootstrap import opened
from publisher.cli import main
from publisher.cli.site import make_site
from publisher.clock import Clock
from publisher.delivery.bounces.mailboxes import file_mail
from publisher.pipeline.letters import mail_tokens
from tests.came_back import Sent, came_back, forged
from tests.factories import join
from tests.readers import NOW


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site that reads the Maildir `back` and has one reader."""
    make_site(tmp_path)
    config = tmp_path / "config.toml"
    text = config.read_text().replace('# mailbox = ""', 'mailbox = "maildir:back"')
    config.write_text(text.replace("# check_seconds = 60.0", "check_seconds = 0.1"))
    for part in ("tmp", "new", "cur"):
        (tmp_path / "back" / part).mkdir(parents=True)
    with opened(settings.load(config)) as newsroom, newsroom.store.write() as session:
        join(session, "daily", ["ada@example.org"])
    return tmp_path


def mail(site: Path, name: str) -> bytes:
    """A mail about the site's reader that came back."""
    with opened(settings.load(site / "config.toml")) as newsroom:
        tokens = mail_tokens(newsroom, NOW)
    return came_back(name, Sent("ada@example.org", 1, 1, tokens=tokens))


def publisher(site: Path, *arguments: str, stdin: bytes = b"") -> Result:
    runner = CliRunner()
    return runner.invoke(main, ["--config", str(site / "config.toml"), *arguments], input=stdin)


def state(site: Path) -> str:
    (row,) = json.loads(publisher(site, "subscribers", "list", "--json").stdout)
    return str(row["state"])


def test_reading_says_what_came_of_it_and_what_is_left(site: Path) -> None:
    file_mail(site / "back", mail(site, "hard/postfix"))
    file_mail(site / "back", mail(site, "policy/spam"))
    file_mail(site / "back", forged(mail(site, "complaint/yahoo")))
    file_mail(site / "back", mail(site, "unrelated/letter-to-the-editor"))
    found = publisher(site, "bounces", "read")
    assert found.exit_code == 0
    lines = found.stdout.splitlines()
    assert lines[0].startswith("ada@example.org: bounced: 5.1.1 550 5.1.1 <ada@example.org>")
    assert lines[1].startswith("ada@example.org: refused us, not the reader: 5.7.1 550-5.7.1")
    assert lines[2].startswith("left: <arf.1714723200.1@arf.yahoo.example>: looks like one of ours")
    assert lines[3] == "4 mails read: 1 hard, 1 policy, 1 unverified, 1 unrelated; 2 left there"
    assert state(site) == "bounced"
    again = json.loads(publisher(site, "bounces", "read", "--json").stdout)
    assert [one["left"] for one in again] == [True, True]


def test_another_maildir_can_be_named(site: Path) -> None:
    (site / "other").mkdir()
    file_mail(site / "other", mail(site, "hard/gmail"))
    found = publisher(site, "bounces", "read", "--maildir", str(site / "other"), "--json")
    assert [one["after"] for one in json.loads(found.stdout)] == ["bounced"]


def test_without_a_mailbox_it_says_what_to_do(tmp_path: Path) -> None:
    make_site(tmp_path)
    found = publisher(tmp_path, "bounces", "read")
    assert found.exit_code == 2
    assert "set bounces.mailbox, or name --maildir" in found.stderr


@pytest.mark.parametrize(
    "address",
    ["imap.example.org", "imaps://imap.example.org", "imaps://a@b:c@host", "imaps://a:b@host:port"],
)
def test_an_address_that_names_no_mailbox_is_refused(site: Path, address: str) -> None:
    found = publisher(site, "bounces", "read", "--imap", address)
    assert found.exit_code == 2
    assert "--imap is not maildir:FOLDER, imaps://user:password@host" in found.stderr
    both = publisher(site, "bounces", "read", "--imap", address, "--maildir", str(site))
    assert "cannot be read at once" in both.stderr


def test_a_list_names_what_can_be_taken_back(site: Path) -> None:
    assert "Nothing has come back" in publisher(site, "bounces", "list").stdout
    file_mail(site / "back", mail(site, "hard/postfix"))
    publisher(site, "bounces", "read")
    shown = publisher(site, "bounces", "list").stdout
    assert "ada@example.org: hard, deliverable → bounced" in shown
    assert "5.1.1 550 5.1.1 <ada@example.org>: Recipient address rejected" in shown
    (row,) = json.loads(
        publisher(site, "bounces", "list", "--email", "Ada@example.org", "--json").stdout
    )
    assert row["mail"] == "<20240503061244.4C1F35E02A@mail.news.example>"
    undone = publisher(site, "bounces", "undo", str(row["id"]))
    assert undone.stdout == f"{row['id']} is taken back; ada@example.org is deliverable again\n"
    assert state(site) == "active"
    assert "taken back" in publisher(site, "bounces", "list").stdout
    assert publisher(site, "bounces", "undo", str(row["id"])).exit_code == 2
    # The mail itself was dealt with: it is not read again, and would not count again.
    assert "0 mails read" in publisher(site, "bounces", "read").stdout


def test_a_mail_server_pipes_one_mail(site: Path) -> None:
    piped = b"From MAILER-DAEMON  Fri May  3 06:12:44 2024\n" + mail(site, "hard/exim")
    found = publisher(site, "bounces", "pipe", stdin=piped.replace(b"\r\n", b"\n"))
    assert (found.exit_code, found.output) == (0, "")
    assert state(site) == "bounced"
    assert not (site / "unrelated-mail").exists()


def test_a_piped_mail_that_is_not_ours_is_kept_for_people(site: Path) -> None:
    letter = mail(site, "unrelated/letter-to-the-editor")
    assert publisher(site, "bounces", "pipe", stdin=letter).exit_code == 0
    (kept,) = (site / "unrelated-mail" / "new").iterdir()
    assert kept.read_bytes() == letter


def test_a_mail_server_is_told_to_come_again_where_something_is_wrong(site: Path) -> None:
    piped = mail(site, "hard/exim")
    config = site / "config.toml"
    text = config.read_text()
    for broken in (text + "nonsense = 1\n", text.replace('# url = "sqlite', 'url = "oops" # ')):
        config.write_text(broken)
        found = publisher(site, "bounces", "pipe", stdin=piped)
        assert found.exit_code == 75
        assert "publisher: " in found.stderr
    config.write_text(text)
    assert state(site) == "active"


def test_a_piped_mail_is_read_to_its_end_however_long_it_is(site: Path) -> None:
    command = [sys.executable, "-m", "publisher", "bounces", "pipe"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PUBLISHER_")}
    done = subprocess.run(
        command, cwd=site, env=clean, input=mail(site, "hard/exim") + b"A\n" * 30_000_000,
        capture_output=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert state(site) == "bounced"


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not reached() and time.monotonic() < end:
        time.sleep(0.02)
    assert reached()


def test_the_clock_reads_the_mailbox_by_itself_and_goes_on_after_trouble(
    site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (site / "back" / "new").rename(site / "back" / "gone")
    with opened(settings.load(site / "config.toml")) as newsroom:
        clock = Clock(newsroom)
        clock.start()
        try:
            until(lambda: "is no Maildir" in caplog.text)
            (site / "back" / "gone").rename(site / "back" / "new")
            file_mail(site / "back", mail(site, "complaint/yahoo"))
            until(lambda: state(site) == "complained")
        finally:
            clock.stop()
    assert not list((site / "back" / "new").iterdir())


def a_digest_is_sent(site: Path) -> bytes:
    """The letter that the site's reader gets."""
    when = datetime.now(UTC) - timedelta(days=1)
    text = f"---\ntitle: Bridge open\ndate: {when.isoformat()}\n---\nAt last.\n"
    (site / "news.md").write_text(text)
    assert publisher(site, "import", str(site / "news.md")).exit_code == 0
    assert publisher(site, "digest", "send", "daily").exit_code == 0
    (letter,) = (site / "mailbox" / "new").iterdir()
    return letter.read_bytes()


@pytest.mark.parametrize("bounces", ["", "bounces@news.example"])
@pytest.mark.parametrize(
    ("pattern", "after", "said"),
    [
        ("hard/postfix", "bounced", "came back: no such address"),
        ("complaint/aol", "complained", "called spam by the reader"),
    ],
)
def test_a_digest_that_comes_back_is_known_again(
    site: Path, bounces: str, pattern: str, after: str, said: str
) -> None:
    config = site / "config.toml"
    config.write_text(
        config.read_text().replace("[mail]\n", f'[mail]\nbounce_address = "{bounces}"\n')
    )
    letter = a_digest_is_sent(site)
    path = letter.partition(b"Return-Path: <")[2].partition(b">")[0].decode()
    assert path.startswith("bounces+e1-1-" if bounces else "news@localhost")
    sample = Sent("ada@example.org", 1, 1)
    data = came_back(pattern, sample).replace(sample.verp.encode(), path.encode())
    ours = sample.data.replace("\n", "\r\n").encode()
    assert ours in data
    returned = letter.partition(b"Delivered-To: ada@example.org\r\n")[2]
    file_mail(site / "back", data.replace(ours, returned))
    publisher(site, "bounces", "read")
    assert state(site) == after
    shown = publisher(site, "digest", "status", "daily").output
    assert f"  1 accepted, and {said}\n" in shown
    assert f"  ada@example.org: {said}" in shown


@pytest.mark.parametrize("bounces", ["", "bounces@news.example"])
def test_the_address_in_list_unsubscribe_unsubscribes(site: Path, bounces: str) -> None:
    config = site / "config.toml"
    config.write_text(
        config.read_text().replace("[mail]\n", f'[mail]\nbounce_address = "{bounces}"\n')
    )
    found = message_from_bytes(a_digest_is_sent(site))["List-Unsubscribe"]
    address, _, query = found.removeprefix("<mailto:").removesuffix(">").partition("?")
    subject = unquote(query.removeprefix("subject="))
    head = f"From: other@example.org\nTo: {address}\nSubject: {subject}\nMessage-ID: <1@x>\n\n"
    file_mail(site / "back", head.encode())
    publisher(site, "bounces", "read")
    assert state(site) == "unsubscribed"
