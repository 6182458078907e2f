"""`publisher doctor` says what is wrong and what to do, and ends with 1 if anything is."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from click.testing import CliRunner, Result

from publisher.cli import main
from publisher.cli.site import make_site
from publisher.delivery.dkim import read_key
from tests.dns_server import Zone, serving_dns

GOOD: Zone = {
    ("news.example.org", "TXT"): ['"v=spf1 ip4:192.0.2.0/24 include:_spf.example.net -all"'],
    ("_spf.example.net", "TXT"): ['"v=spf1 ip4:198.51.100.7 ~all"'],
    ("_dmarc.example.org", "TXT"): ['"v=DMARC1; p=quarantine; rua=mailto:d@example.org"'],
    ("news.example.org", "MX"): ["10 mx.example.org."],
    ("mx.example.org", "A"): ["192.0.2.1"],
}


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


@pytest.fixture
def relay() -> Iterator[int]:
    """A mail server of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    controller = Controller(Sink(), hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


@pytest.fixture
def world(site: Path, relay: int) -> Path:
    """The site sends mail to the world, as news.example.org, and signs it."""
    setting(site, '# transport = "maildir:mailbox"', f'transport = "smtp://127.0.0.1:{relay}"')
    setting(site, '# sender = "news@localhost"', 'sender = "daily@news.example.org"')
    setting(site, 'url = "http://127.0.0.1:8000"', 'url = "https://news.example.org"')
    assert publisher(site, "dkim", "new", "2024a").exit_code == 0
    setting(site, "# keys = []", 'keys = ["2024a:dkim/2024a.pem"]')
    return site


def signed(site: Path) -> dict[tuple[str, str], list[str]]:
    record = read_key("2024a", site / "dkim" / "2024a.pem").record
    parts = [record[start : start + 200] for start in range(0, len(record), 200)]
    text = " ".join(f'"{part}"' for part in parts)
    return {**GOOD, ("2024a._domainkey.news.example.org", "TXT"): [text]}


def findings(site: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """The worst finding of each subject."""
    result = publisher(site, "doctor", "--json", *arguments)
    rows = json.loads(result.stdout)
    assert result.exit_code == (1 if any(row["level"] == "wrong" for row in rows) else 0)
    order = ["fine", "note", "unknown", "wrong"]
    return {row["subject"]: row for row in sorted(rows, key=lambda row: order.index(row["level"]))}


def test_a_new_site_has_nothing_wrong(site: Path) -> None:
    result = publisher(site, "doctor")
    assert result.exit_code == 0, result.output
    assert result.output.endswith("nothing is wrong\n")
    assert "mail goes into maildir:mailbox" in result.output
    assert "time zones are" in result.output


def test_a_site_that_mails_the_world_by_the_book_is_well(world: Path) -> None:
    with serving_dns(signed(world)) as server:
        found = findings(world, "--nameserver", server)
    for subject in ("mail", "tls", "spf", "dkim", "dmarc", "alignment", "mx", "one-click"):
        assert found[subject]["level"] == "fine", found[subject]
    assert "offers" in found["mail"]["says"]
    assert "SMTPUTF8" in found["mail"]["says"]
    assert found["dmarc"]["says"] == "_dmarc.example.org: p=quarantine"
    assert found["ptr"]["level"] == "note", "a relay on this machine says nothing of the world"


@pytest.mark.parametrize(
    ("name", "kind", "records", "subject", "words"),
    [
        ("news.example.org", "TXT", [], "spf", "has no SPF record"),
        ("news.example.org", "TXT", ['"v=spf1 -all"'] * 1 + ['"v=spf1 ~all"'], "spf", "several"),
        ("news.example.org", "TXT", ['"v=spf1 +all"'], "spf", "lets anybody send"),
        ("news.example.org", "TXT", ['"v=spf1 ipv4:192.0.2.1 -all"'], "spf", "no word of SPF"),
        ("news.example.org", "TXT", ['"v=spf1 include:no.example -all"'], "spf", "no SPF record"),
        (
            "news.example.org", "TXT",
            ['"v=spf1 ' + " ".join(f"exists:{n}.example" for n in range(11)) + ' -all"'],
            "spf", "needs 11 lookups",
        ),
        ("_dmarc.example.org", "TXT", [], "dmarc", "has no DMARC record"),
        ("_dmarc.example.org", "TXT", ['"v=DMARC1; pct=5"'], "dmarc", "has no policy"),
        ("2024a._domainkey.news.example.org", "TXT", [], "dkim", "has no record"),
        ("2024a._domainkey.news.example.org", "TXT", ['"v=DKIM1; p=AAAA"'], "dkim", "another key"),
        ("news.example.org", "MX", [], "mx", "takes no mail"),
        ("news.example.org", "MX", ["0 ."], "mx", "says that it takes no mail"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_dns_is_named(
    world: Path, name: str, kind: str, records: list[str], subject: str, words: str
) -> None:
    with serving_dns({**signed(world), (name, kind): records}) as server:
        found = findings(world, "--nameserver", server)
    assert found[subject]["level"] == "wrong", found[subject]
    assert words in found[subject]["says"]
    assert found[subject]["do"]


def test_dns_that_is_silent_is_said_and_not_guessed(world: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        start = time.monotonic()
        found = findings(world, "--nameserver", f"127.0.0.1:{silent.getsockname()[1]}")
    assert time.monotonic() - start < 30
    assert found["dns"]["level"] == "unknown"
    assert "does not answer" in found["dns"]["says"]
    assert "spf" not in found


def test_a_sender_that_nothing_proves_is_named(world: Path) -> None:
    setting(world, '# domain = ""', 'domain = "other.example"')
    setting(world, '# bounce_address = ""', 'bounce_address = "b@bounces.example"')
    with serving_dns(signed(world)) as server:
        found = findings(world, "--nameserver", server)
    assert "so DMARC fails" in found["alignment"]["says"]


def test_a_mail_server_that_is_away_is_named(world: Path, relay: int) -> None:
    setting(world, f"127.0.0.1:{relay}", "127.0.0.1:1")
    with serving_dns(signed(world)) as server:
        found = findings(world, "--nameserver", server)
    assert found["mail"]["level"] == "wrong"
    assert found["mail"]["says"].startswith("127.0.0.1:1: ")
    assert found["spf"]["level"] == "fine", "one check stops no other"


def test_a_broken_template_is_named_by_file_and_line(site: Path) -> None:
    (site / "email_templates" / "article.html").write_text("<p>\n{{ article.title }\n</p>")
    found = findings(site)
    assert found["templates"]["level"] == "wrong"
    assert f"{site}/email_templates/article.html:" in found["templates"]["says"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("pages/list.html", '{% extends "pages/base.html" %}\n{% block content %}{{ no }}', ""),
        ("pages/error.html", "{{ no }}", "pages/error.html:1: 'no' is undefined"),
        ("pages/subscribe.html", "{{ no }}", "pages/subscribe.html:1: 'no' is undefined"),
        ("feeds/index.html", "{{ no }}", "feeds/index.html:1: 'no' is undefined"),
        ("welcome/body.html", "{{ list.no }}", "welcome/body.html:1: "),
        ("confirm/body.txt", "Welcome", "confirm/body.txt: its reader needs a link"),
    ],
)
def test_every_template_is_used_and_not_only_read(
    site: Path, name: str, text: str, words: str
) -> None:
    file = site / "email_templates" / name
    file.parent.mkdir()
    file.write_text(text + "{% endblock %}" * text.count("block content"))
    found = findings(site)["templates"]
    assert found["level"] == "wrong"
    assert (words or f"{file}:2: 'no' is undefined") in found["says"]


def test_a_feed_that_somebody_has_changed_is_named(site: Path) -> None:
    publisher(site, "feeds", "build")
    assert findings(site)["feeds"]["level"] == "fine"
    (site / "feeds" / "atom.xml").write_text("<feed/>")
    found = findings(site)["feeds"]
    assert found["level"] == "wrong"
    assert found["says"].endswith("feeds/atom.xml: its bytes are not what the store says")
    (site / "feeds" / "atom.xml").unlink()
    assert "No such file" in findings(site)["feeds"]["says"]


def test_a_clock_that_is_behind_what_was_written_is_named(site: Path) -> None:
    add_article(site)
    publisher(site, "feeds", "build")
    assert findings(site)["clock"]["level"] == "fine"
    with sqlite3.connect(site / "newsroom.db") as connection:
        connection.execute("UPDATE change SET at = datetime('now', '+1 hour')")
    connection.close()
    assert "is behind" in findings(site)["clock"]["says"]


def test_the_age_of_the_newest_backup_is_told(site: Path) -> None:
    assert "there is none" in findings(site)["backup"]["says"]
    assert publisher(site, "backup").exit_code == 0
    assert findings(site)["backup"]["level"] == "fine"
    (made,) = (site / "backups").iterdir()
    made.rename(made.with_name("publisher-20240502T034000Z.tar.gz"))
    assert "is of 2024-05-02" in findings(site)["backup"]["says"]


def test_a_mailbox_for_bounces_that_cannot_be_opened_is_named(world: Path) -> None:
    with serving_dns(signed(world)) as server:
        assert "nobody reads" in findings(world, "--nameserver", server)["bounces"]["says"]
        setting(world, '# mailbox = ""', 'mailbox = "maildir:bounces"')
        found = findings(world, "--nameserver", server)["bounces"]
        assert (found["level"], found["do"]) == ("wrong", "mend that, and run doctor again")
        (world / "bounces" / "new").mkdir(parents=True)
        assert findings(world, "--nameserver", server)["bounces"]["level"] == "fine"


def test_looking_changes_nothing(site: Path) -> None:
    add_article(site)
    publisher(site, "feeds", "build")

    def state() -> dict[str, bytes]:
        return {
            str(file): file.read_bytes()
            for file in site.rglob("*")
            if file.is_file() and file.suffix not in (".db-wal", ".db-shm")
        }

    before = state()
    assert publisher(site, "doctor", "--full").exit_code == 0
    assert state() == before


def add_article(site: Path) -> None:
    with sqlite3.connect(site / "newsroom.db") as connection:
        connection.execute("INSERT INTO category (id, path, title) VALUES (1, 'n', 'N')")
        connection.execute(
            "INSERT INTO article (title, body, published, category_id) "
            "VALUES ('A', '<p>A</p>', datetime('now', '-1 day'), 1)"
        )
    connection.close()


def test_a_mail_without_a_way_out_is_named_and_does_not_leave(site: Path) -> None:
    (site / "email_templates" / "digest").mkdir()
    (site / "email_templates" / "digest" / "body.txt").write_text("{{ subject }}\n")
    assert "no link to unsubscribe" in findings(site)["templates"]["says"]
    add_article(site)
    publisher(site, "subscribers", "add", "a@example.org", "--confirmed", "a test")
    sent = publisher(site, "digest", "send", "daily")
    assert sent.exit_code == 1
    assert "no link to unsubscribe; put @@UNSUBSCRIBE@@ into digest/body.txt" in sent.output
    assert not (site / "mailbox" / "new").exists()


def test_a_category_that_there_is_not_is_named(site: Path) -> None:
    setting(site, "# categories = []", 'categories = ["no/such"]')
    assert "'no/such'" in findings(site)["lists"]["says"]


def test_tables_of_a_newer_version_are_left_alone(site: Path) -> None:
    with sqlite3.connect(site / "newsroom.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert findings(site)["migrations"]["level"] == "wrong"


def test_tables_of_an_older_version_are_said_and_not_touched(site: Path) -> None:
    with sqlite3.connect(site / "newsroom.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    assert findings(site)["migrations"]["level"] == "note"
    with sqlite3.connect(site / "newsroom.db") as connection:
        version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    connection.close()
    assert version == ("0001",)


def test_a_file_that_is_no_database_is_named(site: Path) -> None:
    (site / "newsroom.db").write_bytes(b"x" * 5000)
    found = findings(site)
    assert found["database"]["level"] == "wrong"
    assert "templates" not in found, "they need the store"
    assert "mail" in found


def test_postgresql_is_looked_at_too(
    site: Path, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISHER_STORE_URL", store_url)
    found = findings(site, "--full")
    assert found["database"]["level"] == "fine"
    assert found["feeds"]["level"] == "fine"
