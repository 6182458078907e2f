"""A site in one file and back: whole, never over anything, and nobody gets an edition again."""

from __future__ import annotations

import json
import sqlite3
import stat
import threading
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from publisher import config as settings
from publisher.bootstrap import opened
from publisher.delivery import owner
from publisher.model import Delivery, DeliveryState
from publisher.pipeline import editions, sending
from publisher.pipeline.backup import back_up
from publisher.pipeline.build import syndicate
from publisher.pipeline.restore import unpack
from tests.backed_up import box, now, people, publisher, tick, write
from tests.backed_up import site as site  # a fixture


def test_a_backup_brings_everything_back(site: Path, tmp_path: Path) -> None:
    people(site, 2)
    made = publisher(site, "backup", str(tmp_path / "one.tar.gz"))
    assert made.exit_code == 0, made.output
    assert stat.S_IMODE((tmp_path / "one.tar.gz").stat().st_mode) == 0o600
    found = publisher(site, "restore", str(tmp_path / "one.tar.gz"), str(tmp_path / "again"))
    assert found.exit_code == 0, found.output
    for name in ("config.toml", "dkim/2024a.pem", "email_templates/robots.txt"):
        assert (tmp_path / "again" / name).read_bytes() == (site / name).read_bytes()
    assert (tmp_path / "again" / "media/2024/map.png").stat().st_size == 50_000
    assert stat.S_IMODE((tmp_path / "again" / "dkim/2024a.pem").stat().st_mode) == 0o600
    assert [p.name for p in (tmp_path / "again").iterdir() if p.name.startswith(".")] == []
    rows = json.loads(publisher(tmp_path / "again", "subscribers", "list", "--json").stdout)
    assert [row["email"] for row in rows] == ["reader0@example.org", "reader1@example.org"]


def test_the_feeds_of_a_restored_site_are_the_same_bytes(site: Path, tmp_path: Path) -> None:
    for number in range(60):
        write(site, f"Story {number}")
    with opened(settings.load(site / "config.toml")) as newsroom:
        syndicate(newsroom, now())
    publisher(site, "backup", str(tmp_path / "b"))
    publisher(site, "restore", str(tmp_path / "b"), str(tmp_path / "again"))
    assert not (tmp_path / "again" / "feeds").exists()
    with opened(settings.load(tmp_path / "again" / "config.toml")) as newsroom:
        syndicate(newsroom, now())

    def documents(folder: Path) -> dict[str, bytes]:
        files = (folder / "feeds").rglob("*.*")
        return {str(one.relative_to(folder)): one.read_bytes() for one in files if one.is_file()}

    assert documents(tmp_path / "again") == documents(site)
    assert "feeds/archive/1.xml" in documents(site)


def test_a_backup_is_made_while_others_write(site: Path, tmp_path: Path) -> None:
    stop = threading.Event()
    written: list[int] = []

    def other_program() -> None:
        while not stop.is_set():
            write(site, f"Story {len(written)}")
            written.append(1)

    thread = threading.Thread(target=other_program)
    thread.start()
    try:
        config = settings.load(site / "config.toml")
        for number in range(3):
            before = len(written)
            back_up(config, site / "config.toml", tmp_path / f"{number}", now())
            restored = unpack(tmp_path / f"{number}", tmp_path / f"again{number}")
            assert restored.database is not None
            with sqlite3.connect(restored.database) as connection:
                (count,) = connection.execute("SELECT count(*) FROM article").fetchone()
                (stale,) = connection.execute("SELECT count(*) FROM stale_article").fetchone()
            connection.close()
            assert before + 1 <= count <= len(written) + 2
            assert count == stale, "an article and its row of the stale set are one moment"
    finally:
        stop.set()
        thread.join()
    assert written


def test_a_half_sent_edition_goes_on_after_a_restore(site: Path, tmp_path: Path) -> None:
    people(site, 150)
    with opened(settings.load(site / "config.toml")) as newsroom:
        one = newsroom.config.lists[0]
        edition = editions.cut(newsroom, one, now().date(), now())
        sent = site / "mailbox" / "new"
        enough = lambda: sent.is_dir() and len(list(sent.iterdir())) >= 30  # noqa: E731
        for _ in sending.deliver(newsroom, one, edition, now, enough):
            pass
    before = box(site)
    assert 30 <= len(before) < 150
    publisher(site, "backup", str(tmp_path / "b"))
    said = publisher(site, "restore", str(tmp_path / "b"), str(tmp_path / "again"))
    assert "Waiting" in said.output
    assert "digest skip LIST" in said.output
    again = tmp_path / "again"
    tick(again)
    assert box(again) == [], "nothing leaves by itself"
    status = publisher(again, "status").output
    assert "WAITS: restored at" in status
    assert "30 accepted" in status or f"{len(before)} accepted" in status
    assert publisher(again, "digest", "resume", "daily").exit_code == 0
    tick(again)
    assert len(box(again)) == 150 - len(before)
    assert not set(box(again)) & set(before)
    assert "WAITS" not in publisher(again, "status").output


def test_a_letter_on_its_way_at_the_backup_is_in_doubt_after_a_restore(
    site: Path, tmp_path: Path
) -> None:
    people(site, 3)
    with opened(settings.load(site / "config.toml")) as newsroom:
        one = newsroom.config.lists[0]
        edition = editions.cut(newsroom, one, now().date(), now())
        list(sending.deliver(newsroom, one, edition, now, lambda: True))
        with newsroom.store.write() as session:
            first = session.scalars(select(Delivery).order_by(Delivery.id)).first()
            assert first is not None
            # Its sender, this process, is alive, and still not where the restored site is.
            first.state, first.owner = DeliveryState.SENDING, owner.new_name()
    publisher(site, "backup", str(tmp_path / "b"))
    again = tmp_path / "again"
    publisher(site, "restore", str(tmp_path / "b"), str(again), "--nothing-sent-since")
    tick(again)
    assert len(box(again)) == 2
    told = json.loads(publisher(again, "digest", "status", "daily", "--json").stdout)
    assert told["deliveries"] == {"accepted": 2, "uncertain": 1}


def test_an_edition_sent_after_the_backup_is_not_sent_again(site: Path, tmp_path: Path) -> None:
    people(site, 3)
    publisher(site, "backup", str(tmp_path / "b"))
    tick(site)
    assert len(box(site)) == 3
    publisher(site, "restore", str(tmp_path / "b"), str(tmp_path / "again"))
    again = tmp_path / "again"
    tick(again)
    assert box(again) == []
    skipped = publisher(again, "digest", "skip", "daily")
    assert "counts as sent" in skipped.output
    tick(again)
    assert box(again) == []
    write(again, "New after it")
    tomorrow = f"{now() + timedelta(days=1):%Y-%m-%d}"
    shown = publisher(again, "digest", "preview", "daily", "--text", "--date", tomorrow).output
    assert "New after it" in shown
    assert "First" not in shown, "its readers have had it"


def test_a_skipped_half_sent_edition_leaves_the_rest_unsent(site: Path, tmp_path: Path) -> None:
    people(site, 3)
    with opened(settings.load(site / "config.toml")) as newsroom:
        one = newsroom.config.lists[0]
        edition = editions.cut(newsroom, one, now().date(), now())
        deliver = sending.deliver(newsroom, one, edition, now, lambda: True)
        assert list(deliver) == []
    skipped = publisher(site, "digest", "skip", "daily").output
    assert "3 letters stay unsent" in skipped
    tick(site)
    assert box(site) == []
    told = json.loads(publisher(site, "digest", "status", "daily", "--json").stdout)
    assert told["state"] == "skipped"
    assert told["deliveries"] == {"suppressed": 3}


def test_who_says_that_nothing_was_sent_goes_on_at_once(site: Path, tmp_path: Path) -> None:
    people(site, 2)
    publisher(site, "backup", str(tmp_path / "b"))
    again = str(tmp_path / "again")
    said = publisher(site, "restore", str(tmp_path / "b"), again, "--nothing-sent-since")
    assert "Waiting" not in said.output
    tick(tmp_path / "again")
    assert len(box(tmp_path / "again")) == 2


def test_a_list_waits_and_goes_on_as_an_operator_says(site: Path) -> None:
    people(site, 1)
    assert publisher(site, "digest", "pause", "daily", "--reason", "moving house").exit_code == 0
    tick(site)
    assert box(site) == []
    assert "moving house" in publisher(site, "status").output
    assert publisher(site, "digest", "send", "daily").exit_code == 0
    assert len(box(site)) == 1
    assert "WAITS" not in publisher(site, "status").output
