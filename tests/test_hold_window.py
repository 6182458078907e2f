"""An edition is built ahead, can be looked at and changed, and is settled at its time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from publisher.errors import TemplateError, UsageError
from publisher.model import EditionState
from publisher.pipeline import editions, sending
from tests.desk import DAY, HOUR, NOON, Desk, count, desk_of

TODAY = date(2024, 5, 2)
HELD_FROM = NOON + 5 * HOUR  # the list's time is 18:00, and its window an hour


@pytest.fixture
def desk(store_url: str, tmp_path: Path) -> Iterator[Desk]:
    with desk_of(store_url, tmp_path, hold_minutes=60) as one:
        one.read_by("a@example.org")
        one.publish("Bridge closes")
        yield one


def preview(desk: Desk) -> str:
    composer = editions.composer(desk.newsroom, desk.the_list(), TODAY, desk.now)
    mail = composer.mail(editions.default_variant(desk.newsroom, desk.the_list()))
    return mail.text if mail else ""


def test_an_edition_is_held_ahead_of_its_time_and_sent_at_it(desk: Desk) -> None:
    desk.tick(4 * HOUR)
    assert desk.editions() == []
    desk.tick(HOUR)
    (edition,) = desk.editions()
    assert (edition.state, edition.built_at, edition.frozen_at) == ("held", HELD_FROM, None)
    assert desk.box.letters == []
    desk.tick(HOUR)
    (edition,) = desk.editions()
    assert (edition.state, edition.cut_at) == ("sent", NOON + 6 * HOUR)
    assert count(desk.box.texts("a@example.org"), "Bridge closes")["Bridge closes"] == 1


def test_without_a_window_nothing_is_held(store_url: str, tmp_path: Path) -> None:
    with desk_of(store_url, tmp_path) as desk:
        desk.read_by("a@example.org")
        desk.publish("Bridge closes")
        desk.tick(5 * HOUR + timedelta(minutes=59))
        assert desk.editions() == []
        desk.tick(timedelta(minutes=1))
        assert [one.state for one in desk.editions()] == ["sent"]


def test_what_is_retracted_in_the_window_disappears_and_what_is_new_joins(desk: Desk) -> None:
    wrong = desk.publish("Team wins")
    desk.tick(5 * HOUR)
    desk.retract(wrong)
    desk.now += HOUR / 2
    desk.publish("New ferry")
    desk.sequence()
    assert "Team wins" not in preview(desk)
    assert "New ferry" in preview(desk)
    desk.tick(HOUR / 2)
    titles = ("Bridge closes", "Team wins", "New ferry")
    found = count(desk.box.texts("a@example.org"), *titles)
    assert found == {"Bridge closes": 1, "Team wins": 0, "New ferry": 1}
    assert "Corrections" not in desk.box.texts("a@example.org")[0], "nobody had it"


def test_a_stopped_edition_is_not_sent_until_it_is_resumed(desk: Desk) -> None:
    desk.tick(5 * HOUR)
    editions.stop(desk.newsroom, desk.the_list(), TODAY, desk.now)
    desk.tick(2 * HOUR)
    assert desk.box.letters == []
    assert [one.state for one in desk.editions()] == ["stopped"]
    editions.resume(desk.newsroom, desk.the_list(), TODAY, desk.now)
    desk.tick()
    assert [one.state for one in desk.editions()] == ["sent"]
    assert len(desk.box.letters) == 1


def test_an_edition_resumed_in_time_leaves_at_its_time(desk: Desk) -> None:
    editions.stop(desk.newsroom, desk.the_list(), TODAY, desk.now)
    desk.tick(5 * HOUR)
    assert [one.state for one in desk.editions()] == ["stopped"]
    editions.resume(desk.newsroom, desk.the_list(), TODAY, desk.now)
    desk.tick(HOUR / 2)
    assert [one.state for one in desk.editions()] == ["held"]
    desk.tick(HOUR / 2)
    assert [one.state for one in desk.editions()] == ["sent"]


def test_what_a_stopped_edition_would_have_had_is_in_the_next_one(desk: Desk) -> None:
    editions.stop(desk.newsroom, desk.the_list(), TODAY, desk.now)
    desk.tick(6 * HOUR)
    desk.tick(DAY)
    assert [(one.local_date.day, one.state) for one in desk.editions()] == [
        (2, "stopped"), (3, "sent"),
    ]  # fmt: skip
    assert count(desk.box.texts("a@example.org"), "Bridge closes")["Bridge closes"] == 1
    assert desk.box.to("a@example.org")[0]["Subject"].startswith("Daily digest, Friday, 3 May")
    editions.resume(desk.newsroom, desk.the_list(), TODAY, desk.now)
    desk.tick()
    assert [one.state for one in desk.editions()] == ["empty", "sent"]


def test_stopping_a_day_ahead_holds_up_no_other_day(desk: Desk) -> None:
    editions.stop(desk.newsroom, desk.the_list(), TODAY + 2 * DAY, desk.now)
    desk.tick(6 * HOUR)
    assert [(one.local_date.day, one.state) for one in desk.editions()] == [
        (2, "sent"), (4, "stopped"),
    ]  # fmt: skip


def test_an_edition_that_is_being_sent_can_be_stopped_and_sent_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "WATCH_SECONDS", 0)
    for number in range(30):
        desk.read_by(f"r{number}@example.org")

    def stop(sent: int) -> None:
        if sent == 7:
            editions.stop(desk.newsroom, desk.the_list(), TODAY, desk.now)

    desk.box.before = stop
    edition = desk.cut()
    desk.deliver(edition)
    assert desk.states(edition) == {"accepted": 8, "pending": 23}
    desk.box.before = None
    desk.tick(7 * HOUR)
    assert len(desk.box.letters) == 8
    desk.deliver(desk.cut(TODAY))
    recipients = [letter.recipient for letter in desk.box.letters]
    assert len(recipients) == len(set(recipients)) == 31
    assert [one.state for one in desk.editions()] == ["sent"]


def test_a_held_edition_of_a_day_that_was_missed_makes_way_for_the_merged_one(desk: Desk) -> None:
    desk.tick(5 * HOUR)
    assert [one.state for one in desk.editions()] == ["held"]
    desk.tick(2 * DAY + HOUR)
    assert [(one.local_date.day, one.state) for one in desk.editions()] == [(4, "sent")]


def test_a_rebuilt_edition_holds_what_is_stored_now(desk: Desk) -> None:
    wrong = desk.publish("Team wins")
    edition = desk.cut()
    editions.stop(desk.newsroom, desk.the_list(), TODAY, desk.now)
    desk.retract(wrong)
    desk.publish("New ferry")
    rebuilt = editions.rebuild(desk.newsroom, desk.the_list(), TODAY, desk.now)
    assert (rebuilt.id, rebuilt.state, rebuilt.frozen_at) == (edition.id, "stopped", None)
    desk.deliver(desk.cut(TODAY))
    titles = ("Bridge closes", "Team wins", "New ferry")
    found = count(desk.box.texts("a@example.org"), *titles)
    assert found == {"Bridge closes": 1, "Team wins": 0, "New ferry": 1}


def test_an_edition_that_somebody_has_got_is_not_rebuilt(desk: Desk) -> None:
    desk.deliver(desk.cut())
    with pytest.raises(UsageError, match="readers have got the edition of 2024-05-02 already"):
        editions.rebuild(desk.newsroom, desk.the_list(), TODAY, desk.now)
    with pytest.raises(UsageError, match="nothing is left to stop"):
        editions.stop(desk.newsroom, desk.the_list(), TODAY, desk.now)
    with pytest.raises(UsageError, match="is sent, not stopped"):
        editions.resume(desk.newsroom, desk.the_list(), TODAY, desk.now)


@pytest.mark.parametrize("step", [editions.stop, editions.resume, editions.rebuild])
def test_an_edition_that_is_not_there_cannot_be_changed(desk: Desk, step: object) -> None:
    with pytest.raises(UsageError, match="daily has no edition of 2024-04-01"):
        step(desk.newsroom, desk.the_list(), date(2024, 4, 1), desk.now)  # type: ignore[operator]


def test_a_broken_template_is_known_before_the_time_and_the_edition_waits(desk: Desk) -> None:
    template = desk.newsroom.config.path("email_templates") / "digest" / "subject.txt"
    template.parent.mkdir(parents=True)
    template.write_text("{{ nonsense }}")
    desk.tick(5 * HOUR)
    (edition,) = desk.editions()
    assert "digest/subject.txt:1: 'nonsense' is undefined" in edition.trouble
    with pytest.raises(TemplateError):
        desk.tick(HOUR)
    (edition,) = desk.editions()
    assert edition.state == EditionState.CUT
    assert "digest/subject.txt:1: 'nonsense' is undefined" in edition.trouble
    template.write_text("{{ top }}")
    desk.tick(HOUR)
    (edition,) = desk.editions()
    assert (edition.state, edition.trouble) == ("sent", "")
    assert desk.box.to("a@example.org")[0]["Subject"] == "Bridge closes"


def test_a_window_that_the_config_has_no_more_holds_nothing_up(
    store_url: str, tmp_path: Path
) -> None:
    with desk_of(store_url, tmp_path, hold_minutes=60) as desk:
        desk.read_by("a@example.org")
        desk.publish("Bridge closes")
        desk.tick(5 * HOUR)
    with desk_of(store_url, tmp_path, hold_minutes=0, days=["monday"]) as desk:
        desk.tick(6 * HOUR)
        assert desk.editions() == []
        desk.tick(4 * DAY)
        assert [(one.local_date.day, one.state) for one in desk.editions()] == [(6, "sent")]
