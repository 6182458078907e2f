"""Operators look readers up, take them off and put them back, and import files of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from publisher.cli import main
from publisher.clock import Clock
from publisher.model import Cause, Role
from publisher.pipeline import imports
from publisher.pipeline.newsroom import Newsroom
from publisher.store import acts, subscribers
from publisher.store.subscribers import Wish
from tests.commands import make_site, run
from tests.deskwork import Worker
from tests.factories import join
from tests.sites import newsroom_at, sql

NOW = datetime.now(UTC)
FILE = """email,name,colour
cy@example.org,Cy <script>alert(1)</script>,red
not an address,Nobody,blue
ada@example.org,Ada,green
"""


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, store_url) as made:
        with made.store.write() as session:
            join(session, "daily", [Wish("ada@example.org", "Ada"), Wish("bo@example.org")])
            join(session, "daily", ["b_e@example.org"], confirmed=False)
        yield made


def state_of(newsroom: Newsroom, email: str) -> str | None:
    with newsroom.store.read() as session:
        place = subscribers.places(session, "daily", [email])[email]
        return place.subscription_state


def operator(newsroom: Newsroom, name: str = "olga") -> Worker:
    return Worker(newsroom, name, Role.OPERATOR)


def found(worker: Worker, query: str) -> list[str]:
    html = worker.client.get(f"/desk/subscribers/?{query}").text
    return re.findall(r'href="/desk/subscribers/\d+">([^<]+)</a>', html)


def test_readers_are_found_by_how_their_address_begins(newsroom: Newsroom) -> None:
    worker = operator(newsroom)
    assert found(worker, "q=B") == ["b_e@example.org", "bo@example.org"]
    assert found(worker, "q=b_") == ["b_e@example.org"]
    assert found(worker, "q=%25") == []
    assert found(worker, "list=daily&state=active") == ["ada@example.org", "bo@example.org"]
    assert found(worker, "list=daily&state=pending") == ["b_e@example.org"]
    assert len(found(worker, "list=daily&state=nonsense&behind=x")) == 3


def test_each_state_shows_who_is_in_it(newsroom: Newsroom) -> None:
    with newsroom.store.write() as session:
        acts.stop(session, 1, Cause.BOUNCED, NOW, "550 gone")
        acts.stop(session, 2, Cause.COMPLAINED, NOW, "spam")
    worker = operator(newsroom)
    assert found(worker, "list=daily&state=bounced") == ["ada@example.org"]
    assert found(worker, "list=daily&state=complained") == ["bo@example.org"]
    assert found(worker, "list=daily&state=active") == []
    assert found(worker, "list=daily&state=unsubscribed") == []


def test_a_list_is_reached_page_by_page(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.web.desk.subscribers.ON_A_PAGE", 2)
    worker = operator(newsroom)
    page = worker.page("/desk/subscribers/?list=daily")
    (more,) = [one for one in page.links if one.startswith("?list=")]
    assert found(worker, more.removeprefix("?")) == ["b_e@example.org"]


def test_a_reader_has_a_history_that_says_who_did_what_and_why(newsroom: Newsroom) -> None:
    worker = operator(newsroom)
    path = "/desk/subscribers/1"
    worker.send(path, 422, act="off", list="daily", note=" ")
    worker.send(path, act="off", list="daily", note="asked by phone")
    assert state_of(newsroom, "ada@example.org") == "unsubscribed"
    page = worker.page(path)
    assert "asked by phone (olga)" in page.text
    assert "taken off" in page.text
    worker.send(path, act="restore", list="daily", note="wants it back")
    assert state_of(newsroom, "ada@example.org") == "active"
    worker.send(path, 422, act="restore", list="daily", note="again")
    worker.send(path, 400, act="erase", list="daily", note="x")
    worker.send(path, 422, act="off", list="weekly", note="x")
    worker.page("/desk/subscribers/999", 404)


def test_a_file_is_looked_at_before_it_is_taken_in(newsroom: Newsroom) -> None:
    worker = operator(newsroom)
    files = {"file": ("people.csv", FILE.encode(), "text/csv")}
    answer = worker.send("/desk/subscribers/import", files=files, list="daily", consent="fair 2024")
    path = answer.headers["location"]
    html = worker.client.get(path).text
    page = worker.page(path)
    for word in ("1 new", "1 unchanged", "1 rejected", "colour", "line 3", "fair 2024"):
        assert word in page.text, word
    assert "<script>alert" not in html
    assert state_of(newsroom, "cy@example.org") is None
    worker.send(path)
    assert state_of(newsroom, "cy@example.org") == "active"
    assert "people.csv" in worker.page("/desk/imports/").text
    worker.page(path, 404)  # it is decided about
    worker.send(path, 404)


def test_who_has_left_does_not_come_back_by_a_file(newsroom: Newsroom) -> None:
    worker = operator(newsroom)
    worker.send("/desk/subscribers/1", act="off", list="daily", note="asked")
    files = {"file": ("p.csv", b"email\nada@example.org\n", "text/csv")}
    path = worker.send(
        "/desk/subscribers/import", files=files, list="daily", consent="says so"
    ).headers["location"]
    assert "1 left alone" in worker.page(path).text
    worker.send(path)
    assert state_of(newsroom, "ada@example.org") == "unsubscribed"


def test_a_file_is_the_business_of_who_has_sent_it(newsroom: Newsroom) -> None:
    files = {"file": ("p.csv", b"email\ncy@example.org\n", "text/csv")}
    path = (
        operator(newsroom)
        .send("/desk/subscribers/import", files=files, list="daily", consent="")
        .headers["location"]
    )
    other = operator(newsroom, "otto")
    other.page(path, 404)
    other.send(path, 404)
    assert state_of(newsroom, "cy@example.org") is None


def test_a_file_that_nobody_decides_about_is_forgotten(newsroom: Newsroom) -> None:
    worker = operator(newsroom)
    files = {"file": ("p.csv", b"email\ncy@example.org\n", "text/csv")}
    fields: dict[str, Any] = {"files": files, "list": "daily", "consent": ""}
    path = worker.send("/desk/subscribers/import", **fields).headers["location"]
    old = NOW - imports.KEPT - timedelta(minutes=1)
    sql(newsroom, "UPDATE upload SET at = :at", at=f"{old:%Y-%m-%d %H:%M:%S.%f+00:00}")
    worker.page(path, 404)
    worker.send("/desk/subscribers/import", **fields)
    Clock(newsroom).send_notices()
    with newsroom.store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM upload").scalar() == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"name\nAda\n", "email among them"),
        (b"", "email among them"),
        (b"\x00\xff\xfe\x00", ""),
    ],
)
def test_a_file_that_cannot_be_used_is_told(newsroom: Newsroom, data: bytes, reason: str) -> None:
    worker = operator(newsroom)
    files = {"file": ("p.csv", data, "text/csv")}
    answer = worker.send("/desk/subscribers/import", files=files, list="daily", consent="")
    assert reason in worker.page(answer.headers["location"], 422).text
    worker.send(answer.headers["location"], 422)
    worker.send("/desk/subscribers/import", 422, list="daily", consent="")


def test_feeds_and_imports_say_how_they_are(newsroom: Newsroom) -> None:
    sql(
        newsroom,
        "INSERT INTO set_aside (origin, line, reason, since) "
        "VALUES ('a<b>.md', 3, 'it has no date', '2024-05-02 12:00:00+00:00')",
    )
    worker = operator(newsroom)
    text = worker.page("/desk/imports/").text
    assert "a<b>.md:3" in text
    assert "it has no date" in text
    assert "Behind what is stored" in worker.page("/desk/feeds/").text
    assert "Set aside: 1" in worker.page("/desk/").text


def test_users_are_made_by_command(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_site(store_url, tmp_path, monkeypatch)

    def with_password(*arguments: str, text: str = "", code: int = 0) -> str:
        result = CliRunner().invoke(main, ["user", *arguments], input=text)
        assert result.exit_code == code, result.output
        return result.output

    assert "Nobody yet" in run("user", "list").output
    said = with_password("add", "Olga", "--role", "operator", text="the lamp burns at night\n")
    assert "olga may sign in as operator" in said
    with_password("add", "olga", text="the lamp burns at night\n", code=2)
    with_password("add", "ed", text="short\n", code=2)
    with_password("add", "ed", text="", code=2)
    with_password("add", "x y", text="the lamp burns at night\n", code=2)
    assert "olga  operator; last signed in: never" in run("user", "list").output
    assert '"role": "operator"' in run("user", "list", "--json").output
    assert "new password" in with_password("password", "olga", text="another lamp is lit now\n")
    with_password("password", "nobody", text="another lamp is lit now\n", code=2)
    run("user", "remove", "olga")
    run("user", "remove", "olga", code=2)
    run("subscribers", "import", "people.csv", "--list", "daily", "--confirmed", "fair")
    assert "Nobody yet" in run("user", "list").output
