"""An article as a visitor reads it, and what stands in the place of one that is not public."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from publisher.model import Medium, Source
from publisher.pipeline.newsroom import Newsroom
from tests.sites import (
    NOW,
    URL,
    Document,
    browser,
    fresh,
    newsroom_at,
    page,
    sql,
    store,
    story,
    update,
)

DAY = datetime(2018, 2, 15, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, store_url) as made:
        yield made


@pytest.fixture
def client(newsroom: Newsroom) -> TestClient:
    return browser(newsroom)


def test_an_article_has_everything_that_belongs_to_it(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(
        newsroom,
        story("Before", published=DAY - HOUR),
        story(
            "Bridge & river", slug="bridge", summary="It is open.", body="<h2>How</h2><p>Well.</p>",
            sources=(Source("Town Hall"), Source("Agencies", "https://agencies.example/")),
            authors=("A. Writer", "B. Writer"), tags=("bridges",), correction="It was Tuesday.",
            media=(Medium("https://example.org/b.png", "image/png", "The bridge", 1, 30, 40),),
        ),
        story("After", published=DAY + HOUR),
    )  # fmt: skip
    answer = client.get("/articles/bridge")
    document = Document(answer.text)
    for words in (
        "It is open.", "Town Hall + Agencies", "A. Writer, B. Writer", "bridges", "Thursday, 15",
        "Correction: It was Tuesday.", "Next article After", "Previous article Before",
        "Home › Media Center › Coalition News › Bridge & river", "09:00",
    ):  # fmt: skip
        assert words in document.text, words
    assert document.headings[:2] == ["h1 Bridge & river", "h2 How"]
    assert document.all("img", src="https://example.org/b.png", alt="The bridge")
    assert document.all("link", rel="canonical", href=f"{URL}/articles/bridge")
    for name in ("og:title", "og:description", "og:url", "og:image", "article:published_time"):
        assert document.all("meta", property=name), name


def test_an_article_tells_programs_what_it_is(newsroom: Newsroom, client: TestClient) -> None:
    bad = "</script><script>alert(1)</script><!--"
    store(newsroom, story("x", slug="x"))
    sql(newsroom, "UPDATE article SET title = :bad, tags = :tags", bad="Fine", tags='["a&b"]')
    update(newsroom)
    store(newsroom, story("Ampersand & Co", slug="b", authors=("O’Neill <o>",)), prefix="b")
    html = browser(newsroom).get("/articles/b").text
    (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    article, crumbs = json.loads(data)["@graph"]
    assert article["@type"] == "NewsArticle"
    assert article["headline"] == "Ampersand & Co"
    assert article["author"] == [{"@type": "Person", "name": "O’Neill <o>"}]
    assert article["datePublished"] == "2018-02-15T09:00:00+00:00"
    assert crumbs["itemListElement"][1]["item"] == f"{URL}/media-center/"
    assert bad not in html
    assert not re.search(r"[<>&]", data)


def test_a_page_is_in_the_language_and_direction_of_what_it_shows(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, story("خبر", slug="khabar", language="ar"))
    article = page(client, "/articles/khabar")
    assert article.all("html", lang="ar", dir="rtl")
    assert "الرئيسية › Media Center" in article.text
    front = page(client, "/")
    assert front.all("html", lang="en", dir="ltr")
    assert front.all("article", lang="ar", dir="rtl")


def test_translations_know_each_other(newsroom: Newsroom, client: TestClient) -> None:
    key = {"translation_key": "ferry"}
    store(newsroom, story("Ferry", slug="en", **key), story("Alone", slug="alone"))
    assert not page(client, "/articles/en").all("link", hreflang="en")
    store(newsroom, story("عبارة", slug="ar", language="ar", **key), prefix="b")
    for slug in ("en", "ar"):
        document = fresh(newsroom, f"/articles/{slug}")
        for language in ("en", "ar"):
            address = f"{URL}/articles/{language}"
            assert document.all("link", rel="alternate", hreflang=language, href=address)
    assert "In other languages: العربية" in fresh(newsroom, "/articles/en").text
    sql(newsroom, "UPDATE article SET translation_key = NULL WHERE slug = 'ar'")
    update(newsroom)
    assert not fresh(newsroom, "/articles/en").all("link", hreflang="ar")


def test_what_is_not_public_yet_is_not_there(newsroom: Newsroom, client: TestClient) -> None:
    store(newsroom, story("Secret", slug="secret", published=NOW + HOUR, category=("Plans",)))
    for path in ("/articles/secret", "/plans/", "/2024/05/02/"):
        assert "Secret" not in page(client, path, 404).text
    update(newsroom, NOW + 2 * HOUR)
    assert "Secret" in fresh(newsroom, "/articles/secret").text
    assert "Secret" in fresh(newsroom, "/plans/").text


def test_what_has_expired_is_gone(newsroom: Newsroom, client: TestClient) -> None:
    store(newsroom, story("Sale", slug="sale", expires=NOW + HOUR))
    assert "Sale" in page(client, "/articles/sale").text
    update(newsroom, NOW + 2 * HOUR)
    assert "no longer here" in fresh(newsroom, "/articles/sale", 410).text


def test_what_was_withdrawn_says_why_and_nothing_of_what_it_said(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, story("Wrong", slug="wrong", body="<p>Slander.</p>"))
    zone = "" if newsroom.store.is_sqlite else "+00"
    sql(
        newsroom,
        f"UPDATE article SET retracted = '2024-05-01 12:00:00{zone}', retraction = 'The <b>source'",
    )
    update(newsroom)
    document = fresh(newsroom, "/articles/wrong", 410)
    assert "This article was withdrawn. Wednesday, 1 May 2024 The <b>source" in document.text
    assert "Slander" not in document.text
    assert document.all("meta", name="robots", content="noindex")
    assert "Wrong" not in fresh(newsroom, "/").text


def test_what_was_withdrawn_before_anybody_saw_it_was_never_there(newsroom: Newsroom) -> None:
    store(newsroom, story("Plan", slug="plan", published=NOW + HOUR))
    sql(newsroom, "UPDATE article SET retracted = '2024-05-01 00:00:00'")
    update(newsroom, NOW + 2 * HOUR)
    assert "Plan" not in fresh(newsroom, "/articles/plan", 404).text


def test_what_another_program_has_written_is_not_shown_before_it_is_cleaned(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, story("Fine", slug="fine"), story("Other", slug="other"))
    hostile = "UPDATE article SET body = '<script>alert(1)</script>', title = 'Evil' WHERE id = 1"
    sql(newsroom, hostile)
    other = fresh(newsroom, "/articles/other").text
    assert "Evil" not in other
    answer = browser(newsroom).get("/articles/fine")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    for path in ("/", "/media-center/2018/02/15/", "/search?q=fine"):
        answer = browser(newsroom).get(path)
        assert answer.status_code == 200
        assert "alert" not in answer.text
        assert answer.headers["cache-control"] == "no-store"
    update(newsroom)
    cleaned = fresh(newsroom, "/articles/fine")
    assert "Evil" in cleaned.text
    assert "alert" not in cleaned.text


def test_a_row_that_makes_no_sense_takes_no_page_down(newsroom: Newsroom) -> None:
    store(newsroom, story("Fine", slug="fine"), story("Odd", slug="odd"))
    sql(newsroom, "UPDATE article SET sources = '[3]' WHERE slug = 'odd'")
    assert "Fine" in fresh(newsroom, "/").text
    assert browser(newsroom).get("/articles/odd").status_code == 503
    update(newsroom)
    assert "Odd" not in fresh(newsroom, "/").text
    assert browser(newsroom).get("/articles/odd").status_code == 404
