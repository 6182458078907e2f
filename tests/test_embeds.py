"""What partners are given: the newest of what they chose, who it is from, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from publisher.pipeline.newsroom import Newsroom
from publisher.web.app import application
from tests.embedding import FORMS, NEWS, embedded_newsroom, shown
from tests.feed_rules import RULES
from tests.sites import (
    NOW,
    URL,
    Document,
    browser,
    counted_statements,
    newsroom_at,
    store,
    story,
)


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with embedded_newsroom(tmp_path, store_url) as made:
        yield made


@pytest.fixture
def client(newsroom: Newsroom) -> TestClient:
    return browser(newsroom)


@pytest.mark.parametrize("form", FORMS)
def test_an_embed_shows_the_newest_of_what_was_chosen(client: TestClient, form: str) -> None:
    here = f"/embed/{form}/"
    assert shown(client, here) == [f"Story {n}" for n in (7, 6, 5, 4, 3)]
    assert shown(client, f"{here}?count=1") == ["Story 7"]
    assert shown(client, f"{here}town/") == ["Elsewhere"]
    assert len(shown(client, f"{here}media-center/?count=50")) == 10
    assert shown(client, f"{here}?tag=Town+Hall") == ["Tagged", "خبر"]
    assert shown(client, f"{here}{NEWS}/?tag=town-hall&language=AR") == ["خبر"]
    assert shown(client, f"{here}town/?language=ar") == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("?count=0", 400, "count: a number from 1 to 50"), ("?count=51", 400, "count"),
        ("?count=٣", 400, "count"), ("?heading=6", 400, "heading: a number from 2 to 5"),
        ("?images=perhaps", 400, "images: one of yes, no"), ("?detail=x", 400, "detail"),
        ("?theme=x", 400, "theme"), ("?accent=red", 400, "accent: a colour"),
        ("?count=x&theme=y", 400, "theme"), ("?tag=%2F", 400, "tag"),
        ("?tag=nope", 404, "There is no tag nope here."), ("?language=xx", 404, "language xx"),
        ("nope/", 404, "There is no category nope here."), ("town//", 404, ""), ("%00/", 404, ""),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_told_in_words(
    client: TestClient, form: str, path: str, status: int, says: str
) -> None:
    answer = client.get(f"/embed/{form}/{path}")
    assert answer.status_code == status
    assert says in answer.text
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_title_has_the_level_that_was_chosen_and_headings_go_below_it(client: TestClient) -> None:
    html = client.get("/embed/fragment/pictures/?heading=4&detail=full").text
    assert re.findall(r"<h(\d)", html) == ["4", "5"]
    frame = client.get("/embed/frame/pictures/?heading=4&detail=full").text
    assert re.findall(r"<h(\d)", frame) == ["1", "2", "3"]


def test_an_embed_says_as_much_of_an_article_as_was_chosen(client: TestClient) -> None:
    full, summary, headline = (
        Document(client.get(f"/embed/fragment/pictures/?detail={detail}").text).text
        for detail in ("full", "summary", "headline")
    )
    assert "Before Cap" in full.replace("Cap", " Cap ").replace("  ", " ")
    assert "Read on" in summary
    assert "Read on" not in headline
    assert "Before" not in headline
    for text in (full, summary):
        assert "Correction: It was red." in text
    for text in (full, summary, headline):
        assert text.startswith("Illustrated")
        assert text.endswith("Published by Pictures – Harbour Post")


@pytest.mark.parametrize("form", FORMS)
def test_without_pictures_there_are_none_and_no_caption(client: TestClient, form: str) -> None:
    path = f"/embed/{form}/pictures/?detail=full"
    with_them, without = client.get(path).text, client.get(f"{path}&images=no").text
    assert "a.png" in with_them
    assert "b.png" in with_them
    assert "Cap" in with_them
    for gone in ("png", "Cap", "<img", "figure", "A > b"):
        assert gone not in without
    assert "After" in without


@pytest.mark.parametrize("form", FORMS)
def test_where_it_is_from_and_its_one_address_always_stand_there(
    client: TestClient, form: str
) -> None:
    for detail in ("full", "summary", "headline"):
        answer = client.get(f"/embed/{form}/{NEWS}/?count=1&detail={detail}")
        assert f"{URL}/articles/s7" in answer.text
        assert f"{URL}/{NEWS}/" in answer.text
        assert "Coalition News – Harbour Post" in answer.text
    if form == "frame":
        assert Document(answer.text).all("link", rel="canonical", href=f"{URL}/{NEWS}/")
    else:
        assert answer.headers["link"] == f'<{URL}/{NEWS}/>; rel="canonical"'


@pytest.mark.parametrize("form", FORMS)
def test_each_article_keeps_its_language_and_direction(client: TestClient, form: str) -> None:
    answer = client.get(f"/embed/{form}/?tag=town-hall")
    assert answer.headers["content-language"] == "en"
    if form == "json":
        assert [one["language"] for one in answer.json()["items"]] == ["en", "ar"]
        assert 'lang="ar" dir="rtl"' in answer.json()["items"][1]["content_html"]
    else:
        level = "h2" if form == "frame" else "h3"
        assert len(Document(answer.text).all(level, lang="ar", dir="rtl")) == 1
        arabic = client.get(f"/embed/{form}/?language=ar")
        assert arabic.headers["content-language"] == "ar"
        assert Document(arabic.text).all("section", lang="ar", dir="rtl")
        assert "نشرته" in arabic.text


def test_an_embed_asks_the_store_few_questions_however_much_it_shows(newsroom: Newsroom) -> None:
    counts = []
    for path in ("?count=2", "?count=50", f"{NEWS}/?count=50&tag=town-hall&language=en"):
        with counted_statements(newsroom) as seen:
            assert browser(newsroom).get(f"/embed/fragment/{path}").status_code == 200
        counts.append(len(seen))
    assert max(counts) <= 12, counts
    assert counts[0] == counts[1]


def test_only_embeds_may_be_framed(client: TestClient) -> None:
    for path in (
        "/embed/frame/",
        "/embed/article/s7",
        "/embed/frame/nope/",
        "/embed/frame/?count=x",
    ):
        policy = client.get(path).headers["content-security-policy"]
        assert "frame-ancestors *" in policy
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
    for path in ("/", "/embed/", "/embed/fragment/", "/embed/json/", "/articles/s7", "/oembed"):
        assert "frame-ancestors 'none'" in client.get(path).headers["content-security-policy"]


@pytest.mark.parametrize("path", ["fragment/", "frame/", "json/", "article/s7", "nope", ""])
def test_an_embed_sets_no_cookie_and_has_nothing_inline(client: TestClient, path: str) -> None:
    answer = client.get(f"/embed/{path}")
    assert "set-cookie" not in answer.headers
    assert not re.search(r"<style|javascript:|<script>", answer.text)
    names = {name for _, attributes in Document(answer.text).elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name == "style"]


def test_what_is_not_public_is_in_no_embed(newsroom: Newsroom) -> None:
    later = replace(story("Embargoed", slug="later"), published=NOW + timedelta(hours=3))
    store(newsroom, later, prefix="later")
    client = browser(newsroom)
    for form in FORMS:
        assert "Embargoed" not in client.get(f"/embed/{form}/?count=50").text
    assert client.get("/embed/article/later").status_code == 404
    assert client.get("/oembed", params={"url": f"{URL}/articles/later"}).status_code == 404


def test_a_newsroom_without_articles_has_an_empty_embed(tmp_path: Path) -> None:
    with newsroom_at(tmp_path) as newsroom:
        for form in FORMS:
            assert browser(newsroom).get(f"/embed/{form}/").status_code == 200
        assert "Nothing yet." in browser(newsroom).get("/embed/fragment/").text
        assert browser(newsroom).get("/embed/").status_code == 200


def test_json_is_a_json_feed(client: TestClient) -> None:
    answer = client.get("/embed/json/pictures/?detail=full")
    assert answer.headers["content-type"] == "application/feed+json; charset=utf-8"
    assert RULES["json"](answer.content) == []
    assert json.loads(answer.content)["feed_url"] == f"{URL}/embed/json/pictures/?detail=full"


def test_a_broken_template_is_a_line_in_a_partners_page(
    newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    own = newsroom.config.path("email_templates") / "embed"
    own.mkdir(parents=True)
    (own / "fragment.html").write_text("{{ nothing_of_that_name }}")
    answer = browser(newsroom).get("/embed/fragment/")
    assert (answer.status_code, answer.headers["content-type"][:10]) == (500, "text/plain")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "fragment.html:1" in caplog.text
    framed = browser(newsroom).get("/embed/frame/")
    assert framed.status_code == 500
    assert "Something went wrong here" in framed.text


def test_a_site_with_a_path_of_its_own_names_it_everywhere(tmp_path: Path) -> None:
    with newsroom_at(tmp_path, site={"url": f"{URL}/news"}) as newsroom:
        store(newsroom, story("One", slug="one"))
        # A proxy takes the path away.
        client = TestClient(application(newsroom), base_url=URL, follow_redirects=False)
        frame = client.get("/embed/frame/?accent=f00").text
        assert 'href="/news/static/embed.' in frame
        assert 'href="/news/embed/accent/f00.css"' in frame
        assert f'href="{URL}/news/articles/one"' in frame
        assert client.get("/embed/frame/media-center").headers["location"] == (
            "/news/embed/frame/media-center/"
        )


def test_the_rights_stand_beside_the_attribution(tmp_path: Path) -> None:
    licence = "https://licences.example/by"
    with newsroom_at(tmp_path, site={"rights": "© Harbour", "license": licence}) as newsroom:
        html = browser(newsroom).get("/embed/fragment/").text
        assert f'</a> · <a href="{licence}">© Harbour</a></p>' in html
