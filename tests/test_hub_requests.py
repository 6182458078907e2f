"""What our hub takes, and what it refuses: requests of strangers over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from publisher.bootstrap import opened
from publisher.pipeline.newsroom import Newsroom
from publisher.web.app import application
from publisher.web.limits import RateLimit, TooManyError, network_of
from tests.hub import SITE, TOPIC, Clock, config, publish, requests, subscribe
from tests.test_outbound import PRIVATE

CALLBACK = "https://partner.example/in?token=abc"
GOOD = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.callback": CALLBACK}


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    settings = config(
        store_url, tmp_path, private_addresses=False, max_per_host=3, max_subscriptions=5,
        requests_per_minute=1000,
    )  # fmt: skip
    with opened(settings) as made:
        publish(made)
        yield made


@pytest.fixture
def client(newsroom: Newsroom) -> TestClient:
    return TestClient(application(newsroom))


def ask(client: TestClient, **fields: str | None) -> tuple[int, str]:
    """Status and words of the answer to a request; a field of None is left out."""
    named = {f"hub.{name}": value for name, value in fields.items()}
    form = {name: value for name, value in {**GOOD, **named}.items() if value is not None}
    answer = client.post("/hub", data=form)
    return answer.status_code, answer.text


def test_a_request_is_accepted_and_waits_for_its_callback_to_be_asked(
    client: TestClient, newsroom: Newsroom
) -> None:
    assert ask(client, secret="word", lease_seconds="3600", other="ignored")[0] == 202
    (request,) = requests(newsroom)
    assert (request.mode, request.topic, request.callback) == ("subscribe", TOPIC, CALLBACK)
    assert (request.secret, request.lease_seconds) == ("word", 3600)
    assert request.host == "partner.example"


def test_asking_twice_leaves_the_later_request(client: TestClient, newsroom: Newsroom) -> None:
    ask(client, secret="first")
    ask(client, secret="second")
    ask(client, mode="unsubscribe")
    assert [(r.mode, r.secret) for r in requests(newsroom)] == [
        ("subscribe", "second"),
        ("unsubscribe", None),
    ]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("mode", None, "hub.mode is missing"),
        ("mode", "publish", "subscribe or unsubscribe"),
        ("mode", "denied", "subscribe or unsubscribe"),
        ("topic", None, "hub.topic is missing"),
        ("topic", "", "hub.topic is missing"),
        ("topic", "x" * 2001, "hub.topic is not"),
        ("topic", "https://a\n", "hub.topic is not"),
        ("callback", None, "hub.callback is missing"),
        ("callback", "partner.example/in", "hub.callback must be"),
        ("callback", "ftp://partner.example/", "hub.callback must be"),
        ("callback", "file:///etc/passwd", "hub.callback must be"),
        ("callback", "https://partner.example/a b", "hub.callback must be"),
        ("callback", "https://partner.example/\r\nX-Y: z", "hub.callback must be"),
        ("callback", "https://partner.example/é", "hub.callback must be"),
        ("callback", "https://partner.example/" + "x" * 2000, "hub.callback must be"),
        ("callback", "https://partner.example/#here", "no fragment and no credentials"),
        ("callback", "https://user:word@partner.example/", "no fragment and no credentials"),
        ("callback", "https://user@partner.example", "no fragment and no credentials"),
        ("callback", "https://good.example\\@127.0.0.1/", "no fragment and no credentials"),
        ("callback", "https://[::1/", "cannot be reached"),
        ("callback", "https://a:99999/", "cannot be reached"),
        ("callback", "http://" + "a" * 70 + ".example/", "cannot be reached"),
        ("secret", "x" * 200, "less than 200 bytes"),
        ("secret", "é" * 100, "less than 200 bytes"),
        ("secret", "a\0b", "NUL"),
        ("lease_seconds", "-1", "positive whole number"),
        ("lease_seconds", "0", "positive whole number"),
        ("lease_seconds", "1e3", "positive whole number"),
        ("lease_seconds", "ten", "positive whole number"),
        ("lease_seconds", "１０", "positive whole number"),
    ],
)
def test_a_wrong_field_is_refused_with_a_reason(
    client: TestClient, newsroom: Newsroom, field: str, value: str | None, said: str
) -> None:
    status, words = ask(client, **{field: value})
    assert status == 400
    assert said in words
    assert requests(newsroom) == []


@pytest.mark.parametrize("host", PRIVATE)
def test_a_callback_in_the_local_network_is_refused(client: TestClient, host: str) -> None:
    assert ask(client, callback=f"http://{host}/in") == (
        400,
        "hub.callback: this address cannot be reached\n",
    )


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (None, 864_000), ("1", 300), ("86400", 86_400), (str(10**18), 2_592_000),
        ("9" * 5000, 2_592_000), ("", 864_000),
    ],
)  # fmt: skip
def test_a_lease_is_what_was_asked_for_within_bounds(
    client: TestClient, newsroom: Newsroom, asked: str | None, given: int
) -> None:
    assert ask(client, lease_seconds=asked)[0] == 202
    assert requests(newsroom)[0].lease_seconds == given


def test_the_lease_of_a_request_to_unsubscribe_is_ignored(client: TestClient) -> None:
    assert ask(client, mode="unsubscribe", lease_seconds="-1")[0] == 202


def test_the_longest_secret_is_taken(client: TestClient, newsroom: Newsroom) -> None:
    assert ask(client, secret="é" * 99 + "x")[0] == 202
    assert requests(newsroom)[0].secret == "é" * 99 + "x"


@pytest.mark.parametrize(
    "body", [b"hub.mode=subscribe&hub.topic=%FF", b"\xff\xfe", b"hub.mode=a&hub.mode=b",
             b"&".join(b"a%d=b" % n for n in range(60)), b"", b"&&&=&=;", b"%00=%00"],
)  # fmt: skip
def test_a_strange_form_is_refused(client: TestClient, body: bytes) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/hub", content=body, headers=form).status_code == 400


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", ""])
def test_another_content_type_is_refused(client: TestClient, kind: str) -> None:
    answer = client.post("/hub", content=urlencode(GOOD), headers={"content-type": kind})
    assert answer.status_code == 415


def test_the_charset_of_a_form_is_no_matter(client: TestClient) -> None:
    kind = "Application/X-WWW-Form-Urlencoded; charset=UTF-8"
    answer = client.post("/hub", content=urlencode(GOOD), headers={"content-type": kind})
    assert answer.status_code == 202


def test_a_huge_request_is_refused(client: TestClient) -> None:
    assert ask(client, other="x" * 10_000_000)[0] == 413


def test_only_a_post_asks_for_something(client: TestClient, newsroom: Newsroom) -> None:
    answer = client.get("/hub", params=GOOD)
    assert answer.status_code == 200
    assert "WebSub hub" in answer.text
    assert client.put("/hub", data=GOOD).status_code == 405
    assert requests(newsroom) == []


def test_there_is_no_hub_where_the_config_has_none(tmp_path: Path, migrated_file: Path) -> None:
    (tmp_path / "store.db").write_bytes(migrated_file.read_bytes())
    with opened(config(f"sqlite:///{tmp_path}/store.db", tmp_path, own=False)) as made:
        assert TestClient(application(made)).post("/hub", data=GOOD).status_code == 405


def test_one_host_and_all_together_have_only_so_many(
    client: TestClient, newsroom: Newsroom
) -> None:
    for number in range(3):
        assert ask(client, callback=f"https://partner.example/{number}")[0] == 202
    status, words = ask(client, callback="https://partner.example/3")
    assert (status, "partner.example has 3 subscriptions" in words) == (503, True)
    for number in range(2):
        assert ask(client, callback=f"https://other-{number}.example/")[0] == 202
    assert ask(client, callback="https://third.example/")[0] == 503
    assert len(requests(newsroom)) == 5


def test_a_renewal_meets_no_limit(store_url: str, tmp_path: Path) -> None:
    with opened(config(store_url, tmp_path, max_per_host=1, max_subscriptions=1)) as made:
        publish(made)
        from tests.partner import partner

        with partner() as one:
            subscribe(made, Clock(), f"{one.address}/in")
            client = TestClient(application(made))
            assert ask(client, callback=f"{one.address}/in")[0] == 202
            assert ask(client, callback=f"{one.address}/other")[0] == 503


def test_a_network_may_ask_only_so_often_a_minute() -> None:
    limit = RateLimit(2)
    limit.count("192.0.2.1", 0.0)
    limit.count("192.0.2.200", 1.0)
    with pytest.raises(TooManyError) as caught:
        limit.count("192.0.2.3", 2.0)
    wait = caught.value.wait
    limit.count("198.51.100.1", 2.0)
    with pytest.raises(TooManyError):
        limit.count("192.0.2.3", 2.5)
    limit.count("192.0.2.3", 2.5 + wait)


def test_a_network_is_what_one_customer_has() -> None:
    assert network_of("192.0.2.77") == "192.0.2.0/24"
    assert network_of("2001:db8:1:2::5") == network_of("2001:db8:1:ffff::9") == "2001:db8:1::/48"
    assert network_of("::ffff:192.0.2.77") == "192.0.2.0/24"
    assert network_of("testclient") == "testclient"


def test_many_networks_take_no_more_than_so_much_memory() -> None:
    limit = RateLimit(1)
    for number in range(30_000):
        limit.count(f"10.{number >> 8}.{number & 255}.1", 0.0)
    assert len(limit._networks) <= 10_000


def test_too_many_requests_over_http_are_answered_429(store_url: str, tmp_path: Path) -> None:
    with opened(config(store_url, tmp_path, requests_per_minute=1)) as made:
        publish(made)
        client = TestClient(application(made))
        assert ask(client)[0] == 202
        answer = client.post("/hub", data=GOOD)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_no_secret_is_logged(
    client: TestClient, newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ask(client, secret="very-secret-word")
    ask(client, secret="very-secret-word" * 20)
    assert "very-secret-word" not in caplog.text
    assert "very-secret-word" not in repr(requests(newsroom))


def test_a_live_feed_names_its_hubs_over_http(client: TestClient) -> None:
    expected = f'<{SITE}/hub>; rel="hub", <{TOPIC}>; rel="self"'
    assert client.get("/feeds/town/atom.xml").headers["link"] == expected
    assert client.head("/feeds/town/atom.xml").headers["link"] == expected
    assert "link" not in client.get("/feeds/town/index.html").headers
    assert "link" not in client.get("/feeds/index.opml").headers
