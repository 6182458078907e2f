"""A list has its days, its zone and its readers' zones, and surprises are said ahead."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from publisher.pipeline import editions, sending
from publisher.pipeline.remarks import remarks
from tests.desk import DAY, HOUR, NOON, Desk, count, days, desk_of

TODAY = date(2024, 5, 2)


def subjects(desk: Desk, email: str = "a@example.org") -> list[str]:
    return [mail["Subject"] for mail in desk.box.to(email)]


def test_a_list_has_its_days_and_the_next_edition_what_came_between(
    store_url: str, tmp_path: Path
) -> None:
    with desk_of(store_url, tmp_path, days=["monday", "thursday"]) as desk:
        desk.read_by("a@example.org")
        for number in range(6):
            desk.publish(f"Story {number}", at=NOON + number * DAY)
        desk.tick(6 * HOUR)  # a Thursday
        for _ in range(8):
            desk.tick(DAY / 2)
        assert days(desk) == [(2, 2, "sent"), (3, 6, "sent")]
        assert "3–6 May 2024: Story 4 and 3 more" in subjects(desk)[-1]


def test_a_copy_leaves_at_its_readers_own_hour(store_url: str, tmp_path: Path) -> None:
    zones = {"Pacific/Auckland": 24 - 6, "Europe/Berlin": 24 - 2, "America/New_York": 4, "UTC": 0}
    with desk_of(store_url, tmp_path, subscriber_zones=True) as desk:
        for zone in zones:
            desk.read_by(f"{zone.rpartition('/')[2]}@example.org", timezone=zone)
        desk.read_by("nowhere@example.org")
        desk.publish("Bridge closes")
        desk.publish("Too late", at=NOON + 7 * HOUR)
        cut_at = NOON + 6 * HOUR
        desk.tick(6 * HOUR)
        assert desk.dues() == {
            "Auckland@example.org": cut_at + 12 * HOUR,  # 18:00 there is 06:00 UTC
            "Berlin@example.org": cut_at + 22 * HOUR,
            "New_York@example.org": cut_at + 4 * HOUR,
            "UTC@example.org": cut_at,
            "nowhere@example.org": cut_at,
        }
        assert {one.recipient for one in desk.box.letters} == {
            "UTC@example.org", "nowhere@example.org",
        }  # fmt: skip
        assert days(desk) == [(2, 2, "cut")]
        desk.tick(3 * HOUR)
        assert len(desk.box.letters) == 2
        for _ in range(20):
            desk.tick(HOUR)
        assert days(desk) == [(2, 2, "sent")]
        texts = [desk.box.texts(email)[0] for email in desk.dues()]
        assert count(texts, "Bridge closes", "Too late") == {"Bridge closes": 5, "Too late": 0}


def test_an_edition_that_waits_for_its_readers_hour_holds_up_no_other(
    store_url: str, tmp_path: Path
) -> None:
    with desk_of(store_url, tmp_path, subscriber_zones=True) as desk:
        desk.read_by("a@example.org", timezone="Etc/GMT+1")  # an hour after the list's own
        desk.publish("Bridge closes")
        for number in range(48):
            desk.publish(f"Story {number}", at=desk.now)
            desk.tick(HOUR)
        assert len(desk.box.to("a@example.org")) == 2
        assert [state for _, _, state in days(desk)] == ["sent", "sent"]


def test_the_clock_looks_at_nothing_while_all_letters_wait(store_url: str, tmp_path: Path) -> None:
    with desk_of(store_url, tmp_path, subscriber_zones=True) as desk:
        desk.read_by("a@example.org", timezone="Europe/Berlin")
        desk.publish("Bridge closes")
        desk.tick(6 * HOUR)
        assert sending.unfinished(desk.newsroom, desk.the_list(), desk.now + 21 * HOUR) == []
        later = desk.now + 22 * HOUR
        assert len(sending.unfinished(desk.newsroom, desk.the_list(), later)) == 1


def test_a_zone_that_does_not_exist_any_more_means_the_lists_own(
    store_url: str, tmp_path: Path
) -> None:
    with desk_of(store_url, tmp_path, subscriber_zones=True) as desk:
        for name, zone in (("a", "Mars/Olympus"), ("b", "../etc"), ("c", "")):
            desk.read_by(f"{name}@example.org", timezone=zone)
        desk.publish("Bridge closes")
        desk.tick(6 * HOUR)
        assert len(desk.box.letters) == 3


def test_a_list_with_an_unknown_category_is_remarked_and_goes_on_with_the_others(
    store_url: str, tmp_path: Path
) -> None:
    with desk_of(store_url, tmp_path, categories=["town", "sprot"]) as desk:
        assert remarks(desk.newsroom, NOON) == [
            f"list daily: there is no category {path!r} (there are none yet); "
            "the list goes on without it"
            for path in ("town", "sprot")
        ]
        desk.read_by("a@example.org")
        desk.publish("Bridge closes", "Town", "Roads")
        desk.publish("Team wins", "Sport")
        assert remarks(desk.newsroom, NOON) == [
            "list daily: there is no category 'sprot' (did you mean 'sport'?); "
            "the list goes on without it"
        ]
        desk.tick(6 * HOUR)
        found = count(desk.box.texts("a@example.org"), "Bridge closes", "Team wins")
        assert found == {"Bridge closes": 1, "Team wins": 0}


def test_days_that_do_not_have_a_lists_time_are_remarked(store_url: str, tmp_path: Path) -> None:
    with desk_of(store_url, tmp_path, send_at="02:30", timezone="Europe/Berlin") as desk:
        assert remarks(desk.newsroom, NOON) == [
            "list daily: Sunday, 30 March 2025 has no 02:30 in Europe/Berlin; its edition is cut "
            "at 03:00"
        ]
    with desk_of(store_url, tmp_path, send_at="18:00", timezone="Europe/Berlin") as desk:
        assert remarks(desk.newsroom, NOON) == []


def test_the_day_of_an_edition_is_the_lists_own(store_url: str, tmp_path: Path) -> None:
    with desk_of(store_url, tmp_path, timezone="Pacific/Auckland", send_at="07:00") as desk:
        desk.read_by("a@example.org")
        desk.publish("Bridge closes")
        desk.tick(7 * HOUR)  # 19:00 UTC is 07:00 of the next day there
        assert days(desk) == [(3, 3, "sent")]
        assert editions.today(desk.newsroom, desk.the_list(), desk.now) == TODAY + DAY
        assert desk.editions()[0].cut_at == datetime(2024, 5, 2, 19, tzinfo=UTC)
        assert timedelta() <= desk.now - desk.editions()[0].cut_at
