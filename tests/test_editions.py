"""Which editions a list has, and what is in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from publisher.model import Delivery
from publisher.newsletter.variants import Variant
from publisher.store import articles
from tests.desk import DAY, HOUR, NOON, Desk, count, days, desk_of

TODAY = date(2024, 5, 2)


def subjects(desk: Desk, email: str = "a@example.org") -> list[str]:
    return [mail["Subject"] for mail in desk.box.to(email)]


def test_a_list_without_readers_cuts_no_edition(desk: Desk) -> None:
    desk.publish("Bridge closes")
    desk.tick(6 * HOUR)
    assert desk.editions() == []
    desk.read_by("a@example.org")
    desk.tick()
    assert days(desk) == [(2, 2, "sent")]


def test_an_empty_day_is_written_down_and_nobody_is_written_to(desk: Desk) -> None:
    desk.read_by("a@example.org")
    desk.tick(6 * HOUR)
    assert days(desk) == [(2, 2, "empty")]
    assert desk.box.letters == []


def test_missed_days_are_one_edition_that_says_which_days(desk: Desk) -> None:
    desk.read_by("a@example.org")
    desk.publish("Bridge closes")
    desk.tick(6 * HOUR)
    for number in range(1, 4):
        desk.publish(f"Story {number}", at=NOON + number * DAY)
    desk.tick(3 * DAY + HOUR)
    assert days(desk) == [(2, 2, "sent"), (3, 5, "sent")]
    assert subjects(desk) == [
        "Daily digest, Thursday, 2 May 2024: Bridge closes",
        "Daily digest, 3–5 May 2024: Story 3 and 2 more",
    ]
    text = desk.box.texts("a@example.org")[-1]
    assert "\n3–5 May 2024 · 3 articles\n" in text
    assert [line for line in text.splitlines() if line.endswith(" May 2024")] == [
        "Sunday, 5 May 2024", "Saturday, 4 May 2024", "Friday, 3 May 2024",
    ]  # fmt: skip


def test_missed_days_can_have_an_edition_each(store_url: str, tmp_path: Path) -> None:
    with desk_of(store_url, tmp_path, catch_up="each") as desk:
        desk.read_by("a@example.org")
        desk.publish("Bridge closes")
        desk.tick(6 * HOUR)
        desk.publish("In the evening of the second", at=NOON + 7 * HOUR)
        desk.publish("On the fourth", at=NOON + 2 * DAY)
        desk.publish("On the fifth", at=NOON + 3 * DAY + 3 * HOUR)
        desk.tick(3 * DAY + HOUR)
        assert days(desk) == [(2, 2, "sent"), (3, 3, "sent"), (4, 4, "sent"), (5, 5, "sent")]
        assert subjects(desk)[1:] == [
            "Daily digest, Friday, 3 May 2024: In the evening of the second",
            "Daily digest, Saturday, 4 May 2024: On the fourth",
            "Daily digest, Sunday, 5 May 2024: On the fifth",
        ]


def test_nothing_comes_twice_across_edits_categories_and_lists(
    store_url: str, tmp_path: Path
) -> None:
    lists = [{"name": "all"}, {"name": "town", "categories": ["town"]}]
    with desk_of(store_url, tmp_path, lists=lists) as desk:
        desk.read_by("a@example.org", name="all")
        desk.read_by("t@example.org", name="town")
        bridge = desk.publish("Bridge closes", "Sport")
        desk.tick(6 * HOUR)
        site = desk.newsroom.config.site
        with desk.newsroom.store.write() as session:
            writer = articles.Writer(session, site.url, site.zone, desk.now)
            article = articles.by_ids(session, [bridge])[bridge]
            moved = replace(article.content, category=("Town", "Bridges"), body="<p>Edited.</p>")
            writer.replace(article, moved, significant=False)
        desk.tick(DAY)
        assert count(desk.box.texts("a@example.org"), "Bridge closes")["Bridge closes"] == 1
        # The other list has not had it, and it belongs there now.
        assert count(desk.box.texts("t@example.org"), "Bridge closes")["Bridge closes"] == 1
        desk.publish("New ferry", at=NOON + DAY)
        desk.tick(DAY)
        assert len(desk.box.to("a@example.org")) == 2


def test_who_adds_a_category_has_it_from_the_next_edition_on(desk: Desk) -> None:
    desk.read_by("a@example.org", "town")
    desk.publish("Bridge closes", "Town")
    desk.publish("Team wins", "Sport")
    desk.tick(6 * HOUR)
    desk.read_by("a@example.org", "town", "sport")
    desk.publish("Team loses", "Sport")
    desk.tick(DAY)
    titles = ("Bridge closes", "Team wins", "Team loses")
    found = count(desk.box.texts("a@example.org"), *titles)
    assert found == {"Bridge closes": 1, "Team wins": 0, "Team loses": 1}


def test_readers_with_other_choices_share_a_variant_where_they_get_the_same(desk: Desk) -> None:
    desk.read_by("a@example.org")
    desk.read_by("b@example.org", "town", "culture")
    desk.read_by("c@example.org", "town/council", "town/harbour")
    desk.read_by("d@example.org", "town/council")
    desk.read_by("e@example.org", "town/council", "sport", format="text")
    desk.publish("Council meets", "Town", "Council")
    desk.publish("New ferry", "Town", "Harbour")
    desk.tick(6 * HOUR)
    edition = desk.edition()
    assert edition is not None
    with desk.newsroom.store.read() as session:
        keys = [key for (key,) in session.query(Delivery.variant).order_by(Delivery.id)]
    variants = [(one.categories, one.format) for one in map(Variant.of, keys)]
    assert variants == [
        ((), "html"), ((), "html"), ((), "html"),
        (("town/council",), "html"), (("town/council",), "text"),
    ]  # fmt: skip
    assert [mail.get_content_type() for mail in desk.box.to("e@example.org")] == ["text/plain"]


def test_who_joins_while_an_edition_leaves_gets_it_only_if_it_is_sent_by_hand(desk: Desk) -> None:
    desk.read_by("a@example.org")
    desk.publish("Bridge closes")
    desk.tick(6 * HOUR)
    desk.read_by("b@example.org")
    desk.tick(HOUR)
    assert len(desk.box.letters) == 1
    edition = desk.edition()
    assert edition is not None
    desk.deliver(edition, everybody=True)
    assert [one.recipient for one in desk.box.letters] == ["a@example.org", "b@example.org"]
