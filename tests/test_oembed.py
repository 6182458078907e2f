"""Systems that know oEmbed find the code for an article or a section by its address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree
from starlette.testclient import TestClient

from publisher.model import Medium
from publisher.pipeline.newsroom import Newsroom
from tests.sites import NOW, URL, Document, browser, newsroom_at, sql, store, story, update


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, store_url, site={"publisher": "The Press"}) as made:
        picture = Medium("https://x.example/p.png", "image/png", "P", width=640, height=480)
        store(
            made,
            story('A "quoted" <title>', slug="one", authors=("Ada", "Ben"), media=(picture,)),
            story("Two", slug="two"),
            story("خبر", slug="خبر", language="ar", category=("Town",)),
        )
        yield made


@pytest.fixture
def client(newsroom: Newsroom) -> TestClient:
    return browser(newsroom)


def test_an_article_is_answered_with_its_frame(client: TestClient) -> None:
    answer = client.get("/oembed", params={"url": f"{URL}/articles/one"})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    told = answer.json()
    html = told.pop("html")
    assert told == {
        "version": "1.0",
        "type": "rich",
        "title": 'A "quoted" <title>',
        "author_name": "Ada, Ben",
        "provider_name": "The Press",
        "provider_url": f"{URL}/",
        "cache_age": 3600,
        "width": 600,
        "height": 480,
        "thumbnail_url": "https://x.example/p.png",
        "thumbnail_width": 640,
        "thumbnail_height": 480,
    }
    (frame,) = Document(html).all("iframe")
    assert frame["src"] == f"{URL}/embed/article/one"
    assert frame["title"] == 'A "quoted" <title>'
    assert client.get(frame["src"]).status_code == 200


@pytest.mark.parametrize(
    ("address", "frame"),
    [
        (URL, "/embed/frame/"),
        (f"{URL}/", "/embed/frame/"),
        (f"{URL}/media-center/", "/embed/frame/media-center/"),
        (f"{URL}/media-center/?before=2018-02-15#x", "/embed/frame/media-center/"),
        (f"{URL}/feeds/", "/embed/frame/"),
        (f"{URL}/feeds/atom.xml", "/embed/frame/"),
        (f"{URL}/feeds/media-center/coalition-news/rss.xml",
         "/embed/frame/media-center/coalition-news/"),
        (f"{URL}/articles/%D8%AE%D8%A8%D8%B1", "/embed/article/%D8%AE%D8%A8%D8%B1"),
        (f"{URL}/articles/خبر", "/embed/article/%D8%AE%D8%A8%D8%B1"),
        ("http://news.example/articles/two", "/embed/article/two"),
    ],
)  # fmt: skip
def test_every_address_that_readers_copy_is_known(
    client: TestClient, address: str, frame: str
) -> None:
    answer = client.get("/oembed", params={"url": address})
    assert answer.status_code == 200
    (found,) = Document(answer.json()["html"]).all("iframe")
    assert found["src"] == URL + frame
    assert client.get(frame).status_code == 200


def test_xml_says_the_same_as_json(client: TestClient) -> None:
    asked = {"url": f"{URL}/articles/one", "maxwidth": "300", "maxheight": "9999"}
    told = client.get("/oembed", params=asked).json()
    assert (told["width"], told["height"]) == (300, 480)
    answer = client.get("/oembed", params={**asked, "format": "xml"})
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    root = etree.fromstring(answer.content)
    assert root.tag == "oembed"
    assert {one.tag: one.text for one in root} == {name: str(told[name]) for name in told}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400), ("url=", 400), ("url=news.example", 400), ("url=ftp://news.example/", 400),
        ("url=http://[", 400), ("url=javascript:alert(1)", 400),
        (f"url={URL}/&maxwidth=x", 400), (f"url={URL}/&maxheight=0", 400),
        (f"url={URL}/&maxwidth=-5", 400), (f"url={URL}/&maxwidth=999999999999", 400),
        (f"url={URL}/&format=yaml", 501),
        ("url=https://elsewhere.example/articles/one", 404),
        ("url=https://news.example.evil.example/", 404),
        (f"url={URL}/2018/02/15/", 404), (f"url={URL}/nope/", 404), (f"url={URL}/search", 404),
        (f"url={URL}/articles/nope", 404), (f"url={URL}/articles/%2500", 404),
        (f"url={URL}/feeds/nope.txt", 404), (f"url={URL}/feeds/tag/x/atom.xml", 404),
        (f"url={URL}/%25ff%250a/", 404),
    ],
)  # fmt: skip
def test_what_cannot_be_embedded_has_the_right_status(
    client: TestClient, query: str, status: int
) -> None:
    answer = client.get(f"/oembed?{query}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_what_moved_is_found_and_what_was_withdrawn_is_gone(newsroom: Newsroom) -> None:
    sql(newsroom, "UPDATE article SET slug = 'other' WHERE slug = 'one'")
    sql(newsroom, "UPDATE category SET path = 'city', title = 'City' WHERE path = 'town'")
    sql(
        newsroom, "UPDATE article SET retracted = :now WHERE slug = 'two'",
        now=NOW.isoformat(sep=" "),
    )  # fmt: skip
    update(newsroom)
    client = browser(newsroom)
    moved = client.get("/oembed", params={"url": f"{URL}/articles/one"})
    assert f"{URL}/embed/article/other" in moved.json()["html"]
    renamed = client.get("/oembed", params={"url": f"{URL}/town/"})
    assert f"{URL}/embed/frame/city/" in renamed.json()["html"]
    assert client.get("/oembed", params={"url": f"{URL}/articles/two"}).status_code == 410


def test_an_answer_is_cached(client: TestClient) -> None:
    params = {"url": f"{URL}/articles/one"}
    etag = client.get("/oembed", params=params).headers["etag"]
    again = client.get("/oembed", params=params, headers={"if-none-match": etag})
    assert again.status_code == 304
    assert again.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/articles/one", "/media-center/", "/"])
def test_pages_say_where_to_ask(client: TestClient, path: str) -> None:
    links = [
        one
        for kind in ("application/json+oembed", "text/xml+oembed")
        for one in Document(client.get(path).text).all("link", type=kind)
    ]
    assert len(links) == 2
    for link in links:
        parts = urlsplit(link["href"])
        assert parse_qs(parts.query)["url"] == [URL + path]
        assert client.get(f"{parts.path}?{parts.query}").status_code == 200


@pytest.mark.parametrize("path", ["/2018/02/15/", "/?before=2020-01-01", "/search", "/nope"])
def test_other_pages_do_not(client: TestClient, path: str) -> None:
    assert "oembed" not in client.get(path).text
