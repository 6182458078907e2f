"""Sending by the commands that an operator types: stop, go on, try again, and see how it stands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from publisher.cli import main
from publisher.model import Delivery
from publisher.store import deliveries
from publisher.store.engine import open_store
from tests.smtp_server import Answer, Server, Session, running

CONFIG = """
[site]
title = "Harbour Post"
timezone = "UTC"
[mail]
transport = "{url}"
timeout_seconds = 10
[delivery]
in_doubt = 20
connections = 2
[clock]
tick_seconds = 0.2
[[lists]]
name = "daily"
send_at = "00:00"
"""


@dataclass
class Site:
    """A site with one article, many readers and a mail server."""

    folder: Path
    store_url: str
    server: Server
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A publisher process in the site."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PUBLISHER_")}
        process = subprocess.Popen(
            [sys.executable, "-m", "publisher", *arguments],
            cwd=self.folder, env={**clean, "PUBLISHER_STORE_URL": self.store_url},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command says; run in this process, which is faster."""
        result = CliRunner().invoke(
            main,
            ["--config", str(self.folder / "config.toml"), *arguments],
            env={"PUBLISHER_STORE_URL": self.store_url},
        )
        assert result.exit_code == code, result.output + repr(result.exception)
        return result.stdout

    def status(self) -> Any:
        """What `digest status` says, for programs."""
        return json.loads(self.run("digest", "status", "daily", "--json"))

    def wait_for(self, is_so: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until it is so."""
        until = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < until, "it did not come to be"
            time.sleep(0.01)


@pytest.fixture
def site(store_url: str, tmp_path: Path) -> Iterator[Site]:
    with running() as server:
        made = Site(tmp_path, store_url, server)
        (tmp_path / "config.toml").write_text(CONFIG.format(url=server.url("?tls=none")))
        day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
        (tmp_path / "news.md").write_text(f"---\ntitle: Ferry\ndate: {day}\n---\nIt sailed.\n")
        (tmp_path / "readers.csv").write_text(
            "email\n" + "".join(f"reader{n}@example.org\n" for n in range(300))
        )
        made.run("import", str(tmp_path / "news.md"))
        readers = str(tmp_path / "readers.csv")
        made.run("subscribers", "import", readers, "--list", "daily", "--confirmed", "a test")
        yield made
        for process in made.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()


def once_each(server: Server, number: int) -> bool:
    return len(server.recipients) == len(set(server.recipients)) == number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_letters_on_their_way_arrive_and_the_next_start_goes_on(
    site: Site, number: signal.Signals
) -> None:
    site.server.delay = 0.005
    process = site.start("digest", "send", "daily")
    site.wait_for(lambda: len(site.server.taken) >= 30)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "accepted" in out
    found = site.status()
    assert found["state"] == "cut"
    assert found["deliveries"] == {
        "accepted": len(site.server.taken),
        "pending": 300 - len(site.server.taken),
    }
    site.server.delay = 0
    site.run("digest", "send", "daily")
    assert once_each(site.server, 300)
    assert site.status()["state"] == "sent"


def test_a_kill_is_known_at_once_and_what_it_leaves_in_doubt_is_named(site: Site) -> None:
    site.server.delay = 0.005
    process = site.start("digest", "send", "daily")
    site.wait_for(lambda: len(site.server.taken) >= 30)
    process.kill()
    process.wait()
    site.server.delay = 0
    site.run("digest", "send", "daily", code=1)
    found = site.status()
    doubted = found["deliveries"]["uncertain"]
    assert 1 <= doubted <= 20
    assert found["deliveries"]["accepted"] == 300 - doubted
    assert len(site.server.recipients) == len(set(site.server.recipients))
    said = site.run("digest", "status", "daily")
    assert f"{doubted} may have arrived" in said
    assert "its sender ended while it was being sent" in said
    missing = 300 - len(site.server.recipients)
    assert f"{doubted} uncertain" in site.run("digest", "status", "daily")
    site.run("digest", "send", "daily", "--retry", "uncertain")
    assert site.status()["deliveries"] == {"accepted": 300}
    twice = len(site.server.recipients) - len(set(site.server.recipients))
    assert twice == doubted - missing, "that is what --retry uncertain means"


def test_who_did_not_get_it_and_why_is_shown_a_page_at_a_time(site: Site) -> None:
    def script(_session: Session, verb: str, argument: str) -> Answer:
        if verb != "RCPT":
            return None
        for end, said in {
            "0": "550 5.1.1 nobody here",
            "1": "550 5.7.1 not from you",
            "2": "450 4.2.0 later",
        }.items():
            if argument.endswith(f"{end}@example.org>"):
                return said
        return None

    site.server.script = script
    site.run("digest", "send", "daily", code=1)
    found = site.status()
    assert found["deliveries"] == {"accepted": 210, "deferred": 30, "failed": 60}
    assert found["faults"] == {"address": 30, "policy": 30, "server": 30}
    assert (found["page"], found["pages"], len(found["troubled"])) == (1, 1, 90)
    assert found["troubled"][0] == {
        "email": "reader0@example.org", "state": "failed", "reply": "550 5.1.1 nobody here",
    }  # fmt: skip
    said = site.run("digest", "status", "daily")
    told = [(one["code"], one["number"]) for one in found["reasons"]]
    assert sorted(told) == [("4.2.0", 30), ("5.1.1", 30), ("5.7.1", 30)]
    for words in (said, site.run("status")):
        assert "30 × 5.1.1: there is no such mailbox" in words
        assert "→ nothing: the address gets no more mail" in words
    assert "30 refused by policy: mend what the servers complain of" in said
    assert "reader1@example.org: failed: 550 5.7.1 not from you" in said
    people = json.loads(site.run("status", "--json"))["lists"][0]["subscribers"]
    assert people == {"active": 270, "bounced": 30}
    site.server.script = lambda *_: None
    site.run("digest", "send", "daily", "--retry", "failed", code=1)
    # Whoever has no address any more is not tried again.
    assert site.status()["deliveries"] == {"accepted": 240, "deferred": 30, "suppressed": 30}
    site.run("digest", "send", "daily", "--retry", "deferred")
    assert once_each(site.server, 270)


def test_a_page_that_comes_later_can_be_asked_for(site: Site) -> None:
    site.server.script = lambda s, verb, a: "450 4.2.0 later" if verb == "RCPT" else None
    site.run("digest", "send", "daily", code=1)
    first = json.loads(site.run("digest", "status", "daily", "--json"))
    third = json.loads(site.run("digest", "status", "daily", "--json", "--page", "3"))
    assert (first["pages"], len(first["troubled"]), len(third["troubled"])) == (3, 100, 100)
    assert not {one["email"] for one in first["troubled"]} & {
        one["email"] for one in third["troubled"]
    }
    assert "page 3 of 3" in site.run("digest", "status", "daily", "--page", "3")


def test_status_says_how_fast_it_goes_while_it_goes(site: Site) -> None:
    site.server.delay = 0.02
    site.start("digest", "send", "daily")
    found: dict[str, Any] = {}
    site.wait_for(lambda: len(site.server.taken) > 0)

    def is_known() -> bool:
        found.update(site.status())
        return bool(found["per_second"] > 0 or found["state"] == "sent")

    site.wait_for(is_known)
    assert found["state"] == "cut"
    assert found["workers"] == 1
    assert found["seconds_left"] == pytest.approx(
        (300 - found["deliveries"]["accepted"]) / found["per_second"], rel=0.2
    )


def test_workers_share_an_edition_and_end_cleanly(site: Site) -> None:
    site.server.delay = 0.002
    first = site.start("digest", "send", "daily")
    site.wait_for(lambda: len(site.server.taken) >= 5)
    first.terminate()
    first.wait(30)
    workers = [site.start("worker") for _ in range(2)]
    site.wait_for(lambda: len(site.server.taken) >= 300)
    site.wait_for(lambda: site.status()["state"] == "sent")
    for worker in workers:
        worker.terminate()
    for worker in workers:
        _, err = worker.communicate(timeout=30)
        assert worker.returncode == 0, err
        assert "Traceback" not in err
    assert once_each(site.server, 300)


def test_a_worker_sends_and_cuts_nothing(site: Site) -> None:
    worker = site.start("worker")
    time.sleep(2)
    worker.terminate()
    worker.wait(30)
    assert site.server.taken == []
    engine = create_engine(site.store_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM edition")).scalar() == 0
    engine.dispose()


def test_a_letter_that_was_put_off_is_sent_by_the_clock_when_its_time_comes(site: Site) -> None:
    site.server.script = lambda s, verb, a: (
        "450 4.2.0 later" if verb == "RCPT" and "reader7@" in a else None
    )
    site.run("digest", "send", "daily", code=1)
    assert site.status()["deliveries"] == {"accepted": 299, "deferred": 1}
    site.server.script = lambda *_: None
    store = open_store(site.store_url)
    with store.write() as session:
        for row in session.query(Delivery).where(Delivery.state == "deferred"):
            row.due = row.changed
    clock = site.start("clock")
    site.wait_for(lambda: len(site.server.taken) == 300)
    site.wait_for(lambda: site.status()["state"] == "sent")
    clock.terminate()
    clock.wait(30)
    with store.read() as session:
        assert deliveries.count_by_state(session, 1) == {"accepted": 300}
    store.close()


def test_a_mail_server_that_is_away_is_found_again_by_the_clock(site: Site) -> None:
    site.server.stop()
    clock = site.start("clock")
    assert clock.stderr is not None
    while "cannot be used" not in clock.stderr.readline():
        assert clock.poll() is None
    assert "it waits: " in site.run("status"), "and why"
    site.server.start()
    site.wait_for(lambda: len(site.server.taken) == 300)
    clock.terminate()
    assert once_each(site.server, 300)
