"""WebSub by itself: what is said, to whom, and when again."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import config
from publisher.errors import ConfigError
from publisher.model import Category, Content, HubMode
from publisher.names import category_path
from publisher.syndication.document import FILES
from publisher.syndication.selection import feed_path, feeds_of
from publisher.syndication.websub import (
    LONGEST_WAIT,
    Room,
    address_of,
    after_failure,
    back_off,
    denial,
    feed_of,
    given_up,
    lease,
    link_header,
    ping_body,
    question,
    signature,
    topic_of,
)

SITE = "https://news.example/x"
NOW = datetime(2024, 5, 2, 12, 0, tzinfo=UTC)
WORDS = st.text(max_size=20)


@given(WORDS, WORDS, WORDS, WORDS)
def test_the_feeds_of_any_article_can_be_topics(a: str, b: str, tag: str, author: str) -> None:
    titles = (a or "News", b or "Sub")
    content = Content("t", "", NOW, titles, "ar", tags=(tag,), authors=(author,))
    category = Category(path=category_path(titles), title=titles[-1])
    for name in feeds_of(content, category.paths):
        for form, file in FILES.items():
            topic = f"{feed_path(name.kind, name.key)}{file}"
            assert topic_of(address_of(topic, SITE), SITE) == topic
            assert feed_of(topic) == ((name.kind, name.key), form)


def test_a_topic_is_known_in_another_spelling() -> None:
    """Section 5.1.1: percent-encoded characters that need not be are decoded."""
    assert topic_of(f"{SITE}/feeds/%74own/atom%2Exml", SITE) == "town/atom.xml"
    assert topic_of(f"{SITE}/feeds/%d8%a3/rss.xml", SITE) == "أ/rss.xml"


@pytest.mark.parametrize(
    "address",
    [
        "", "https://news.example/x/feeds/", f"{SITE}/feeds/index.html", f"{SITE}/feeds/style.css",
        f"{SITE}/feeds/archive/1.xml", f"{SITE}/feeds/atom.xml?a=b", f"{SITE}/feeds/atom.xml#a",
        "https://other.example/x/feeds/atom.xml", f"{SITE}/atom.xml", f"{SITE}/feeds/atom.xml.gz",
        "https://news.example/x@evil/feeds/atom.xml",
    ],
)  # fmt: skip
def test_what_is_no_live_document_is_no_topic(address: str) -> None:
    assert topic_of(address, SITE) is None


def test_a_signature_is_the_hmac_of_the_body() -> None:
    expected = hmac.new(b"key", b"The quick brown fox jumps over the lazy dog", hashlib.sha256)
    body = b"The quick brown fox jumps over the lazy dog"
    assert signature("key", body) == f"sha256={expected.hexdigest()}"
    # The same, as published for this key and text in many places.
    assert signature("key", body).endswith(
        "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    )


@given(st.sampled_from(["", "?", "?a=1", "?a=1&", "?hub.mode=x"]), st.text(max_size=30))
def test_a_question_keeps_the_query_of_the_callback(query: str, topic: str) -> None:
    callback = f"https://partner.example/in{query}"
    asked = question(callback, HubMode.SUBSCRIBE, topic, challenge="c&d", lease_seconds=60)
    assert asked.startswith(callback)
    before = parse_qsl(urlsplit(callback).query, keep_blank_values=True)
    pairs = parse_qsl(urlsplit(asked).query, keep_blank_values=True)
    assert pairs == [
        *before,
        ("hub.mode", "subscribe"),
        ("hub.topic", topic),
        ("hub.challenge", "c&d"),
        ("hub.lease_seconds", "60"),
    ]


def test_a_denial_says_why() -> None:
    told = dict(parse_qsl(urlsplit(denial("http://p.example/", "t", "no")).query))
    assert told == {"hub.mode": "denied", "hub.topic": "t", "hub.reason": "no"}


def test_a_document_names_its_hubs_and_itself_in_one_header() -> None:
    assert link_header(["https://a.example/hub", "https://b.example"], "https://n.example/f") == (
        '<https://a.example/hub>; rel="hub", <https://b.example>; rel="hub", '
        '<https://n.example/f>; rel="self"'
    )


def test_a_site_with_a_name_in_another_script_can_be_subscribed_to() -> None:
    site = "https://أخبار.example/س"
    address = address_of("أ/atom.xml", site)
    header = link_header([f"{site}/hub"], address)
    assert header.isascii()
    named = header.rpartition("<")[2].partition(">")[0]
    assert named.startswith("https://xn--")
    assert topic_of(named, site) == topic_of(address, site) == "أ/atom.xml"
    assert topic_of("https://" + "أ" * 80 + ".example/", site) is None


def test_a_hub_is_told_of_many_topics_in_one_request() -> None:
    body = ping_body(["https://n.example/a?b&c", "https://n.example/ü"]).decode()
    assert parse_qsl(body) == [
        ("hub.mode", "publish"),
        ("hub.url", "https://n.example/a?b&c"),
        ("hub.url", "https://n.example/ü"),
    ]


@given(st.none() | st.integers(min_value=0, max_value=10**18))
def test_no_lease_is_shorter_or_longer_than_the_config_says(asked: int | None) -> None:
    given = lease(asked, default=100, shortest=10, longest=1000)
    assert 10 <= given <= 1000
    if asked is not None and 10 <= asked <= 1000:
        assert given == asked
    assert asked is not None or given == 100


def test_a_config_whose_leases_are_out_of_order_is_refused(tmp_path: Path) -> None:
    table = {"lease_seconds": 60, "min_lease_seconds": 300}
    with pytest.raises(ConfigError, match="300, 60, 2592000; none may be less"):
        config.parse({"websub": table}, {}, root=tmp_path, name="config.toml")


def test_hubs_can_be_named_in_the_environment(tmp_path: Path) -> None:
    named = {"PUBLISHER_WEBSUB_HUBS": "https://a.example/, https://b.example/hub"}
    found = config.parse({}, named, root=tmp_path, name="config.toml")
    assert found.hubs == ("https://a.example/", "https://b.example/hub")


def test_each_wait_is_twice_as_long_as_the_one_before_up_to_an_hour() -> None:
    waits = [back_off(attempts) for attempts in range(1, 100)]
    assert waits[:4] == [timedelta(seconds=s) for s in (5, 10, 20, 40)]
    assert waits[-1] == LONGEST_WAIT
    assert waits == sorted(waits)


def test_a_change_is_offered_until_patience_ends_and_then_no_more() -> None:
    attempts, since, now = 0, None, NOW
    while True:
        tried = given_up(after_failure(attempts, since, now, "500"), now, timedelta(hours=24))
        if tried.again is None:
            break
        attempts, since, now = tried.attempts, tried.failing_since, tried.again
    assert timedelta(hours=24) <= now - NOW < timedelta(hours=25)
    assert tried.answer.startswith("given up after 3")
    assert (tried.attempts, tried.failing_since) == (0, None), "the next change begins anew"


@dataclass(frozen=True)
class Waiting:
    host: str


@given(
    st.lists(st.sampled_from("abcd").map(Waiting)),
    st.integers(1, 10),
    st.integers(1, 4),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 5)),
)
def test_no_host_gets_more_at_once_than_it_may(
    waiting: list[Waiting], free: int, per_host: int, busy: dict[str, int]
) -> None:
    chosen = Room(free, per_host, Counter(busy)).choose(waiting)
    assert len(chosen) <= free
    taken = Counter(one.host for one in chosen)
    assert all(busy.get(host, 0) + number <= per_host for host, number in taken.items())
    if len(chosen) < free:  # then nobody waits who could begin
        for host, number in Counter(one.host for one in waiting).items():
            assert taken[host] == min(number, max(per_host - busy.get(host, 0), 0))
