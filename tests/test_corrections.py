"""Readers of a wrong article are told once, in their next digest."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from publisher.newsletter.corrections import Correction, untold
from tests.desk import DAY, HOUR, NOON, Desk, count, desk_of

TODAY = date(2024, 5, 2)


def sent_today(desk: Desk, *titles: str) -> list[int]:
    """The articles of an edition that everybody has."""
    ids = [desk.publish(title) for title in titles or ("Bridge closes",)]
    desk.tick(6 * HOUR)
    return ids


def test_the_next_digest_tells_of_a_correction_once(desk: Desk) -> None:
    desk.read_by("a@example.org")
    (bridge,) = sent_today(desk)
    desk.correct(bridge, "It closes at ten.")
    for title in ("New ferry", "Old maps"):
        desk.publish(title)
        desk.tick(DAY)
    _, second, third = desk.box.texts("a@example.org")
    assert "Corrections\n===========\n\nBridge closes\nhttps://news.example/" in second
    assert "It closes at ten." in second
    assert count([second], "Bridge closes", "New ferry") == {"Bridge closes": 0, "New ferry": 1}
    assert "Correction" not in third


def test_a_retraction_counts_more_than_an_earlier_correction(desk: Desk) -> None:
    desk.read_by("a@example.org")
    (bridge,) = sent_today(desk)
    desk.correct(bridge, "It closes at ten.")
    desk.retract(bridge, "It does not close.")
    desk.publish("New ferry")
    desk.tick(DAY)
    mail = desk.box.texts("a@example.org")[-1]
    assert "Withdrawn: Bridge closes" in mail
    assert "It does not close." in mail
    assert "It closes at ten." not in mail


def test_a_list_that_has_not_had_an_article_is_not_told(store_url: str, tmp_path: Path) -> None:
    lists = [{"name": "town", "categories": ["town"]}, {"name": "sport", "categories": ["sport"]}]
    with desk_of(store_url, tmp_path, lists=lists) as desk:
        desk.read_by("t@example.org", name="town")
        desk.read_by("s@example.org", name="sport")
        bridge = desk.publish("Bridge closes", "Town")
        unseen = desk.publish("Tomorrow", "Town", at=NOON + 7 * HOUR)
        desk.publish("Team wins", "Sport")
        desk.tick(6 * HOUR)
        desk.correct(bridge, "It closes at ten.")
        desk.now += 2 * HOUR
        desk.correct(unseen, "Changed before anybody had it.")
        desk.publish("Team loses", "Sport")
        desk.tick(22 * HOUR)
        assert "It closes at ten." in desk.box.texts("t@example.org")[-1]
        assert "Corrections\n" not in desk.box.texts("s@example.org")[-1]
        assert "Corrections\n===========\n\nBridge closes" in desk.box.texts("t@example.org")[-1]
        assert desk.box.texts("t@example.org")[-1].count("Changed before") == 1, "with its article"


def test_a_reader_without_news_is_told_in_the_digest_that_comes_next(desk: Desk) -> None:
    desk.read_by("all@example.org")
    desk.read_by("sport@example.org", "sport")
    wins = desk.publish("Team wins", "Sport")
    desk.tick(6 * HOUR)
    desk.correct(wins, "It was a draw.")
    desk.publish("New ferry", "Town")
    desk.tick(DAY)
    assert len(desk.box.to("sport@example.org")) == 1, "nothing of today is for this reader"
    desk.publish("Team loses", "Sport")
    desk.tick(DAY)
    assert ["It was a draw." in one for one in desk.box.texts("all@example.org")] == [
        False, True, False,
    ]  # fmt: skip
    assert ["It was a draw." in one for one in desk.box.texts("sport@example.org")] == [False, True]
    desk.publish("Team rests", "Sport")
    desk.tick(DAY)
    assert "It was a draw." not in desk.box.texts("sport@example.org")[-1]


def correction(path: str, *news: tuple[str, ...]) -> Correction:
    return Correction(1, "u", "T", "x", path, "en", "correction", "n", 7, NOON, news)


@pytest.mark.parametrize("choice", [(), ("town",), ("town/council",), ("sport",), ("culture",)])
def test_nobody_is_told_of_what_is_not_for_them(choice: tuple[str, ...]) -> None:
    one = correction("town/council")
    covered = choice in ((), ("town",), ("town/council",))
    assert bool(untold([one], choice)) is covered
    again = correction("town/council", ("sport",), ("town/roads",))
    # An edition about sport and one about roads have told those who read everything, or the town.
    assert bool(untold([again], choice)) is (choice == ("town/council",))
    assert not again.is_done
    assert correction("town/council", ("town/council/harbour",)).is_done


def test_a_correction_alone_sends_nothing_and_waits(desk: Desk) -> None:
    desk.read_by("a@example.org")
    (bridge,) = sent_today(desk)
    desk.correct(bridge, "It closes at ten.")
    desk.tick(DAY)
    assert [one.state for one in desk.editions()] == ["sent", "empty"]
    desk.publish("New ferry")
    desk.tick(DAY)
    assert "It closes at ten." in desk.box.texts("a@example.org")[-1]


def test_a_list_can_send_corrections_alone(store_url: str, tmp_path: Path) -> None:
    with desk_of(store_url, tmp_path, empty="corrections") as desk:
        desk.read_by("a@example.org")
        (bridge,) = sent_today(desk)
        desk.correct(bridge, "It closes at ten.")
        desk.tick(DAY)
        desk.tick(DAY)
        assert [one.state for one in desk.editions()] == ["sent", "sent", "empty"]
        mail = desk.box.to("a@example.org")[-1]
        assert mail["Subject"] == "Daily digest, Friday, 3 May 2024: Correction: Bridge closes"
        assert "It closes at ten." in desk.box.texts("a@example.org")[-1]


def test_another_program_may_retract_without_a_word(desk: Desk) -> None:
    desk.read_by("a@example.org")
    (bridge,) = sent_today(desk)
    with desk.newsroom.store.engine.begin() as connection:
        connection.execute(
            text("UPDATE article SET retracted = :now WHERE id = :id"),
            {"now": "2024-05-02 19:00:00+00:00", "id": bridge},
        )
    desk.publish("New ferry")
    desk.tick(DAY)
    assert "\nWithdrawn: Bridge closes\n" in desk.box.texts("a@example.org")[-1]


def test_an_article_in_any_shape_holds_up_no_edition(desk: Desk) -> None:
    desk.read_by("a@example.org")
    bridge, wins = sent_today(desk, "Bridge closes", "Team wins")
    desk.retract(bridge)
    desk.correct(wins, "It was a draw.")
    with desk.newsroom.store.engine.begin() as connection:
        connection.execute(text("UPDATE article SET sources = '[7]', retraction = 'a\vb'"))
    desk.publish("New ferry")
    desk.tick(DAY)
    mail = desk.box.texts("a@example.org")[-1]
    assert "Withdrawn: Bridge closes" in mail
    assert "New ferry" in mail
