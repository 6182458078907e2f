"""What a partner's page shows while articles and categories change: always what is true now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.pipeline.newsroom import Newsroom
from publisher.store import articles
from tests.embedding import FORMS, NEWS, day, embedded_newsroom, shown
from tests.sites import NOW, URL, Document, browser, counted_statements, sql, store, story, update


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with embedded_newsroom(tmp_path, store_url) as made:
        yield made


def retract(newsroom: Newsroom, slug: str, note: str = "Its source has taken it back.") -> None:
    sql(
        newsroom,
        "UPDATE article SET retracted = :now, retraction = :note WHERE slug = :slug",
        now=NOW.isoformat(sep=" "), note=note, slug=slug,
    )  # fmt: skip
    update(newsroom)


@pytest.mark.parametrize("form", FORMS)
def test_a_retracted_article_stands_as_withdrawn_where_it_stood(
    newsroom: Newsroom, form: str
) -> None:
    retract(newsroom, "s6")
    retract(newsroom, "s1")
    answer = browser(newsroom).get(f"/embed/{form}/")
    if form == "json":
        assert [one["title"] for one in answer.json()["items"]] == [
            f"Story {n}" for n in (7, 5, 4, 3, 2)
        ]
        (gone,) = answer.json()["_publisher"]["withdrawn"]
        assert gone["title"] == "Story 6"
        assert gone["note"] == "Its source has taken it back."
        assert gone["url"] == f"{URL}/articles/s6"
        return
    assert shown(browser(newsroom), f"/embed/{form}/") == [f"Story {n}" for n in (7, 6, 5, 4, 3, 2)]
    document = Document(answer.text)
    assert len(document.all("article", **{"class": "news-item withdrawn"})) == 1
    assert "This article was withdrawn. Its source has taken it back." in document.text
    # What had long left the window is not told of.
    assert "Story 1" not in document.text


def test_what_comes_back_is_an_article_again(newsroom: Newsroom) -> None:
    retract(newsroom, "s6")
    sql(newsroom, "UPDATE article SET retracted = NULL, retraction = NULL WHERE slug = 's6'")
    update(newsroom)
    html = browser(newsroom).get("/embed/fragment/").text
    assert "Story 6" in html
    assert "withdrawn" not in html


def test_a_withdrawal_is_told_in_each_selection_that_had_the_article(newsroom: Newsroom) -> None:
    retract(newsroom, "khabar")
    client = browser(newsroom)
    assert "withdrawn" in client.get("/embed/fragment/?tag=town-hall").text
    assert "withdrawn" in client.get(f"/embed/fragment/{NEWS}/?tag=town-hall&language=ar").text
    assert "withdrawn" not in client.get("/embed/fragment/?language=en").text
    assert "withdrawn" not in client.get("/embed/fragment/town/").text


def test_an_expired_article_leaves(newsroom: Newsroom) -> None:
    sql(
        newsroom, "UPDATE article SET expires = :then WHERE slug = 's7'",
        then=(NOW + timedelta(hours=1)).isoformat(sep=" "),
    )  # fmt: skip
    update(newsroom)
    assert "Story 7" in browser(newsroom).get("/embed/fragment/").text
    update(newsroom, NOW + timedelta(hours=2))
    html = browser(newsroom).get("/embed/fragment/").text
    assert "Story 7" not in html
    assert "withdrawn" not in html
    assert browser(newsroom).get("/embed/article/s7").status_code == 410


@pytest.mark.parametrize("form", FORMS)
def test_a_renamed_category_answers_by_its_new_address_and_a_removed_one_is_gone(
    newsroom: Newsroom, form: str
) -> None:
    sql(newsroom, "UPDATE category SET path = 'city', title = 'City' WHERE path = 'town'")
    sql(newsroom, "DELETE FROM article WHERE slug = 'illustrated'")
    sql(newsroom, "DELETE FROM category WHERE path = 'pictures'")
    update(newsroom)
    client = browser(newsroom)
    moved = client.get(f"/embed/{form}/town/?count=2&detail=full&theme=dark&heading=2")
    assert moved.status_code == 301
    own = {"fragment": "&heading=2&detail=full", "json": "&detail=full"}
    assert moved.headers["location"] == (
        f"/embed/{form}/city/?count=2{own.get(form, '&detail=full&theme=dark')}"
    )
    assert moved.headers["access-control-allow-origin"] == "*"
    assert shown(client, moved.headers["location"]) == ["Elsewhere"]
    gone = client.get(f"/embed/{form}/pictures/")
    assert gone.status_code == 410
    assert gone.headers["access-control-allow-origin"] == "*"


def test_a_wrong_topic_leads_nowhere_else(newsroom: Newsroom) -> None:
    sql(newsroom, "UPDATE category SET path = 'city' WHERE path = 'town'")
    update(newsroom)
    sql(newsroom, "INSERT INTO category (path, title) VALUES ('town', 'Town')")
    store(newsroom, story("New town", category=("Town",)), prefix="again")
    client = browser(newsroom)
    assert shown(client, "/embed/fragment/town/") == ["New town"]
    assert client.get("/embed/fragment/town/?tag=nope").status_code == 404


@pytest.mark.parametrize("form", FORMS)
def test_an_embed_is_cached_like_a_feed(newsroom: Newsroom, form: str) -> None:
    client, path = browser(newsroom), f"/embed/{form}/?count=2"
    first = client.get(path)
    assert "max-age=60" in first.headers["cache-control"]
    assert first.headers["access-control-allow-origin"] == "*"
    assert "ETag" in first.headers["access-control-expose-headers"]
    known = {"if-none-match": first.headers["etag"]}
    with counted_statements(newsroom) as seen:
        again = client.get(path, headers=known)
        # The same options in another order, and with what means nothing, are the same embed.
        other = client.get(f"/embed/{form}/?utm_source=x&heading=&count=2", headers=known)
    assert (again.status_code, other.status_code) == (304, 304)
    assert again.headers["access-control-allow-origin"] == "*"
    assert len(seen) <= 2, "at most a look at the end of the log"
    store(newsroom, story("Newer", **day(9)), prefix="b")
    fresh = browser(newsroom).get(path, headers=known)
    assert fresh.status_code == 200
    assert "Newer" in fresh.text


def test_one_article_has_a_frame_of_its_own(newsroom: Newsroom) -> None:
    retract(newsroom, "s6")
    client = browser(newsroom)
    document = Document(client.get("/embed/article/illustrated?detail=full").text)
    assert document.all("link", rel="canonical", href=f"{URL}/articles/illustrated")
    assert document.headings == ["h1 Illustrated", "h2 Illustrated", "h3 Below"]
    withdrawn = client.get("/embed/article/s6")
    assert withdrawn.status_code == 410
    assert "This article was withdrawn." in withdrawn.text
    assert "frame-ancestors *" in withdrawn.headers["content-security-policy"]
    assert client.get("/embed/article/nope").status_code == 404
    with newsroom.store.write() as session:
        (one,) = articles.by_ids(session, [1]).values()
        old, one.slug = one.slug, "another-name"
    update(newsroom)
    moved = browser(newsroom).get(f"/embed/article/{old}?theme=dark")
    assert moved.status_code == 301
    assert moved.headers["location"] == "/embed/article/another-name?theme=dark"


def test_an_article_that_is_not_clean_is_left_out_and_the_embed_is_not_kept(
    newsroom: Newsroom,
) -> None:
    sql(newsroom, "UPDATE article SET body = '<script>x()</script>' WHERE slug = 's7'")
    answer = browser(newsroom).get("/embed/fragment/")
    assert answer.headers["cache-control"] == "no-store"
    assert "Story 7" not in answer.text
    assert browser(newsroom).get("/embed/article/s7").status_code == 503
    update(newsroom)
    assert "Story 7" in browser(newsroom).get("/embed/fragment/").text
