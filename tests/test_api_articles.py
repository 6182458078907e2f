"""A program writes and reads articles: what it sends is cleaned, kept apart and published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from publisher.pipeline.build import syndicate
from publisher.pipeline.newsroom import Newsroom
from tests.api import api_at, problem, program
from tests.sites import browser, counted_statements, sql, store, story


@pytest.fixture
def site(store_url: str, tmp_path: Path) -> Iterator[tuple[Newsroom, TestClient]]:
    with api_at(tmp_path, store_url) as made:
        yield made


@pytest.fixture
def newsroom(site: tuple[Newsroom, TestClient]) -> Newsroom:
    return site[0]


@pytest.fixture
def cms(site: tuple[Newsroom, TestClient]) -> TestClient:
    return site[1]


def publish(newsroom: Newsroom) -> str:
    """Publish what is due; the feed of everything."""
    syndicate(newsroom, datetime.now(UTC) + timedelta(seconds=1))
    return browser(newsroom).get("/feeds/atom.xml").text


def test_one_post_publishes_an_article(newsroom: Newsroom, cms: TestClient) -> None:
    answer = cms.post("articles", json={"title": "Ferry is late", "body": "<p>It was windy.</p>"})
    assert answer.status_code == 201
    told = answer.json()
    assert (told["outcome"], told["cleaned"]) == ("new", [])
    assert "Ferry is late" in publish(newsroom)
    again = cms.get(answer.headers["location"].rpartition("/v1/")[2])
    assert again.json() == told["article"]
    assert again.headers["etag"] == answer.headers["etag"]
    assert browser(newsroom).get(told["article"]["page"]).status_code == 200


def test_it_is_cleaned_and_says_of_what(newsroom: Newsroom, cms: TestClient) -> None:
    body = '<p onclick="x()">Hi <script>alert(1)</script><a href="javascript:x">there</a></p>'
    answer = cms.put("articles/a", json={"title": "A <b>bold</b> word", "body": body})
    told = answer.json()
    assert told["article"]["body"] == "<p>Hi <a>there</a></p>"
    assert told["article"]["title"] == "A bold word"
    assert {(one["field"], one["what"]) for one in told["cleaned"]} == {
        ("body", "onclick of <p> was removed"),
        ("body", "<script> was removed"),
        ("body", "href of <a> was removed"),
        ("title", "markup, entities or unusable characters were taken out"),
    }
    assert "alert" not in publish(newsroom)


def test_the_same_put_again_changes_nothing(cms: TestClient) -> None:
    article = {"title": "Ferry", "published": "2018-02-15", "sources": ["Harbour", {"name": "B"}]}
    first, second = (cms.put("articles/ferry:1", json=article) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["outcome"] == "same"
    assert second.json()["article"] == first.json()["article"]
    assert first.headers["etag"] == second.headers["etag"]


def test_an_update_keeps_date_category_and_note_where_it_does_not_say(cms: TestClient) -> None:
    first = {
        "title": "Ferry", "published": "2018-02-15T09:00:00+02:00", "category": ["Town", "Harbour"],
        "language": "pt-BR", "tags": ["sea"],
    }  # fmt: skip
    cms.put("articles/f", json=first)
    cms.post("articles/f/correction", json={"note": "It was Tuesday."})
    answer = cms.put("articles/f", json={"title": "Ferries"}).json()
    article = answer["article"]
    assert answer["outcome"] == "edited"
    assert article["published"] == "2018-02-15T07:00:00Z"
    assert (article["category"], article["category_path"]) == (["Town", "Harbour"], "town/harbour")
    assert (article["language"], article["correction"]) == ("pt-BR", "It was Tuesday.")
    assert (article["tags"], article["revision"]) == ([], 3)


def test_two_writers_do_not_write_over_each_other(cms: TestClient) -> None:
    etag = cms.put("articles/a", json={"title": "One"}).headers["etag"]
    mine = cms.put("articles/a", json={"title": "Two"}, headers={"if-match": etag})
    assert mine.status_code == 200
    theirs = cms.put("articles/a", json={"title": "Three"}, headers={"if-match": etag})
    assert problem(theirs, 412)["type"].endswith("#edited-meanwhile")
    note = cms.post("articles/a/correction", json={"note": "x"}, headers={"if-match": etag})
    problem(note, 412)
    assert cms.get("articles/a").json()["title"] == "Two"
    problem(cms.put("articles/a", json={"title": "x"}, headers={"if-none-match": "*"}), 412)
    problem(cms.put("articles/new", json={"title": "x"}, headers={"if-match": "*"}), 412)
    problem(cms.put("articles/a", json={"title": "x"}, headers={"if-match": f"W/{etag}"}), 412)


def test_an_article_that_is_known_is_not_sent_again(cms: TestClient) -> None:
    etag = cms.put("articles/a", json={"title": "One"}).headers["etag"]
    answer = cms.get("articles/a", headers={"if-none-match": f'"other", W/{etag}'})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag


def test_a_key_makes_a_post_safe_to_repeat(newsroom: Newsroom, cms: TestClient) -> None:
    key = {"idempotency-key": "one"}
    answers = [cms.post("articles", json={"title": "Ferry"}, headers=key) for _ in range(3)]
    assert [one.status_code for one in answers] == [201, 201, 201]
    assert len({one.json()["article"]["id"] for one in answers}) == 1
    other = cms.post("articles", json={"title": "Tram"}, headers=key)
    assert problem(other, 422)["type"].endswith("#key-reused")
    elsewhere = program(newsroom).post("articles", json={"title": "Ferry"}, headers=key)
    assert elsewhere.json()["article"]["id"] != answers[0].json()["article"]["id"]
    assert len(cms.get("articles").json()["items"]) == 2


def test_a_key_is_forgotten_in_time(newsroom: Newsroom, cms: TestClient) -> None:
    key = {"idempotency-key": "one"}
    first = cms.post("articles", json={"title": "Ferry"}, headers=key).json()
    sql(newsroom, "UPDATE keyed_request SET at = '2001-01-01 00:00:00.000000+00:00'")
    second = cms.post("articles", json={"title": "Ferry"}, headers=key).json()
    assert first["article"]["id"] != second["article"]["id"]


def test_an_article_of_that_name_is_not_made_twice(cms: TestClient) -> None:
    cms.post("articles", json={"title": "Ferry", "external_id": "f"})
    again = cms.post("articles", json={"title": "Ferry", "external_id": "f"})
    assert problem(again, 409)["type"].endswith("#exists")


def test_a_correction_and_a_retraction_reach_the_feed(newsroom: Newsroom, cms: TestClient) -> None:
    cms.put("articles/a", json={"title": "Ferry", "body": "<p>x</p>"})
    publish(newsroom)
    corrected = cms.post("articles/a/correction", json={"note": "It was Tuesday."})
    assert corrected.json()["correction"] == "It was Tuesday."
    assert "It was Tuesday." in publish(newsroom)
    gone = cms.post("articles/a/retraction", json={"note": "It is not true."})
    assert gone.json()["retraction"] == "It is not true."
    assert "deleted-entry" in publish(newsroom)
    for again in (
        cms.put("articles/a", json={"title": "Ferry"}),
        cms.post("articles/a/retraction", json={"note": "x"}),
        cms.post("articles/a/correction", json={"note": "x"}),
    ):
        assert problem(again, 409)["type"].endswith("#retracted")


def test_the_same_note_again_is_no_second_correction(cms: TestClient) -> None:
    cms.put("articles/a", json={"title": "Ferry"})
    for kind in ("correction", "retraction"):
        note = {"note": f"This is a  {kind}."}
        answers = [cms.post(f"articles/a/{kind}", json=note) for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        assert answers[0].json()["revision"] == 2


def test_a_list_asks_as_little_whatever_the_categories(newsroom: Newsroom, cms: TestClient) -> None:
    titles = [(f"Part {n}", "Inner", f"Corner {n}") for n in range(30)]
    store(newsroom, *(story(f"S {n}", slug=f"s{n}", category=c) for n, c in enumerate(titles)))
    cms.get("articles")
    with counted_statements(newsroom) as statements:
        assert len(cms.get("articles", params={"limit": 30}).json()["items"]) == 30
    assert len(statements) <= 6, statements


def test_categories_that_go_round_in_a_circle_hold_nothing_up(
    newsroom: Newsroom, cms: TestClient
) -> None:
    cms.put("articles/a", json={"title": "Ferry", "category": ["Town", "Harbour"]})
    sql(newsroom, "UPDATE category SET parent_id = (SELECT max(id) FROM category)")
    assert cms.put("articles/a", json={"title": "Ferries"}).status_code == 200
    assert cms.get("articles").status_code == 200


def test_every_field_that_is_wrong_is_named(cms: TestClient) -> None:
    wrong = {"titel": "x", "published": "2018-02-30", "media": [{"url": "x"}, {"alt": "y"}]}
    told = problem(cms.put("articles/a", json=wrong), 422)
    assert {one["pointer"]: one["detail"] for one in told["errors"]} == {
        "#/titel": "There is no such field here.",
        "#/published": "there is no such date or time",
        "#/media/1/url": "Field required",
    }
    nothing = problem(cms.put("articles/a", json={"body": "<script>x</script>"}), 422)
    assert nothing["errors"][0]["pointer"] == "#/body"
    assert cms.get("articles").json()["items"] == []


@pytest.mark.parametrize(
    "field", ["id", "uid", "revision", "retracted", "seal", "page", "updated", "key"]
)
def test_what_is_not_theirs_to_set_is_refused(cms: TestClient, field: str) -> None:
    told = problem(cms.put("articles/a", json={"title": "x", field: "1"}), 422)
    assert told["errors"] == [{"detail": "There is no such field here.", "pointer": f"#/{field}"}]


def test_a_list_is_read_page_by_page_while_others_write(
    newsroom: Newsroom, cms: TestClient
) -> None:
    days = [datetime(2018, 2, 1, tzinfo=UTC) + timedelta(days=n // 2) for n in range(25)]
    store(newsroom, *(story(f"Old {n}", slug=f"o{n}", published=d) for n, d in enumerate(days)))
    seen: list[int] = []
    cursor, number = "", 0
    while cursor is not None:
        page = cms.get("articles", params={"limit": 4, **({"cursor": cursor} if cursor else {})})
        seen += [one["id"] for one in page.json()["items"]]
        cursor, number = page.json()["next"], number + 1
        cms.put(f"articles/new-{number}", json={"title": f"New {number}"})
    assert len(seen) == len(set(seen)) == 25


def test_a_list_is_of_a_category_or_a_time(newsroom: Newsroom, cms: TestClient) -> None:
    store(
        newsroom,
        story("Old", slug="old", published=datetime(2017, 1, 1, tzinfo=UTC)),
        story(
            "Mid", slug="mid", published=datetime(2018, 1, 1, tzinfo=UTC), category=("Town", "A")
        ),
        story("New", slug="new", published=datetime(2019, 1, 1, tzinfo=UTC), category=("Town",)),
    )

    def titles(**params: str) -> list[str]:
        return [one["title"] for one in cms.get("articles", params=params).json()["items"]]

    assert titles() == ["New", "Mid", "Old"]
    assert titles(category="town") == ["New", "Mid"]
    assert titles(category="town/a") == ["Mid"]
    assert titles(since="2018-01-01", until="2019-01-01") == ["Mid"]
    told = problem(cms.get("articles", params={"limit": "0", "since": "yesterday"}), 422)
    assert {one["parameter"] for one in told["errors"]} == {"limit", "since"}
    problem(cms.get("articles?limit=1&limit=2"), 422)
    problem(cms.get("articles?offset=1"), 422)
    for cursor in ("x", "W10", "WzEsMl0", "WyIyMDE4IiwgMV0", "WyIyMDE4LTAxLTAxIiwgMV0"):
        problem(cms.get("articles", params={"cursor": cursor}), 422)


def test_what_another_program_wrote_is_shown_clean(newsroom: Newsroom, cms: TestClient) -> None:
    store(newsroom, story("Mine", slug="mine"))
    number = cms.get("articles").json()["items"][0]["id"]
    sql(
        newsroom, "UPDATE article SET external_id = 'a path/x', body = :b", b="<p onclick='x'>y</p>"
    )
    shown = cms.get(f"articles/~{number}").json()
    assert (shown["body"], shown["key"]) == ("<p>y</p>", f"~{number}")
    sql(newsroom, "UPDATE article SET sources = '[3]', authors = '[7]'")
    broken = cms.get("articles").json()["items"][0]
    assert broken["body"] == ""
    assert "sources" in broken["trouble"]
    told = cms.post(f"articles/~{number}/correction", json={"note": "x"})
    assert problem(told, 409)["type"].endswith("#unreadable")
    mended = cms.put(f"articles/~{number}", json={"title": "Mended", "sources": ["Town Hall"]})
    assert mended.json()["article"]["trouble"] is None
    assert mended.json()["article"]["external_id"] == "a path/x"
    problem(cms.put("articles/~999999999", json={"title": "x"}), 404)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(keys=st.lists(st.integers(0, 3), min_size=1, max_size=9), salt=st.uuids())
def test_however_often_a_key_comes_it_makes_one_article(
    cms: TestClient, keys: list[int], salt: object
) -> None:
    made: dict[int, int] = {}
    for key in keys:
        headers = {"idempotency-key": f"{salt}/{key}"}
        answer = cms.post("articles", json={"title": f"Story {key}"}, headers=headers)
        number = answer.json()["article"]["id"]
        assert made.setdefault(key, number) == number
    assert len(set(made.values())) == len(made)


texts = st.text(max_size=60)
drafts = st.fixed_dictionaries(
    {"title": texts.filter(lambda t: any(c.isalnum() and c.isascii() for c in t))},
    optional={
        "body": texts, "summary": texts, "published": st.sampled_from(["2018-02-15", "2020-01-01"]),
        "tags": st.lists(st.text(min_size=1, max_size=9), max_size=3),
        "category": st.lists(st.sampled_from(["Town", "feeds", "2018", "!"]), max_size=3),
    },
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draft=drafts)
def test_what_a_put_has_stored_a_put_finds_unchanged(cms: TestClient, draft: Any) -> None:
    first = cms.put("articles/one", json=draft)
    assert first.status_code in (200, 201), first.text
    second = cms.put("articles/one", json=draft)
    assert second.json()["outcome"] == "same"
    assert second.headers["etag"] == first.headers["etag"]
