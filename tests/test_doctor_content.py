"""`publisher doctor` finds what is wrong with the database, feeds, templates and lists."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.checkup import add_article, findings, publisher, setting
from tests.checkup import site as site  # a fixture


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


@pytest.mark.parametrize("name", ["link", "preferences", "own_data", "ask_data"])
def test_pages_behind_links_are_tried_for_a_reader(site: Path, name: str) -> None:
    publisher(site, "subscribers", "add", "a@example.org", "--confirmed", "a test")
    publisher(site, "keys", "rotate")
    assert findings(site)["templates"]["level"] == "fine"
    file = site / "email_templates" / "pages" / f"{name}.html"
    file.parent.mkdir()
    file.write_text("{{ no }}")
    assert f"pages/{name}.html:1: 'no' is undefined" in findings(site)["templates"]["says"]


def test_a_fault_of_ours_is_said_and_stops_no_other_check(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object, **__: object) -> None:
        raise TypeError("nothing is callable")

    monkeypatch.setattr("publisher.web.pages.search_page", fault)
    found = findings(site)["templates"]
    assert "the page /search cannot be made: TypeError: nothing is callable" in found["says"]
    monkeypatch.setattr("publisher.pipeline.doctor.machine.disk", fault)
    found = findings(site)
    assert found["disk"]["says"] == "TypeError: nothing is callable"
    assert found["lists"]["level"] == "fine"


def test_a_page_that_fails_is_named_without_its_readers_token(
    site: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    publisher(site, "subscribers", "add", "a@example.org", "--confirmed", "a test")
    publisher(site, "keys", "rotate")
    monkeypatch.setattr("publisher.web.subscription.named_categories", lambda *_: 1 / 0)
    said = findings(site)["templates"]["says"]
    assert said == "the page /preferences/… cannot be made: ZeroDivisionError: division by zero"
    assert "the page /preferences/… cannot be made" in caplog.text


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


def test_a_damaged_database_is_found_when_all_of_it_is_read(site: Path) -> None:
    with sqlite3.connect(site / "newsroom.db") as connection:
        connection.execute(
            "INSERT INTO article (title, body, published, category_id) "
            "VALUES ('A', '', '2024-05-02 10:00:00', 99)"
        )
    connection.close()
    assert findings(site)["database"]["level"] == "fine"
    found = findings(site, "--full")["database"]
    assert found["level"] == "wrong"
    assert "is damaged" in found["says"]


def test_postgresql_is_looked_at_too(
    site: Path, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISHER_STORE_URL", store_url)
    found = findings(site, "--full")
    assert found["database"]["level"] == "fine"
    assert found["feeds"]["level"] == "fine"
