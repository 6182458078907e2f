"""Readers find articles by their words, in any script, and nothing that is not public."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.errors import SlowSearchError
from publisher.model import Content, SearchRow
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.search_index import index
from publisher.pipeline.sequencer import sequence
from publisher.store import articles, feeds, search
from publisher.store.search import Limits, Place
from publisher.store.search_text import Entry
from publisher.syndication.selection import EVERYTHING
from publisher.terms import parse, words_of

NOW = datetime(2024, 5, 2, 12, 0, tzinfo=UTC)
CONTENT = Content(
    title="Story",
    body="<p>Text.</p>",
    published=NOW - timedelta(days=2),
    category=("Town", "Roads"),
    language="en",
)


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    config = {"root": tmp_path, "store": {"url": store_url}, "site": {"url": "https://n.example"}}
    with opened(Config.model_validate(config)) as made:
        sequence(made, NOW)  # which makes the feed of everything
        yield made


def store(newsroom: Newsroom, *contents: Content, prefix: str = "a") -> None:
    with newsroom.store.write() as session:
        writer = articles.Writer(session, "https://n.example", newsroom.config.site.zone, NOW)
        for number, content in enumerate(contents):
            writer.add(content, f"{prefix}/{number}")
    update(newsroom)


def update(newsroom: Newsroom, now: datetime = NOW) -> None:
    while sequence(newsroom, now):
        pass
    while index(newsroom):
        pass


def story(title: str, body: str = "", **values: Any) -> Content:
    return replace(CONTENT, title=title, body=f"<p>{body or 'Text.'}</p>", **values)


def found(newsroom: Newsroom, query: str, **values: Any) -> list[str]:
    with newsroom.store.read() as session:
        feed = feeds.find(session, [EVERYTHING])["everything", ""]
        limits = values.pop("limits", Limits())
        hits = search.find(session, parse(query), limits, feed.id, **values)
        stored = articles.by_ids(session, [hit.article_id for hit in hits])
        return [stored[hit.article_id].title for hit in hits]


def sql(newsroom: Newsroom, statement: str) -> None:
    with newsroom.store.engine.begin() as connection:
        connection.execute(text(statement))


def test_an_article_is_found_by_every_word_of_title_text_and_names(newsroom: Newsroom) -> None:
    content = story(
        "Bridge open", "The river is <b>high</b>.", authors=("Ada Lind",), tags=("floods",),
        summary="A short account", correction="It was Tuesday",
    )  # fmt: skip
    store(newsroom, content)
    for query in ("bridge", "OPEN", "river high", "lind", "floods", "account", "tuesday"):
        assert found(newsroom, query) == ["Bridge open"], query
    assert found(newsroom, "bridge closed") == []


def test_all_words_are_needed_and_a_phrase_stands_together(newsroom: Newsroom) -> None:
    store(newsroom, story("One", "the old pier"), story("Two", "the pier is old"))
    assert sorted(found(newsroom, "old pier")) == ["One", "Two"]
    assert found(newsroom, '"old pier"') == ["One"]
    assert found(newsroom, 'old -"old pier"') == ["Two"]


def test_a_star_finds_by_the_beginning_of_a_word(newsroom: Newsroom) -> None:
    store(newsroom, story("Budgets for all"))
    assert found(newsroom, "budg*") == ["Budgets for all"]
    assert found(newsroom, "budg") == []


def test_a_phrase_does_not_reach_from_the_title_into_the_text(newsroom: Newsroom) -> None:
    store(newsroom, story("New bridge", "Open to all."))
    assert found(newsroom, '"bridge open"') == []


@pytest.mark.parametrize(
    ("title", "queries"),
    [
        ("عبّارةٌ ليليةٌ تعودُ إلى الإبحار", ["عبارة", "الى", "ابحار", "الإبحار", "ليليه"]),
        ("كُتّاب وللأطفال في الميناء", ["كتاب", "ميناء", "بالميناء"]),
        ("Élections à Besançon, l’œuvre", ["elections", "besancon", "ÉLECTIONS", "oeuvre"]),
        ("İstanbul ve Iğdır", ["istanbul", "ISTANBUL", "ıgdir"]),
        ("Straßenbahn nach Łódź", ["strassenbahn", "lodz"]),
        ("東京タワーが開く", ["東京", "タワー", "京タ"]),
        ("부산에서 열린", ["부산"]),
        ("ท่าเรือกรุงเทพ", ["กรุงเทพ"]),
        ("Что нового в ёлке", ["елке", "НОВОГО"]),
    ],
)
def test_words_are_found_however_they_are_written(
    newsroom: Newsroom, title: str, queries: list[str]
) -> None:
    store(newsroom, story(title))
    for query in queries:
        assert found(newsroom, query) == [title], query


def test_those_with_the_words_in_their_title_come_first_then_the_newest(
    newsroom: Newsroom,
) -> None:
    day = timedelta(days=1)
    store(
        newsroom,
        story("Old text", "ferry", published=NOW - 9 * day),
        story("Ferry, old", published=NOW - 8 * day),
        story("New text", "ferry", published=NOW - day),
        story("Ferry, new", published=NOW - 2 * day),
    )
    wanted = ["Ferry, new", "Ferry, old", "New text", "Old text"]
    assert found(newsroom, "ferry") == wanted
    pages = []
    after = None
    for _ in range(5):
        with newsroom.store.read() as session:
            feed = feeds.find(session, [EVERYTHING])["everything", ""]
            query = parse("ferry")
            hits = search.find(session, query, Limits(), feed.id, after=after, limit=1)
            stored = articles.by_ids(session, [hit.article_id for hit in hits])
            pages += [stored[hit.article_id].title for hit in hits]
        after = Place(hits[-1].in_title, hits[-1].newness) if hits else after
    assert pages == wanted


def test_a_search_can_be_limited_to_a_category_and_to_days(newsroom: Newsroom) -> None:
    store(
        newsroom,
        story("Ferry one", published=NOW - timedelta(days=5)),
        story("Ferry two", category=("Sport",)),
    )
    with newsroom.store.read() as session:
        feed = feeds.find(session, [feeds.FeedName("category", "town")])["category", "town"].id
    assert found(newsroom, "ferry", limits=Limits(feed=feed)) == ["Ferry one"]
    limits = Limits(first=NOW - timedelta(days=6), end=NOW - timedelta(days=4))
    assert found(newsroom, "ferry", limits=limits) == ["Ferry one"]
    assert found(newsroom, "ferry", limits=Limits(first=NOW)) == []


def test_what_changes_is_found_as_it_is_now(newsroom: Newsroom) -> None:
    store(newsroom, story("Ferry sails", slug="ferry"))
    sql(newsroom, "UPDATE article SET title = 'Ship sails', category_id = 1")
    assert found(newsroom, "ferry") == ["Ship sails"], "until the index has caught up"
    update(newsroom)
    assert found(newsroom, "ferry") == []
    assert found(newsroom, "ship") == ["Ship sails"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE article SET retracted = '2024-05-01 00:00:00'",
        "UPDATE article SET expires = '2024-05-01 00:00:00'",
        "UPDATE article SET published = '2030-05-01 00:00:00'",
        "DELETE FROM article",
    ],
)
def test_what_is_not_public_any_more_leaves_the_index(newsroom: Newsroom, change: str) -> None:
    store(newsroom, story("Secret ferry"))
    sql(newsroom, change)
    update(newsroom)
    assert found(newsroom, "ferry") == []
    with newsroom.store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM search_text")).scalar() == 0


def test_what_is_not_public_is_not_found_before_the_index_knows(newsroom: Newsroom) -> None:
    store(newsroom, story("Secret ferry"))
    sql(newsroom, "UPDATE article SET retracted = '2024-05-01 00:00:00'")
    while sequence(newsroom, NOW):
        pass
    assert found(newsroom, "ferry") == []


def test_articles_of_one_second_are_all_kept(newsroom: Newsroom) -> None:
    with newsroom.store.write() as session:
        for article_id in (1, 1 + (1 << search.ID_BITS), 1 + (2 << search.ID_BITS)):
            entry = Entry(article_id, NOW, ("ferry",), (), ())
            search.put(session, [entry])
        rows = session.query(SearchRow).order_by(SearchRow.newness).all()
        first = search.number_of(NOW, 1)
        assert [row.newness for row in rows] == [first, first + 1, first + 2]


def test_a_search_that_takes_too_long_is_given_up(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(newsroom, *(story(f"Ferry {n}", "story") for n in range(400)))
    is_sqlite = newsroom.store.is_sqlite
    monkeypatch.setattr(search, "LONGEST_SECONDS", -1.0 if is_sqlite else 0.1)
    with newsroom.store.engine.begin() as other:
        if not is_sqlite:  # PostgreSQL is too quick for us, unless it has to wait for somebody
            other.execute(text("LOCK TABLE search_text IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(SlowSearchError):
            found(newsroom, "ferr* sto* -roads", limit=400)
    monkeypatch.undo()
    assert len(found(newsroom, "ferry", limit=400)) == 400, "the connection works as before"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=80) | st.text(alphabet="ab\"'*-:()^{}\\\0% ANDORNT", max_size=60))
def test_no_query_is_an_error(newsroom: Newsroom, query: str) -> None:
    if parse(query).wanted:
        found(newsroom, query)


@given(st.text())
def test_words_stand_where_they_were_taken_from(sample: str) -> None:
    last = 0
    for word in words_of(sample):
        assert last <= word.start < word.end <= len(sample)
        assert [again.text for again in words_of(sample[word.start : word.end])] == [word.text]
        last = word.end
