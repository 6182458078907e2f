"""An edition stands on the web as it was sent, with what has been said about it since."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path

import feedparser
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from publisher.newsletter.edition import Contents
from publisher.newsletter.frozen import freeze, thaw
from publisher.pipeline import editions
from publisher.pipeline.build import build
from publisher.pipeline.web_editions import WebEdition, web_edition, web_editions
from publisher.render.view import ArticleView
from tests.desk import DAY, HOUR, NOON, Desk
from tests.factories import article_view
from tests.test_corrections import correction

TODAY = date(2024, 5, 2)


def page(desk: Desk, day: date = TODAY) -> WebEdition:
    found = web_edition(desk.newsroom, desk.the_list(), day)
    assert found is not None
    return found


def sent_today(desk: Desk, *titles: str) -> list[int]:
    desk.read_by("a@example.org")
    ids = [desk.publish(title, at=NOON - n * HOUR) for n, title in enumerate(titles)]
    desk.tick(6 * HOUR)
    return ids


def feed(desk: Desk, name: str = "atom.xml") -> str:
    desk.sequence()
    build(desk.newsroom)
    return (desk.newsroom.config.path("feeds") / "editions" / "daily" / name).read_text("utf-8")


def test_an_edition_stays_as_it_was_sent_whatever_happens_to_its_articles(desk: Desk) -> None:
    first, second = sent_today(desk, "Bridge closes", "Team wins")
    before = page(desk)
    with desk.newsroom.store.engine.begin() as connection:
        connection.execute(
            text("UPDATE article SET title = 'Other', body = '<p>Other</p>' WHERE id = :id"),
            {"id": first},
        )
        connection.execute(text("DELETE FROM article WHERE id = :id"), {"id": second})
    desk.sequence()
    assert page(desk) == before
    assert before.subject == "Daily digest, Thursday, 2 May 2024: Bridge closes and one more"
    assert before.url == "https://news.example/editions/daily/2024-05-02/"
    assert [one.title for group in before.groups for one in group.articles] == [
        "Bridge closes", "Team wins",
    ]  # fmt: skip
    assert before.contents.articles[0].body == "<p>Bridge closes in full.</p>"
    assert before.notes == {}


def test_it_says_which_of_its_articles_were_corrected_and_retracted_since(desk: Desk) -> None:
    bridge, wins, _ = sent_today(desk, "Bridge closes", "Team wins", "New ferry")
    before = page(desk)
    desk.correct(bridge, "It closes at nine.")
    desk.correct(bridge, "It closes at ten.")
    desk.retract(wins, "There was no match.")
    after = page(desk)
    assert after.contents == before.contents
    assert {one.title: (one.kind, one.note) for one in after.notes.values()} == {
        "Bridge closes": ("correction", "It closes at ten."),
        "Team wins": ("retraction", "There was no match."),
    }
    assert set(after.notes) < {one.uid for one in after.contents.articles}


def test_the_next_edition_keeps_the_corrections_that_it_carried(desk: Desk) -> None:
    (bridge,) = sent_today(desk, "Bridge closes")
    desk.correct(bridge, "It closes at ten.")
    desk.publish("New ferry")
    desk.tick(DAY)
    (told,) = page(desk, TODAY + DAY).contents.corrections
    assert (told.title, told.note) == ("Bridge closes", "It closes at ten.")


def test_what_is_not_sent_is_not_on_the_web(desk: Desk) -> None:
    one = desk.the_list()
    desk.read_by("a@example.org")
    assert web_edition(desk.newsroom, one, TODAY) is None
    desk.publish("Bridge closes")
    edition = desk.cut()
    assert web_edition(desk.newsroom, one, TODAY) is None, "it has no subject yet"
    editions.stop(desk.newsroom, one, TODAY, desk.now)
    assert web_edition(desk.newsroom, one, TODAY) is None
    editions.resume(desk.newsroom, one, TODAY, desk.now)
    desk.deliver(edition)
    assert web_edition(desk.newsroom, one, TODAY) is not None
    desk.tick(DAY)
    assert web_edition(desk.newsroom, one, TODAY + DAY) is None, "an empty day has no page"


def test_editions_know_those_beside_them(desk: Desk) -> None:
    sent_today(desk, "Story 1")
    for number in (2, 3):
        desk.publish(f"Story {number}")
        desk.tick(2 * DAY)
    beside = [(page(desk, day).before, page(desk, day).after) for day in (TODAY, TODAY + 2 * DAY)]
    assert beside == [(None, TODAY + 2 * DAY), (TODAY, TODAY + 4 * DAY)]
    links = web_editions(desk.newsroom, desk.the_list(), 2)
    assert [(link.dates.first, link.dates.last) for link in links] == [
        (TODAY + 3 * DAY, TODAY + 4 * DAY), (TODAY + DAY, TODAY + 2 * DAY),
    ]  # fmt: skip
    assert links[0].subject == "Daily digest, 5–6 May 2024: Story 3"


def test_editions_are_a_feed(desk: Desk) -> None:
    bridge, _ = sent_today(desk, "Bridge & roads", "Team wins")
    first = feed(desk)
    desk.publish("New ferry")
    desk.tick(DAY)
    parsed = feedparser.parse(feed(desk))
    assert not parsed.bozo
    assert [one.title for one in parsed.entries] == [
        "Daily digest, Friday, 3 May 2024: New ferry",
        "Daily digest, Thursday, 2 May 2024: Bridge & roads and one more",
    ]
    assert parsed.entries[1].link == "https://news.example/editions/daily/2024-05-02/"
    assert parsed.entries[1].summary == "Bridge & roads · Team wins"
    assert parsed.entries[1].id == feedparser.parse(first).entries[0].id
    desk.correct(bridge, "It closes at ten.")
    again = feedparser.parse(feed(desk))
    assert "It closes at ten." in again.entries[1].content[0].value
    assert again.entries[1].updated > parsed.entries[1].updated
    assert again.entries[0] == parsed.entries[0]
    assert len({one.updated for one in again.entries}) == 2
    assert json.loads(feed(desk, "feed.json"))["items"][1]["id"] == parsed.entries[1].id
    folder = desk.newsroom.config.path("feeds")
    assert "/feeds/editions/daily/atom.xml" in (folder / "index.html").read_text("utf-8")
    assert "Bridge &amp; roads" in (folder / "editions" / "daily" / "index.html").read_text("utf-8")


def test_a_feed_of_editions_is_written_only_when_it_changes(desk: Desk) -> None:
    sent_today(desk, "Bridge closes")
    feed(desk)
    assert build(desk.newsroom) == []
    assert build(desk.newsroom, every=True) == []
    desk.publish("New ferry")
    desk.sequence()
    assert not [name for name in build(desk.newsroom) if name.startswith("editions/")]


def test_a_list_that_was_renamed_keeps_its_feed_readable(desk: Desk) -> None:
    sent_today(desk, "Bridge closes")
    config = desk.newsroom.config.model_copy(update={"lists": ()})
    desk.newsroom = type(desk.newsroom)(
        config, desk.newsroom.store, desk.newsroom.templates, desk.newsroom.transport
    )
    assert "Bridge closes" in feed(desk)


lines = st.text(max_size=20)


@given(lines, lines, st.lists(lines, max_size=3), st.booleans())
def test_what_is_frozen_thaws_to_the_same(
    title: str, body: str, names: list[str], has_note: bool
) -> None:
    view = article_view(
        title=title, slug="a", body=body, tags=names, authors=names,
        sources=[{"name": name, "url": f"https://x.example/{n}"} for n, name in enumerate(names)],
        media=[{"url": "https://x.example/i.png", "type": "image/png", "size": 3}],
        correction=title if has_note else None,
        updated=NOON + timedelta(microseconds=5) if has_note else None,
    )  # fmt: skip
    contents = Contents((view,), (correction("town", ("a", "b"), ()),), "summary")
    assert thaw(freeze(contents)) == contents
    assert type(thaw(freeze(contents)).articles[0].body) is type(view.body)


def test_what_an_earlier_version_froze_can_still_be_read() -> None:
    contents = Contents((article_view(),))
    import zlib

    plain = json.loads(zlib.decompress(freeze(contents)))
    for name in ("aliases", "tags", "correction", "title_derived"):
        plain["articles"][0].pop(name, None)
    plain["articles"][0]["of a later version"] = 1
    del plain["content"]
    thawed = thaw(zlib.compress(json.dumps(plain).encode()))
    assert thawed == contents
    assert {one.name for one in fields(ArticleView)} >= {"tags", "correction"}


def test_the_folder_of_feeds_holds_nothing_else_of_editions(desk: Desk) -> None:
    sent_today(desk, "Bridge closes")
    feed(desk)
    folder = Path(desk.newsroom.config.path("feeds")) / "editions" / "daily"
    names = {file.name for file in folder.iterdir() if file.suffix not in (".gz", ".br")}
    assert names == {"atom.xml", "rss.xml", "feed.json", "index.html"}
