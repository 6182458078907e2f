"""People find feeds: a page of all, a page for each, a list for readers, and a style sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from lxml import etree
from starlette.testclient import TestClient

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.pipeline.build import build, syndicate
from publisher.pipeline.feed_pages import feed_links
from publisher.pipeline.newsroom import Newsroom
from publisher.render.environment import Templates
from publisher.web.feed_files import FeedFiles
from tests.test_change_log import CONTENT, NOW
from tests.test_publishing import store


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    site = {"title": "Saltmere <Courier>", "url": "https://news.example"}
    with opened(Config.model_validate({"root": tmp_path, "site": site})) as made:
        store(
            made,
            replace(CONTENT, title="<script>alert(1)</script>", slug="a"),
            replace(CONTENT, title="نص", slug="b", language="ar", category=("Sport",)),
        )
        syndicate(made, NOW)
        yield made


@pytest.fixture
def client(newsroom: Newsroom) -> TestClient:
    return TestClient(FeedFiles(newsroom.config.root / "feeds"))


class Links(HTMLParser):
    """Every address of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value or "" for name, value in attrs if name in ("href", "src")}


def test_the_page_of_all_feeds_names_each_in_every_format(client: TestClient) -> None:
    html = client.get("/").text
    links = Links(html).found
    for folder in ("", "town/", "town/roads/", "sport/", "language/en/", "language/ar/"):
        for file in ("atom.xml", "rss.xml", "feed.json"):
            assert f"https://news.example/feeds/{folder}{file}" in links
    assert "Saltmere &lt;Courier&gt;" in html


def test_every_link_to_a_feed_on_its_pages_leads_to_one(client: TestClient) -> None:
    for page in ("/", "/town/", "/language/ar/"):
        for link in Links(client.get(page).text).found:
            if link.startswith("https://news.example/feeds/"):
                path = link.removeprefix("https://news.example/feeds")
                assert client.get(path).status_code == 200, link


def test_the_page_of_a_feed_shows_its_newest_and_nothing_runs(client: TestClient) -> None:
    answer = client.get("/town/")
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_page_of_a_language_is_in_that_language(client: TestClient) -> None:
    html = client.get("/language/ar/").text
    assert '<html lang="ar" dir="rtl">' in html
    assert "أحدث المقالات" in html


def test_a_page_names_its_feeds_to_programs(client: TestClient) -> None:
    link = '<link rel="alternate" type="application/atom+xml" title="Town (Atom)" '
    assert link + 'href="https://news.example/feeds/town/atom.xml">' in client.get("/town/").text


def test_any_page_can_name_feeds_to_programs(newsroom: Newsroom) -> None:
    own = newsroom.config.root / "email_templates"
    own.mkdir()
    (own / "page.html").write_text('<head>{% include "feeds/discovery.html" %}</head>')
    links = feed_links(newsroom.config, "category", "town/roads", 'Roads & "more"')
    html = Templates(own).render("page.html", discovery=links)
    assert html.count('<link rel="alternate" type="application/') == 3
    assert 'title="Roads &amp; &#34;more&#34; (RSS)"' in html
    assert 'href="https://news.example/feeds/town/roads/rss.xml"' in html
    assert Templates(own).render("page.html", discovery=()) == "<head></head>"


def test_a_category_stands_under_the_one_above_it(newsroom: Newsroom, client: TestClient) -> None:
    store(newsroom, replace(CONTENT, slug="c", category=("Town hall",)), prefix="c")
    syndicate(newsroom, NOW)
    rows = re.findall(r'<li class="depth-(\d)"><a[^>]*>([^<]*)</a>', client.get("/").text)
    names = [("0", "Sport"), ("0", "Town"), ("1", "Roads"), ("0", "Town hall")]
    assert rows[1:5] == names


def test_the_list_for_feed_readers_is_opml(client: TestClient) -> None:
    answer = client.get("/index.opml")
    root = etree.fromstring(answer.content)
    assert root.get("version") == "2.0"
    addresses = [outline.get("xmlUrl") for outline in root.iter("outline")]
    assert len(addresses) == 6
    assert addresses[0] == "https://news.example/feeds/atom.xml"


def test_a_feed_names_a_style_sheet_that_is_there(newsroom: Newsroom, client: TestClient) -> None:
    sheet = '<?xml-stylesheet type="text/css" href="https://news.example/feeds/feed.css"?>'
    for name in ("/atom.xml", "/rss.xml"):
        assert client.get(name).text.split("\n")[1] == sheet
    assert client.get("/feed.css").headers["content-type"].startswith("text/css")


def test_a_site_may_have_its_own_style_sheet(newsroom: Newsroom) -> None:
    own = newsroom.config.root / "email_templates" / "feeds"
    own.mkdir(parents=True)
    (own / "style.css").write_text("body { color: red }")
    build(newsroom, every=True)
    assert (newsroom.config.root / "feeds" / "style.css").read_text() == "body { color: red }"
