"""What goes wrong holds up one edition, is said, and mends itself when it is over."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from publisher.delivery.transport import UnreachableError
from publisher.errors import TemplateError
from publisher.model import FrozenEdition
from tests.desk import DAY, HOUR, Desk, count, days, desk_of

TODAY = date(2024, 5, 2)


def test_a_broken_template_holds_up_its_edition_and_no_other(
    store_url: str, tmp_path: Path
) -> None:
    with desk_of(store_url, tmp_path, lists=[{"name": "one"}, {"name": "two"}]) as desk:
        template = desk.newsroom.config.path("email_templates") / "digest" / "body.txt"
        template.parent.mkdir(parents=True)
        template.write_text("@@UNSUBSCRIBE@@\n{% if list.name == 'one' %}{{ 1 / 0 }}{% endif %}")
        for name in ("one", "two"):
            desk.read_by("a@example.org", name=name)
        desk.publish("Bridge closes")
        edition = desk.cut(name="one")
        with pytest.raises(TemplateError, match=r"digest/body\.txt:2: division by zero"):
            desk.deliver(edition)
        desk.deliver(desk.cut(name="two"))
        assert len(desk.box.letters) == 1
        (waiting,) = desk.editions("one")
        assert (waiting.state, desk.states(waiting)) == ("cut", {})
        assert "body.txt:2: division by zero" in waiting.trouble
        template.write_text("fine: @@UNSUBSCRIBE@@")
        desk.deliver(waiting)
        (sent,) = desk.editions("one")
        assert (sent.state, sent.trouble) == ("sent", "")


def test_a_template_that_changes_while_letters_leave_changes_none_of_them(desk: Desk) -> None:
    for number in range(3):
        desk.read_by(f"r{number}@example.org", language="en" if number else "ar")
    desk.publish("Bridge closes")
    template = desk.newsroom.config.path("email_templates") / "digest" / "subject.txt"
    template.parent.mkdir(parents=True)

    def breaks(_sent: int) -> None:
        template.write_text("{{ nonsense }}")

    desk.box.before = breaks
    edition = desk.cut()
    desk.deliver(edition)
    assert desk.states(edition) == {"accepted": 3}


def test_a_server_that_is_away_is_the_editions_trouble_until_it_is_back(desk: Desk) -> None:
    desk.read_by("a@example.org")
    desk.publish("Bridge closes")
    desk.box.is_closed = True
    with pytest.raises(UnreachableError):
        desk.deliver(desk.cut())
    assert desk.editions()[0].trouble == "the box is closed"
    desk.box.is_closed = False
    desk.tick()
    (edition,) = desk.editions()
    assert (edition.state, edition.trouble) == ("sent", "")


def test_a_clock_that_jumps_back_sends_nothing_again_and_goes_on(desk: Desk) -> None:
    desk.read_by("a@example.org")
    desk.publish("Bridge closes")
    desk.tick(6 * HOUR)
    desk.tick(-3 * DAY)
    desk.publish("New ferry")
    desk.tick(HOUR)
    assert days(desk) == [(2, 2, "sent")]
    desk.tick(4 * DAY)
    assert [(last, state) for _, last, state in days(desk)] == [(2, "sent"), (3, "sent")]
    found = count(desk.box.texts("a@example.org"), "Bridge closes", "New ferry")
    assert found == {"Bridge closes": 1, "New ferry": 1}


def test_an_edition_says_what_was_stored_when_it_was_cut(desk: Desk) -> None:
    """Also if another program writes to an article before its letter is composed."""
    desk.read_by("a@example.org")
    bridge = desk.publish("Bridge closes")
    edition = desk.cut()
    with desk.newsroom.store.engine.begin() as connection:
        connection.execute(
            text("UPDATE article SET body = '<script>x</script><p>Other.</p>' WHERE id = :id"),
            {"id": bridge},
        )
    desk.deliver(edition)
    html = desk.box.to("a@example.org")[0].get_body(("html",))
    assert html is not None
    assert "Bridge closes in full." in html.get_content()
    assert "Other." not in html.get_content()


def test_an_edition_cut_by_an_early_version_is_still_sent(desk: Desk) -> None:
    desk.read_by("a@example.org")
    desk.publish("Bridge closes")
    edition = desk.cut()
    with desk.newsroom.store.write() as session:
        session.query(FrozenEdition).delete()
        edition = session.merge(edition)
        edition.position = edition.text_position = edition.first_date = None
    desk.deliver(edition)
    assert count(desk.box.texts("a@example.org"), "Bridge closes")["Bridge closes"] == 1
