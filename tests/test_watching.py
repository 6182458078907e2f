"""Those who watch see how things stand, others do not, and no log names a reader."""

from __future__ import annotations

import io
import json
import logging
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from publisher import logs
from publisher.bootstrap import opened
from publisher.clock import Clock
from publisher.config import Config
from publisher.model import HubRequest, HubSubscription
from publisher.pipeline import editions
from publisher.pipeline.build import syndicate
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.press import Press
from publisher.store import pauses
from publisher.web.app import application
from tests.conftest import REPOSITORY
from tests.factories import join
from tests.test_change_log import CONTENT, sql
from tests.test_publishing import store

RULES = REPOSITORY / "deploy" / "prometheus-rules.yml"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    values = {"root": tmp_path, "store": {"url": store_url}, "lists": [{"send_at": "00:00"}]}
    with opened(Config.model_validate(values)) as made:
        yield made


def client(newsroom: Newsroom, host: str = "127.0.0.1") -> TestClient:
    return TestClient(application(newsroom), client=(host, 50000))


def samples(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def tick(newsroom: Newsroom) -> None:
    """What the running clock does every few seconds."""
    clock = Clock(newsroom)
    clock.cut()
    for one in newsroom.config.lists:
        clock.send(one)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log as JSON lines."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_newsroom_is_alive_and_ready(newsroom: Newsroom) -> None:
    web = client(newsroom)
    assert web.get("/healthz").text == "ok\n"
    for path in ("/readyz", "/healthz?ready"):
        answer = web.get(path)
        assert (answer.status_code, answer.text) == (200, "ready\n")


def test_without_its_store_it_is_alive_and_not_ready(newsroom: Newsroom) -> None:
    sql(newsroom, "DROP TABLE list_pause")
    web = client(newsroom)
    assert web.get("/healthz").status_code == 200
    assert web.get("/readyz").status_code == 503
    assert "not ready: the store" in web.get("/readyz").text
    found = samples(web.get("/metrics").text)
    assert value(found, "publisher_store_up") == 0


def test_numbers_tell_of_feeds(newsroom: Newsroom) -> None:
    store(newsroom, CONTENT)
    now = datetime.now(UTC)
    before = samples(client(newsroom).get("/metrics").text)
    assert value(before, "publisher_change_waiting_seconds") > 0
    syndicate(newsroom, now)
    found = samples(client(newsroom).get("/metrics").text)
    assert value(found, "publisher_change_waiting_seconds") == 0
    assert value(found, "publisher_feeds_out_of_date") == 0
    assert value(found, "publisher_feed_current", feed="everything") == 1
    changed = value(found, "publisher_feed_changed_timestamp_seconds", feed="everything")
    assert changed == pytest.approx(now.timestamp(), abs=5)


def test_a_feed_for_each_of_a_thousand_categories_is_not_a_label_each(newsroom: Newsroom) -> None:
    sql(newsroom, "INSERT INTO feed (kind, key, title, version, built, length) VALUES "
        + ",".join(f"('category', 'c{n}', 'C', 1, 1, 1)" for n in range(300)))  # fmt: skip
    sql(newsroom, "INSERT INTO feed_change (feed_id, position, change, article_id, uid, gone, at) "
        "SELECT id, 0, 1, 1, 'x', false, '2024-05-02 10:00:00' FROM feed")  # fmt: skip
    found = samples(client(newsroom).get("/metrics").text)
    assert sum(name == "publisher_feed_current" for name, _ in found) == 100


def test_numbers_tell_of_editions_and_letters(newsroom: Newsroom) -> None:
    store(newsroom, CONTENT)
    with newsroom.store.write() as session:
        join(session, "daily", ["ada@example.org"])
    late = samples(client(newsroom).get("/metrics").text)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since = (datetime.now(UTC) - midnight).total_seconds()
    assert value(late, "publisher_edition_late_seconds", list="daily") == pytest.approx(
        since, abs=9
    )
    sql(newsroom, "UPDATE article SET published = published")
    tick(newsroom)
    found = samples(client(newsroom).get("/metrics").text)
    assert value(found, "publisher_edition_late_seconds", list="daily") == 0
    assert value(found, "publisher_list_waits", list="daily") == 0
    with newsroom.store.write() as session:
        pauses.pause(session, "daily", datetime.now(UTC), "moving house")
    found = samples(client(newsroom).get("/metrics").text)
    assert value(found, "publisher_list_waits", list="daily") == 1


def test_numbers_tell_what_waits(newsroom: Newsroom) -> None:
    now = datetime.now(UTC)
    store(newsroom, CONTENT)
    sql(newsroom, f"UPDATE article SET published = '{now - timedelta(days=1)}'")
    with newsroom.store.write() as session:
        join(session, "daily", ["ada@example.org", "joan@example.org"])
    one = newsroom.config.lists[0]
    edition = editions.cut(newsroom, one, editions.today(newsroom, one, now), now)
    Press(newsroom, one, edition).prepare(now)
    with newsroom.store.write() as session:
        many = {"topic": "https://a.example/atom.xml", "host": "b.example"}
        for number in range(3):
            due = now if number else None
            callback, expires = f"https://b.example/{number}", now + timedelta(days=1)
            session.add(HubSubscription(callback=callback, expires=expires, due=due, **many))
        session.add(HubRequest(callback="https://b.example/3", mode="subscribe", due=now,
                               lease_seconds=9, **many))  # fmt: skip
    found = samples(client(newsroom).get("/metrics").text)
    assert value(found, "publisher_letters_waiting", list="daily") == 2
    assert value(found, "publisher_deliveries", list="daily", state="pending") == 2
    assert value(found, "publisher_websub_waiting", kind="documents") == 2
    assert value(found, "publisher_websub_waiting", kind="requests") == 1
    assert value(found, "publisher_websub_waiting", kind="hubs") == 0
    assert value(found, "publisher_notices", state="pending") == 0


def test_numbers_tell_when_the_newest_backup_was_made(newsroom: Newsroom) -> None:
    def told() -> Samples:
        return samples(client(newsroom).get("/metrics").text)

    name = "publisher_backup_timestamp_seconds"
    assert (name, frozenset()) not in told()
    folder = newsroom.config.path("backups")
    folder.mkdir()
    for stamp in ("20240502T034000Z", "20240503T034000Z", "20249999T034000Z.partial"):
        (folder / f"publisher-{stamp}.tar.gz").touch()
    assert value(told(), name) == datetime(2024, 5, 3, 3, 40, tzinfo=UTC).timestamp()


def test_answers_are_counted_by_kind_and_status(newsroom: Newsroom) -> None:
    store(newsroom, CONTENT)
    syndicate(newsroom, datetime.now(UTC))
    web = client(newsroom)
    etag = web.get("/feeds/atom.xml").headers["etag"]
    for _ in range(3):
        web.get("/feeds/atom.xml", headers={"if-none-match": etag})
    web.get("/feeds/none.xml")
    web.post("/feeds/atom.xml")
    web.get("/none")
    found = samples(web.get("/metrics").text)
    for kind, status, number in (
        ("feed", 200, 1), ("feed", 304, 3), ("feed", 404, 1), ("feed", 405, 1), ("page", 404, 1),
    ):  # fmt: skip
        there = value(found, "publisher_http_answers_total", kind=kind, status=str(status))
        assert there == number


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("192.0.2.1", 403), ("x", 403)],
)
def test_numbers_are_for_the_operator(newsroom: Newsroom, host: str, status: int) -> None:
    assert client(newsroom, host).get("/metrics").status_code == status


def test_a_proxy_that_nobody_named_does_not_make_the_world_an_operator(
    newsroom: Newsroom,
) -> None:
    through = {"x-forwarded-for": "192.0.2.1"}
    assert client(newsroom).get("/metrics", headers=through).status_code == 403


def test_an_error_tells_the_id_that_stands_in_the_log(
    newsroom: Newsroom, lines: io.StringIO
) -> None:
    sql(newsroom, "DROP TABLE list_pause")
    answer = client(newsroom, "192.0.2.1").get("/readyz", headers={"x-request-id": "mine"})
    assert answer.text == "not ready\n", "the reason is for the operator"
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    (line,) = [one for one in told if "not ready: the store" in one["event"]]
    assert line["request"] == answer.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{16}", line["request"])
    assert "x-request-id" not in client(newsroom).get("/healthz").headers


def test_a_log_is_json_lines_with_ids(lines: io.StringIO) -> None:
    log = logging.getLogger("publisher.test")
    with logs.bound(edition="daily/2024-05-02"):
        log.info("list %s: %d accepted", "daily", 3)
    log.warning("afterwards")
    first, second = (json.loads(line) for line in lines.getvalue().splitlines())
    assert first["event"] == "list daily: 3 accepted"
    assert (first["edition"], first["level"]) == ("daily/2024-05-02", "info")
    assert datetime.fromisoformat(first["timestamp"]).tzinfo is not None
    assert "edition" not in second


def test_the_journal_is_told_how_bad_a_line_is(
    lines: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "journal").open("w") as stream:
        state = (tmp_path / "journal").stat()
        monkeypatch.setenv("JOURNAL_STREAM", f"{state.st_dev}:{state.st_ino}")
        logs.set_up(stream)
        logging.getLogger("publisher.test").warning("the disk is full")
        logging.getLogger("publisher.test").info("fine")
    first, second = (tmp_path / "journal").read_text().splitlines()
    assert first.startswith('<4>{"event": "the disk is full"')
    assert second.startswith("<6>{")
    logs.set_up(lines)
    logging.getLogger("publisher.test").error("elsewhere")
    assert lines.getvalue().startswith("{")


def test_no_line_names_a_reader_unless_it_is_for_debugging(lines: io.StringIO) -> None:
    log = logging.getLogger("publisher.test")
    log.info("bounces: %s is gone", "ada.lovelace+news@example.org")
    log.error('"grace hopper"@example.org, <jo@[192.0.2.1]>; zoë@bücher.example')
    try:
        raise ValueError("ada@example.org is no address")
    except ValueError:
        log.exception("it failed")
    log.info("the relay smtp://user:secret@mail.example.org is away")
    said = lines.getvalue()
    for word in ("ada", "grace", "jo@", "zoë", "secret"):
        assert not re.search(rf"{word}[^ ]*@", said), said
    assert "…@example.org is gone" in said
    assert len(said.splitlines()) == 4, "a traceback stays in its line"
    logging.getLogger().setLevel("DEBUG")
    log.debug("ada@example.org")
    assert "ada@example.org" in lines.getvalue().splitlines()[-1]


def test_sending_and_reading_bounces_names_nobody(newsroom: Newsroom, lines: io.StringIO) -> None:
    store(newsroom, CONTENT)
    with newsroom.store.write() as session:
        join(session, "daily", ["ada@example.org"])
    sql(newsroom, f"UPDATE article SET published = '{datetime.now(UTC) - timedelta(days=1)}'")
    tick(newsroom)
    said = lines.getvalue()
    assert "1 accepted" in said
    assert '"edition": "daily/' in said
    assert "ada@" not in said


def test_why_an_edition_waits_carries_its_id(newsroom: Newsroom, lines: io.StringIO) -> None:
    store(newsroom, CONTENT)
    with newsroom.store.write() as session:
        join(session, "daily", ["ada@example.org"])
    sql(newsroom, f"UPDATE article SET published = '{datetime.now(UTC) - timedelta(days=1)}'")
    template = newsroom.config.path("email_templates") / "digest" / "body.txt"
    template.parent.mkdir(parents=True)
    template.write_text("{{ nonsense }}")
    tick(newsroom)
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    (line,) = [one for one in told if one["level"] == "error"]
    assert "digest/body.txt:1: 'nonsense' is undefined" in line["event"]
    assert line["edition"].startswith("daily/")


def test_every_alert_is_about_a_number_that_there_is_and_is_explained(newsroom: Newsroom) -> None:
    with newsroom.store.write() as session:
        join(session, "daily", ["ada@example.org"])
    store(newsroom, CONTENT)
    sql(newsroom, f"UPDATE article SET published = '{datetime.now(UTC) - timedelta(days=1)}'")
    tick(newsroom)
    newsroom.config.path("backups").mkdir()
    (newsroom.config.path("backups") / "publisher-20240502T034000Z.tar.gz").touch()
    web = client(newsroom)
    web.get("/healthz")
    names = {name for name, _ in samples(web.get("/metrics").text)} | {"up"}
    manual = (REPOSITORY / "docs" / "operations.md").read_text()
    rules = [
        rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
    ]
    assert len(rules) >= 8
    for rule in rules:
        used = set(re.findall(r"\b(publisher_\w+|up)\b", rule["expr"]))
        assert used
        assert used <= names, rule["alert"]
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["todo"]
        assert f"`{rule['alert']}`" in manual, "docs/operations.md explains each"


def test_promtool_takes_the_rules(missing: Callable[[str], NoReturn]) -> None:
    if shutil.which("promtool") is None:
        missing("promtool is not installed")
    subprocess.run(["promtool", "check", "rules", str(RULES)], check=True, capture_output=True)
