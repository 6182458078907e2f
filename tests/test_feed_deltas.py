"""RFC 3229: a reader that asks for it gets only what it has not seen, and never less than that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import feedparser
import httpx2
import pytest
from starlette.testclient import TestClient

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.pipeline.build import syndicate
from publisher.pipeline.newsroom import Newsroom
from publisher.syndication.read_back import read_back
from publisher.web.deltas import wants_delta
from publisher.web.feed_files import FeedFiles
from tests.test_change_log import CONTENT, NOW, sql
from tests.test_publishing import store

ASKING = {"a-im": "feed", "accept-encoding": "identity"}


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.web.feed_documents.LOOK_SECONDS", 0.0)


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with opened(Config.model_validate({"root": tmp_path})) as made:
        publish(made, "a", 10)
        yield made


@pytest.fixture
def client(newsroom: Newsroom) -> TestClient:
    return TestClient(FeedFiles(newsroom.config.root / "feeds", deltas=True))


def publish(newsroom: Newsroom, prefix: str, number: int) -> None:
    many = [replace(CONTENT, title=f"{prefix} {n}", slug=f"{prefix}{n}") for n in range(number)]
    store(newsroom, *many, prefix=prefix)
    syndicate(newsroom, NOW)


def again(client: TestClient, before: httpx2.Response, **headers: str) -> httpx2.Response:
    asked = {**ASKING, "if-none-match": before.headers["etag"], **headers}
    return client.get(before.request.url.path, headers=asked)


@pytest.mark.parametrize("path", ["/atom.xml", "/rss.xml"])
def test_a_delta_holds_what_is_new_and_what_has_changed(
    newsroom: Newsroom, client: TestClient, path: str
) -> None:
    before = client.get(path, headers=ASKING)
    assert before.status_code == 200
    publish(newsroom, "b", 1)
    sql(newsroom, "UPDATE article SET title = 'Typo mended' WHERE slug = 'a3'")
    syndicate(newsroom, NOW)
    delta = again(client, before)
    assert delta.status_code == 226
    parsed = feedparser.parse(delta.content)
    assert not parsed.bozo
    assert {entry.title for entry in parsed.entries} == {"b 0", "Typo mended"}
    full = client.get(path, headers={"accept-encoding": "identity"})
    assert delta.headers["etag"] == full.headers["etag"]
    assert delta.headers["im"] == "feed"
    assert delta.headers["delta-base"] == before.headers["etag"]
    assert delta.headers["cache-control"] == "no-store, im"
    for answer in (before, delta, full):
        assert answer.headers["vary"] == "accept-encoding, a-im, if-none-match"
    assert again(client, delta).status_code == 304


@pytest.mark.parametrize("coding", ["br", "gzip", "identity"])
def test_a_delta_has_the_coding_that_the_whole_would_have(
    newsroom: Newsroom, client: TestClient, coding: str
) -> None:
    before = client.get("/atom.xml", headers={"accept-encoding": coding})
    publish(newsroom, "b", 1)
    delta = again(client, before, **{"accept-encoding": coding})
    assert delta.status_code == 226
    assert delta.headers.get("content-encoding", "identity") == coding
    assert len(read_back(delta.content).entries) == 1
    full = client.get("/atom.xml", headers={"accept-encoding": coding})
    assert full.headers["etag"] == delta.headers["etag"]


def test_a_retracted_article_has_its_tombstone_in_a_delta(
    newsroom: Newsroom, client: TestClient
) -> None:
    before = client.get("/atom.xml", headers=ASKING)
    sql(newsroom, "UPDATE article SET retracted = published WHERE slug = 'a3'")
    syndicate(newsroom, NOW)
    read = read_back(again(client, before).content)
    assert (len(read.entries), len(read.gone)) == (0, 1)


def test_where_a_delta_could_lose_something_the_whole_feed_is_sent(
    newsroom: Newsroom, client: TestClient
) -> None:
    before = client.get("/atom.xml", headers=ASKING)
    publish(newsroom, "b", 60)  # fills an archive document: what it holds may leave the live one
    assert again(client, before).status_code == 200
    assert again(client, before, **{"if-none-match": '"unknown"'}).status_code == 200
    restarted = TestClient(FeedFiles(newsroom.config.root / "feeds", deltas=True))
    assert again(restarted, before).status_code == 200


def test_nobody_gets_a_delta_who_does_not_ask_or_is_not_offered_one(
    newsroom: Newsroom, client: TestClient
) -> None:
    plain = TestClient(FeedFiles(newsroom.config.root / "feeds"))
    before = client.get("/atom.xml", headers=ASKING)
    other = client.get("/feed.json", headers=ASKING)
    plain.get("/atom.xml", headers=ASKING)
    publish(newsroom, "b", 1)
    assert again(client, before, **{"a-im": ""}).status_code == 200
    assert again(client, before, **{"a-im": "vcdiff, gzip"}).status_code == 200
    assert again(client, other).status_code == 200
    answer = again(plain, before)
    assert (answer.status_code, answer.headers["vary"]) == (200, "accept-encoding")


def test_head_says_what_get_would(newsroom: Newsroom, client: TestClient) -> None:
    before = client.get("/atom.xml", headers=ASKING)
    publish(newsroom, "b", 1)
    asked = {**ASKING, "if-none-match": before.headers["etag"]}
    head, whole = client.head("/atom.xml", headers=asked), again(client, before)
    assert (head.status_code, head.content) == (226, b"")
    assert head.headers["content-length"] == str(len(whole.content))


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("feed", True), ("FEED", True), ("vcdiff, feed", True), ("feed;q=0.5", True),
        ("feed; q=0", False), ("feed;q=0.0", False), ("feeds", False), ("", False), (",,;", False),
    ],
)  # fmt: skip
def test_a_im_is_read_with_its_weights(header: str, wanted: bool) -> None:
    assert wants_delta(header) is wanted
