"""Webhooks: who has asked is told of what happens, signed, until they have it; nobody else is."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from publisher.cli import main
from publisher.model import Cause
from publisher.pipeline.at_once import drive
from publisher.pipeline.forgetting import erase
from publisher.pipeline.subscribing import unsubscribe_address
from publisher.pipeline.webhooks import EVENTS, Webhooks
from tests import partner as partners
from tests.api import problem, program
from tests.desk import HOUR, NOON, Desk, desk_of
from tests.partner import Partner, Received, answering, closing, in_turn, polite


@pytest.fixture
def partner() -> Iterator[Partner]:
    with partners.partner() as made:
        yield made


@pytest.fixture
def desk(store_url: str, tmp_path: Path) -> Iterator[Desk]:
    with desk_of(store_url, tmp_path, api={"webhook_private_addresses": True}) as made:
        yield made


@pytest.fixture
def client(desk: Desk) -> TestClient:
    return program(desk.newsroom)


def hook(client: TestClient, partner: Partner, *events: str, path: str = "/hook") -> str:
    """A webhook of these events, or all; its secret."""
    body = {"url": f"{partner.address}{path}", "events": events or list(EVENTS)}
    answer = client.post("webhooks", json=body)
    assert answer.status_code == 201, answer.text
    secret: str = answer.json()["secret"]
    return secret


def tell(desk: Desk, later: timedelta = timedelta()) -> None:
    """What the pusher does, `later` than now."""
    moment = desk.now + later
    asyncio.run(drive(Webhooks(desk.newsroom, lambda: moment)))


def said(received: list[Received]) -> list[tuple[str, dict[str, Any]]]:
    found = [json.loads(one.body) for one in received]
    return [(one["type"], one["data"]) for one in found]


def test_it_is_told_of_articles_editions_and_readers(
    desk: Desk, client: TestClient, partner: Partner
) -> None:
    hook(client, partner)
    desk.read_by("a@example.org")
    article = desk.publish("Bridge closes")
    desk.sequence()
    desk.correct(article, "It was Tuesday.")
    desk.tick(6 * HOUR)
    desk.retract(article)
    unsubscribe_address(desk.newsroom, "a@example.org", "daily", Cause.MAILTO, desk.now)
    tell(desk)
    told = said(partner.got("POST"))
    assert [kind for kind, _ in told].count("subscriber.changed") == 2
    kinds = dict(told)
    assert set(kinds) == {
        "article.published", "article.corrected", "article.retracted", "edition.sent",
        "subscriber.changed",
    }  # fmt: skip
    assert kinds["article.published"]["title"] == "Bridge closes"
    assert kinds["article.retracted"]["retraction"] == "It was wrong."
    assert kinds["edition.sent"]["subject"].endswith("Bridge closes")
    changes = [data for kind, data in told if kind == "subscriber.changed"]
    assert {(one["before"], one["after"], one["cause"]) for one in changes} == {
        ("", "active", "consent"), ("active", "unsubscribed", "mailto"),
    }  # fmt: skip
    tell(desk, timedelta(days=1))
    assert len(partner.got("POST")) == 6


def test_whoever_reads_there_can_tell_that_it_is_ours(
    desk: Desk, client: TestClient, partner: Partner
) -> None:
    secret = hook(client, partner, "article.published")
    desk.publish("Bridge closes")
    desk.sequence()
    tell(desk)
    (received,) = partner.got("POST")
    head = received.headers
    signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + received.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert head["webhook-signature"] == f"v1,{expected}"
    assert datetime.fromtimestamp(int(head["webhook-timestamp"])).timestamp() == NOON.timestamp()  # noqa: DTZ006
    assert head["content-type"] == "application/json"
    assert secret not in client.get("webhooks").text


def test_who_does_not_answer_well_is_told_again_under_the_same_id(
    desk: Desk, client: TestClient, partner: Partner
) -> None:
    partner.manners["/hook"] = in_turn(answering(500), closing, answering(302), polite)
    hook(client, partner, "article.published")
    desk.publish("Bridge closes")
    desk.sequence()
    for seconds, number in ((0, 1), (4, 1), (6, 2), (30, 3), (300, 4), (86_400, 4)):
        tell(desk, timedelta(seconds=seconds))
        assert len(partner.got("POST")) == number
        (state,) = client.get("webhooks").json()["items"]
        assert (state["waiting"], bool(state["failing_since"])) == (
            (1, True) if number < 4 else (0, False)
        )
    assert len({one.headers["webhook-id"] for one in partner.got("POST")}) == 1


def test_it_is_given_up_in_time_and_the_status_says_so(
    desk: Desk, client: TestClient, partner: Partner
) -> None:
    partner.manners["/hook"] = answering(500)
    hook(client, partner, "article.published")
    desk.publish("Bridge closes")
    desk.sequence()
    tell(desk)
    tell(desk, timedelta(hours=73))
    (state,) = client.get("webhooks").json()["items"]
    assert (state["waiting"], state["answer"]) == (0, "answered 500")
    partner.manners.clear()
    desk.publish("Ferry is late")
    desk.sequence()
    tell(desk)
    assert client.get("webhooks").json()["items"][0]["failing_since"] is None


def test_who_is_gone_is_told_nothing_more(desk: Desk, client: TestClient, partner: Partner) -> None:
    partner.manners["/hook"] = answering(410)
    hook(client, partner)
    desk.publish("Bridge closes")
    desk.sequence()
    tell(desk)
    assert client.get("webhooks").json()["items"] == []


def test_one_that_fails_holds_up_no_other(desk: Desk, client: TestClient, partner: Partner) -> None:
    partner.manners["/bad"] = answering(503)
    hook(client, partner, "article.published", path="/bad")
    hook(client, partner, "article.published")
    for number in range(5):
        desk.publish(f"Story {number}")
    desk.sequence()
    tell(desk)
    assert len(partner.got("POST", "/hook")) == 5


def test_who_was_erased_is_not_told_of(desk: Desk, client: TestClient, partner: Partner) -> None:
    hook(client, partner, "subscriber.changed")
    desk.read_by("a@example.org")
    erase(desk.newsroom, "a@example.org", desk.now)
    tell(desk)
    assert b"a@example.org" not in b"".join(one.body for one in partner.got("POST"))
    assert client.get("webhooks").json()["items"][0]["waiting"] == 0


def test_what_a_token_may_not_read_it_cannot_have_told(desk: Desk, partner: Partner) -> None:
    writer = program(desk.newsroom, "webhooks:write", "articles:read")
    body = {"url": partner.address, "events": ["article.published", "subscriber.changed"]}
    told = problem(writer.post("webhooks", json=body), 403)
    assert "subscribers:read" in told["detail"]
    assert writer.post("webhooks", json={**body, "events": body["events"][:1]}).status_code == 201
    reader = program(desk.newsroom, "articles:read")
    problem(reader.get("webhooks"), 403)
    problem(reader.delete("webhooks/1"), 403)


def test_a_webhook_is_removed(desk: Desk, client: TestClient, partner: Partner) -> None:
    hook(client, partner)
    desk.publish("Bridge closes")
    desk.sequence()
    assert client.delete("webhooks/1").status_code == 204
    problem(client.delete("webhooks/1"), 404)
    tell(desk)
    assert partner.received == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://10.1.2.3/", "http://[::1]/", "http://0x7f.1/",
        "http://169.254.169.254/latest", "http://user:secret@news.example/", "http:///x",
        "http://a b/",
    ],
)  # fmt: skip
def test_no_webhook_leads_into_the_local_network(store_url: str, tmp_path: Path, url: str) -> None:
    with desk_of(store_url, tmp_path) as desk:
        body = {"url": url, "events": ["edition.sent"]}
        told = problem(program(desk.newsroom).post("webhooks", json=body), 422)
        assert told["errors"][0]["pointer"] == "#/url"


def test_a_name_that_leads_into_the_local_network_is_not_followed(
    store_url: str, tmp_path: Path, partner: Partner
) -> None:
    with desk_of(store_url, tmp_path) as desk:
        client = program(desk.newsroom)
        url = partner.address.replace("127.0.0.1", "localhost")
        answer = client.post("webhooks", json={"url": url, "events": ["article.published"]})
        assert answer.status_code == 201
        desk.publish("Bridge closes")
        desk.sequence()
        tell(desk)
        assert partner.received == []
        assert "local network" in client.get("webhooks").json()["items"][0]["answer"]


def test_webhooks_are_added_listed_and_removed_by_command(
    store_url: str, tmp_path: Path, partner: Partner
) -> None:
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "{store_url}"\n[api]\nwebhook_private_addresses = true\n'
    )

    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, ["--config", f"{tmp_path}/config.toml", *arguments])
        assert result.exit_code == code, result.output
        return result.output

    assert "No webhooks yet" in run("webhook", "list")
    made = run("webhook", "add", partner.address, "--event", "article.published")
    assert made.startswith("whsec_")
    assert "article.published" in run("webhook", "list")
    assert json.loads(run("webhook", "list", "--json"))[0]["waiting"] == 0
    run("webhook", "add", "ftp://x", "--event", "article.published", code=2)
    assert "webhooks" in json.loads(run("status", "--json"))
    run("webhook", "remove", "1")
    run("webhook", "remove", "1", code=2)
