"""The hold window at the desk: look, test, stop, build anew, send; and what came of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher.model import EditionState, Role
from publisher.pipeline import editions, pauses, sending
from publisher.pipeline.newsroom import Newsroom
from publisher.store import editions as stored
from publisher.web.desk.charts import bars, line, nice
from publisher.web.desk.editions import _acts
from tests.deskwork import Worker
from tests.factories import join
from tests.sites import newsroom_at, sql, store, story

NOW = datetime.now(UTC)
DAY = NOW.date()
PATH = f"/desk/editions/daily/{DAY}/"


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, store_url) as made:
        fill(made)
        yield made


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path) as made:
        fill(made)
        yield made


def fill(newsroom: Newsroom) -> None:
    at = NOW - timedelta(hours=1)
    store(newsroom, story("The lamp is lit", published=at), now=NOW)
    with newsroom.store.write() as session:
        join(session, "daily", ["ada@example.org", "bo@example.org"], now=NOW)


def state(newsroom: Newsroom) -> str | None:
    with newsroom.store.read() as session:
        found = stored.find(session, "daily", DAY)
        return found.state if found else None


def deliver(newsroom: Newsroom) -> None:
    """What the clock does with an edition that is cut."""
    one = editions.the_list(newsroom, "daily")
    for edition in sending.unfinished(newsroom, one, datetime.now(UTC)):
        for _ in sending.deliver(newsroom, one, edition, lambda: datetime.now(UTC)):
            pass


def test_an_editor_sees_what_the_edition_says_and_how_large_it_is(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    assert PATH in worker.page("/desk/editions/").links
    page = worker.page(PATH)
    assert "The lamp is lit" in page.text
    (meter,) = page.all("meter")
    assert 0 < int(meter["value"]) < int(meter["max"]) == 100_000
    framed = worker.client.get(f"{PATH}html")
    assert "The lamp is lit" in framed.text
    assert "@@" not in framed.text
    assert "sandbox" in framed.headers["content-security-policy"]
    assert state(newsroom) is None  # looking has made nothing


def test_a_test_mail_goes_to_one_address_and_into_no_ledger(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    worker.send(f"{PATH}proof", to="editor@example.org")
    (mail,) = (newsroom.config.root / "mailbox" / "new").iterdir()
    assert b"editor@example.org" in mail.read_bytes()
    worker.send(f"{PATH}proof", 422, to="nobody")
    assert state(newsroom) is None


def test_an_edition_is_stopped_built_anew_and_let_go_on(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    worker.send(PATH, act="stop")
    assert state(newsroom) == EditionState.STOPPED
    deliver(newsroom)
    worker.send(PATH, act="rebuild")
    assert state(newsroom) == EditionState.STOPPED
    worker.send(PATH, act="resume")
    assert state(newsroom) == EditionState.HELD
    worker.send(PATH, 422, act="resume")
    worker.send(PATH, 400, act="dance")


def test_an_edition_that_is_sent_now_leaves_and_can_be_followed(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    worker.send(PATH, act="send")
    assert state(newsroom) == EditionState.CUT
    assert worker.page(PATH).all("section", **{"data-was": "cut"})
    deliver(newsroom)
    assert state(newsroom) == EditionState.SENT
    page = worker.page(PATH)
    assert "accepted2" in page.text
    assert "@@" not in page.text
    assert page.all("progress", max="2", value="2")
    worker.send(PATH, 422, act="stop")
    found = worker.page("/desk/deliveries/?email=ADA@example.org").text
    assert "accepted" in found
    assert "bo@example.org" not in found


def test_nothing_is_sent_to_nobody_nor_before_its_day(tmp_path: Path) -> None:
    with newsroom_at(tmp_path) as newsroom:
        store(newsroom, story("Alone", published=NOW - timedelta(hours=1)), now=NOW)
        worker = Worker(newsroom, "ed")
        assert "nobody on this list" in worker.send(PATH, 422, act="send").text
        tomorrow = DAY + timedelta(days=2)
        worker.page(f"/desk/editions/daily/{tomorrow}/", 404)
        worker.send(f"/desk/editions/daily/{tomorrow}/", 422, act="send")
        worker.page("/desk/editions/daily/nonsense/", 404)
        worker.page("/desk/editions/weekly/", 404)


def test_a_list_that_waits_goes_on_by_an_operators_word_alone(newsroom: Newsroom) -> None:
    one = editions.the_list(newsroom, "daily")
    pauses.pause(newsroom, one, NOW - timedelta(days=1), "it was restored")
    editor = Worker(newsroom, "ed")
    assert "it was restored" in editor.page("/desk/").text
    editor.send(PATH, 422, act="send")
    editor.send("/desk/editions/daily/", 422, act="send")
    assert pauses.find(newsroom, one) is not None
    operator = Worker(newsroom, "olga", Role.OPERATOR)
    operator.send("/desk/editions/daily/", act="send")
    assert pauses.find(newsroom, one) is None


def test_progress_is_told_as_it_goes(site: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.web.desk.progress.LONGEST_SECONDS", 0.2)
    monkeypatch.setattr("publisher.web.desk.progress.PAUSE_SECONDS", 0.05)
    worker = Worker(site, "ed")
    worker.send(PATH, act="send")
    deliver(site)
    answer = worker.client.get(f"{PATH}progress")
    assert answer.headers["content-type"].startswith("text/event-stream")
    (event,) = re.findall(r"^event: progress\ndata: (.*)$", answer.text, re.MULTILINE)
    told = json.loads(event)
    assert told == {"state": "sent", "letters": {"accepted": 2}, "total": 2, "done": 2}
    worker.client.cookies.clear()
    assert worker.client.get(f"{PATH}progress").status_code == 401


def test_letters_that_failed_are_tried_again_by_an_operator(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "olga", Role.OPERATOR)
    worker.send(PATH, act="send")
    deliver(newsroom)
    sql(
        newsroom,
        "UPDATE delivery SET state = 'failed', reply = '550 <b>no</b>' WHERE subscriber_id = 1",
    )
    page = worker.page(f"/desk/deliveries/?edition=daily/{DAY}&state=failed")
    assert "550 <b>no</b>" in page.text
    fields: dict[str, Any] = {"list": "daily", "day": str(DAY), "state": "failed"}
    worker.send("/desk/deliveries/retry", 422, **fields | {"state": "accepted"})
    worker.send("/desk/deliveries/retry", 422, **fields | {"day": "2001-01-01"})
    worker.send("/desk/deliveries/retry", **fields)
    assert state(newsroom) == EditionState.CUT
    deliver(newsroom)
    assert "accepted: 2" in worker.page(f"/desk/deliveries/?edition=daily/{DAY}").text


def test_an_editor_sees_no_list_of_readers(site: Newsroom) -> None:
    worker = Worker(site, "ed")
    worker.send(PATH, act="send")
    deliver(site)
    text = worker.page(f"/desk/deliveries/?edition=daily/{DAY}&state=accepted").text
    assert "ada@example.org" not in text
    assert "accepted: 2" in text


def test_deliveries_are_reached_page_by_page(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.web.desk.deliveries.ON_A_PAGE", 1)
    worker = Worker(newsroom, "olga", Role.OPERATOR)
    worker.send(PATH, act="send")
    deliver(newsroom)
    first = worker.page(f"/desk/deliveries/?edition=daily/{DAY}&state=accepted")
    (more,) = [one for one in first.links if one.startswith("?edition=")]
    second = worker.page(f"/desk/deliveries/{more}")
    seen = [re.findall(r"\w+@example.org", page.text) for page in (first, second)]
    assert sorted(one for some in seen for one in some) == ["ada@example.org", "bo@example.org"]


def test_the_overview_draws_what_really_happened(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    worker.send(PATH, act="send")
    deliver(newsroom)
    sql(newsroom, "UPDATE delivery SET state = 'failed' WHERE subscriber_id = 1")
    with newsroom.store.write() as session:
        join(session, "daily", ["cy@example.org"], now=NOW - timedelta(days=3))
    page = worker.page("/desk/")
    tables = page.text
    assert "Articles per day" in tables
    today = f"{DAY.day} {DAY:%B %Y}"
    assert f"Editionaccepteddeferredbounced {today}101" in tables
    before = DAY - timedelta(days=2)
    assert f"{today}3" in tables
    assert f"{before.day} {before:%B %Y}1" in tables
    assert len(page.all("svg", role="img")) == 3
    worker.client.get("/feeds/atom.xml")
    assert "of 1 requests" in worker.page("/desk/").text


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (501, 1000)]
)
def test_a_scale_ends_at_a_round_number(value: int, top: int) -> None:
    assert nice(value) == top


def test_a_chart_fits_its_frame_and_its_table_says_the_same() -> None:
    days = [DAY - timedelta(days=number) for number in range(30)]
    values = [(day, (number * 7, number)) for number, day in enumerate(days)]
    chart = bars("T", ["Day", "a", "b"], ["one", "two"], values, str)
    for piece in chart.pieces:
        assert 0 <= piece.x <= piece.x + piece.width <= chart.width
        assert 0 <= piece.y <= piece.y + piece.height <= chart.height
    assert chart.rows[29] == (str(days[29]), "203", "29")
    assert len(chart.pieces) == 58  # a day without anything has no piece
    flat = line("T", ["Day", "a"], "one", [(day, 0) for day in days], str)
    assert flat.is_empty
    assert [mark.text for mark in line("T", ["D", "a"], "one", [(DAY, 60_000)], str).scale] == [
        "0",
        "50k",
        "100k",
    ]
    assert bars("T", ["Day", "a"], ["one"], [], str).is_empty


def test_what_can_be_done_goes_by_the_state() -> None:
    from publisher.model import Edition

    def acts(state: str) -> set[str]:
        return _acts(Edition(state=state), DAY, DAY)

    assert acts("held") == {"stop", "rebuild", "send"}
    assert acts("cut") == {"stop", "rebuild"}
    assert acts("stopped") == {"resume", "rebuild", "send"}
    assert acts("sent") == acts("empty") == acts("skipped") == set()
    assert _acts(None, DAY, DAY) == {"stop", "send"}
    assert "send" not in _acts(Edition(state="held"), DAY + timedelta(days=1), DAY)
