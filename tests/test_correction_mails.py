"""Who was sent a wrong article is told by mail, where asked for, and who was not is not."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher.model import Delivery, DeliveryState, Notice, Subscriber
from publisher.pipeline import corrections, editions, sending
from publisher.store import corrections as stored
from tests.desk import DAY, HOUR, NOON, Desk, count, desk_of
from tests.test_corrections import sent_today

TODAY = date(2024, 5, 2)


def told(desk: Desk) -> dict[str, list[dict[str, Any]]]:
    """The details of the correction notices that each reader is to get."""
    with desk.newsroom.store.read() as session:
        rows = session.query(Subscriber.email, Notice.details).join(
            Notice, Notice.subscriber_id == Subscriber.id
        )
        found: dict[str, list[dict[str, Any]]] = {}
        for email, details in rows.filter(Notice.kind == "correction").order_by(Notice.id):
            found.setdefault(email, []).append(details)
        return found


def set_state(desk: Desk, email: str, state: DeliveryState) -> None:
    with desk.newsroom.store.write() as session:
        person = session.query(Subscriber).filter_by(email=email).one()
        session.query(Delivery).filter_by(subscriber_id=person.id).update({"state": state})


def test_a_mail_goes_to_those_whose_delivered_edition_carried_the_article(desk: Desk) -> None:
    for name in ("all", "town", "failed", "uncertain", "left", "gone"):
        desk.read_by(f"{name}@example.org", *(["town"] if name == "town" else []))
    desk.read_by("sport@example.org", "sport")
    bridge, wins = desk.publish("Bridge closes"), desk.publish("Team wins", "Sport")
    desk.tick(6 * HOUR)
    desk.read_by("late@example.org")
    set_state(desk, "failed@example.org", DeliveryState.FAILED)
    set_state(desk, "uncertain@example.org", DeliveryState.UNCERTAIN)
    with desk.newsroom.store.write() as session:
        session.query(Subscriber).filter_by(email="left@example.org").update({"state": "bounced"})
        gone = session.query(Subscriber).filter_by(email="gone@example.org").one()
        session.query(Delivery).filter_by(subscriber_id=gone.id).delete()
    assert corrections.readers_of(desk.newsroom, bridge) == 3
    desk.correct(bridge, "It closes at ten.", mail=True)
    assert sorted(told(desk)) == ["all@example.org", "town@example.org", "uncertain@example.org"]
    (details,) = told(desk)["all@example.org"]
    assert details == {
        "article_id": bridge, "kind": "correction", "note": "It closes at ten.",
        "title": "Bridge closes", "url": "https://news.example/articles/bridge-closes",
    }  # fmt: skip
    desk.retract(wins, "There was no match.", mail=True)
    assert "town@example.org" in told(desk)
    assert [one["kind"] for one in told(desk)["sport@example.org"]] == ["retraction"]
    assert len(told(desk)["town@example.org"]) == 1


def test_nobody_is_told_by_mail_unless_that_was_asked_for(desk: Desk) -> None:
    desk.read_by("a@example.org")
    (bridge,) = sent_today(desk)
    desk.correct(bridge, "It closes at ten.")
    desk.tick(HOUR)
    assert told(desk) == {}


def test_who_was_only_shown_a_number_is_not_told(desk: Desk) -> None:
    desk.read_by("a@example.org")
    desk.read_by("old@example.org", "old")
    old = desk.publish("Older", "Old", at=NOON - DAY)
    for number in range(400):
        desk.publish(f"{'Headline ' * 20}{number}", at=NOON - timedelta(minutes=number))
    desk.tick(6 * HOUR)
    assert "Older" not in desk.box.texts("a@example.org")[0]
    desk.correct(old, "It was younger.", mail=True)
    assert list(told(desk)) == ["old@example.org"]


def test_who_is_on_two_lists_gets_one_mail(store_url: str, tmp_path: Path) -> None:
    with desk_of(store_url, tmp_path, lists=[{"name": "one"}, {"name": "two"}]) as desk:
        for name in ("one", "two"):
            desk.read_by("both@example.org", name=name)
        desk.read_by("second@example.org", name="two")
        (bridge,) = sent_today(desk)
        assert corrections.readers_of(desk.newsroom, bridge) == 2
        desk.correct(bridge, "It closes at ten.", mail=True)
        assert {email: len(all_) for email, all_ in told(desk).items()} == {
            "both@example.org": 1, "second@example.org": 1,
        }  # fmt: skip
        desk.correct(bridge, "At eleven, in fact.", mail=True)
        assert len(told(desk)["both@example.org"]) == 2


def test_many_are_queued_part_by_part_and_a_crash_in_between_loses_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(25):
        desk.read_by(f"r{number}@example.org")
    (bridge,) = sent_today(desk)
    monkeypatch.setattr(stored, "PART", 4)
    real, calls = stored.queue_part, []

    def dies(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(stored, "queue_part", dies)
    with pytest.raises(KeyboardInterrupt):
        desk.correct(bridge, "It closes at ten.", mail=True)
    assert len(told(desk)) == 8
    desk.tick(HOUR)
    assert len(told(desk)) == 25
    assert all(len(one) == 1 for one in told(desk).values())
    before = len(calls)
    desk.tick(HOUR)
    assert len(calls) == before, "it is done"


def stop_after(desk: Desk, letters: int, action: Any) -> None:
    """Do something when so many letters have left."""

    def before(sent: int) -> None:
        if sent == letters:
            desk.box.before = None
            action()

    desk.box.before = before


@pytest.mark.parametrize("watch_seconds", [0, 3600])
def test_letters_that_have_not_left_go_with_the_correction(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, watch_seconds: float
) -> None:
    monkeypatch.setattr(sending, "WATCH_SECONDS", watch_seconds)
    for number in range(20):
        desk.read_by(f"r{number}@example.org")
    bridge = desk.publish("Bridge closes")
    edition = desk.cut()
    stop_after(desk, 9, lambda: desk.correct(bridge, "It closes at ten.", mail=True))
    desk.deliver(edition)
    assert desk.states(edition) == {"accepted": 20}
    texts = {one: desk.box.texts(f"r{one}@example.org") for one in range(20)}
    assert all(len(one) == 1 for one in texts.values())
    wrong = {f"r{n}@example.org" for n, (mail,) in texts.items() if "at ten" not in mail}
    assert len(wrong) == (10 if watch_seconds == 0 else 20), "it looks between letters"
    assert set(told(desk)) == wrong, "those who were sent the wrong text, and nobody else"


def test_letters_that_have_not_left_go_without_what_was_retracted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "WATCH_SECONDS", 0)
    for number in range(10):
        desk.read_by(f"r{number}@example.org")
    for number in range(10):
        desk.read_by(f"s{number}@example.org", "sport")
    desk.publish("Bridge closes")
    wins = desk.publish("Team wins", "Sport")
    edition = desk.cut()
    stop_after(desk, 4, lambda: desk.retract(wins, mail=True))
    desk.deliver(edition)
    assert desk.states(edition) == {"accepted": 10, "suppressed": 10}
    texts = [desk.box.texts(f"r{number}@example.org")[0] for number in range(10)]
    found = count(texts, "Bridge closes", "Team wins")
    assert found == {"Bridge closes": 10, "Team wins": 5}
    assert sorted(told(desk)) == [f"r{number}@example.org" for number in range(5)]
    assert desk.editions()[0].state == "sent"


def test_a_stopped_edition_goes_on_with_what_was_corrected_since(desk: Desk) -> None:
    desk.read_by("a@example.org")
    bridge = desk.publish("Bridge closes")
    wins = desk.publish("Team wins")
    desk.cut()
    editions.stop(desk.newsroom, desk.the_list(), TODAY, desk.now)
    desk.correct(bridge, "It closes at ten.")
    desk.retract(wins)
    desk.deliver(desk.cut())
    (mail,) = desk.box.texts("a@example.org")
    assert "It closes at ten." in mail
    assert "Team wins" not in mail


def test_who_is_sent_an_old_edition_gets_it_right(desk: Desk) -> None:
    desk.read_by("a@example.org")
    bridge, wins = sent_today(desk, "Bridge closes", "Team wins")
    desk.correct(bridge, "It closes at ten.", mail=True)
    desk.retract(wins, mail=True)
    desk.read_by("b@example.org")
    edition = desk.edition()
    assert edition is not None
    desk.deliver(edition, everybody=True)
    (mail,) = desk.box.texts("b@example.org")
    assert "It closes at ten." in mail
    assert "Team wins" not in mail
    assert list(told(desk)) == ["a@example.org"]
    assert [one.state for one in desk.editions()] == ["sent"]
    composer = editions.composer(desk.newsroom, desk.the_list(), TODAY, desk.now)
    assert [one.title for one in composer.contents.articles] == ["Bridge closes", "Team wins"]


def test_an_edition_of_which_all_was_retracted_sends_nothing(desk: Desk) -> None:
    desk.read_by("a@example.org")
    bridge = desk.publish("Bridge closes")
    edition = desk.cut()
    desk.retract(bridge)
    desk.deliver(edition)
    assert desk.box.letters == []
    assert desk.editions()[0].state == "sent"
