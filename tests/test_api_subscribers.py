"""Programs ask people to confirm, take them off, and look them up; nobody learns more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from publisher.model import Cause, Notice
from publisher.pipeline.forgetting import erase
from publisher.pipeline.subscribing import unsubscribe_address
from publisher.store import acts, subscribers
from tests.api import problem, program
from tests.desk import Desk
from tests.factories import join
from tests.test_api_sections import paged

NOW = datetime(2024, 5, 2, 12, tzinfo=UTC)


def notices(desk: Desk) -> list[tuple[str, int]]:
    with desk.newsroom.store.read() as session:
        return [(one.kind, one.subscriber_id) for one in session.scalars(select(Notice))]


@pytest.fixture
def client(desk: Desk) -> TestClient:
    return program(desk.newsroom)


def look(client: TestClient, email: str) -> dict[str, Any]:
    found: dict[str, Any] = client.post("subscribers/lookup", json={"email": email}).json()
    return found


def test_who_is_added_is_asked_and_gets_nothing_before(desk: Desk, client: TestClient) -> None:
    desk.publish("Bridge closes", "Town")
    desk.sequence()
    wish = {
        "email": " Ada@Example.org", "name": "Ada", "language": "no", "timezone": "Europe/Oslo",
        "categories": ["town"], "format": "text",
    }  # fmt: skip
    assert client.post("lists/daily/subscribers", json=wish).status_code == 202
    assert notices(desk) == [("confirm", 1)]
    found = look(client, "ada@example.org")
    (subscription,) = found["subscriptions"]
    assert subscription["state"] == "pending"
    assert (subscription["categories"], subscription["format"]) == (["town"], "text")
    assert [one["cause"] for one in found["history"]] == ["signed up"]
    assert client.get(f"subscribers/{found['id']}").json() == found


def test_the_answer_is_the_same_whoever_is_meant(desk: Desk, client: TestClient) -> None:
    newsroom = desk.newsroom
    with newsroom.store.write() as session:
        join(session, "daily", ["a@example.org", "left@example.org", "spam@example.org"])
        join(session, "daily", ["gone@example.org", "full@example.org"])
        for email, cause in (("spam", Cause.COMPLAINED), ("full", Cause.BOUNCED)):
            person = subscribers.by_email(session, f"{email}@example.org")
            assert person is not None
            acts.stop(session, person.id, cause, NOW)
    unsubscribe_address(newsroom, "left@example.org", "daily", Cause.MAILTO, NOW)
    erase(newsroom, "gone@example.org", NOW)
    names = ("a", "left", "spam", "full", "gone", "new")
    emails = [f"{name}@example.org" for name in names]
    before = {email: look(client, email).get("subscriptions") for email in emails}
    answers = [client.post("lists/daily/subscribers", json={"email": one}) for one in emails]
    assert len({(one.status_code, one.text) for one in answers}) == 1
    off = [
        client.post("lists/daily/unsubscriptions", json={"email": one})
        for one in ("a@example.org", "a@example.org", "nobody@example.org")
    ]
    assert {(one.status_code, one.content) for one in off} == {(204, b"")}
    for email in ("left@example.org", "spam@example.org"):  # nobody comes back by it
        assert look(client, email)["subscriptions"] == before[email]
    writer = program(newsroom, "subscribers:write")
    problem(writer.post("subscribers/lookup", json={"email": "a@example.org"}), 403)
    problem(writer.get("lists/daily/subscribers"), 403)
    problem(writer.get("subscribers/1"), 403)


def test_who_is_taken_off_is_off_and_the_story_says_by_whom(desk: Desk, client: TestClient) -> None:
    desk.read_by("a@example.org")
    client.post("lists/daily/unsubscriptions", json={"email": "A@example.org"})
    found = look(client, "a@example.org")
    assert found["subscriptions"][0]["state"] == "unsubscribed"
    last = found["history"][-1]
    assert (last["cause"], last["note"]) == ("taken off", "API: a test")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no address"), ("email", "a@b\r\nBcc: x@y"), ("email", "a\0@example.org"),
        ("timezone", "Mars/Olympus"), ("language", "english please"), ("format", "pdf"),
        ("categories", ["nowhere"]), ("state", "active"), ("consent", "they said so"),
        ("name", "x" * 201),
    ],
)  # fmt: skip
def test_the_field_that_is_wrong_is_named(client: TestClient, field: str, value: object) -> None:
    wish = {"email": "a@example.org", field: value}
    told = problem(client.post("lists/daily/subscribers", json=wish), 422)
    assert [one["pointer"] for one in told["errors"]] == [f"#/{field}"]
    problem(client.post("lists/nothing/subscribers", json={"email": "a@example.org"}), 404)


def test_a_list_is_read_by_state(desk: Desk, client: TestClient) -> None:
    with desk.newsroom.store.write() as session:
        names = [f"{kind}{n}@example.org" for n in range(3) for kind in ("a", "u", "b", "c")]
        join(session, "daily", list(names))
        join(session, "daily", ["p0@example.org", "p1@example.org"], confirmed=False)
        for email in names:
            person = subscribers.by_email(session, email)
            assert person is not None
            if email[0] in "bc":
                cause = Cause.BOUNCED if email[0] == "b" else Cause.COMPLAINED
                acts.stop(session, person.id, cause, NOW)
    for number in range(3):
        address = f"u{number}@example.org"
        unsubscribe_address(desk.newsroom, address, "daily", Cause.MAILTO, NOW)
    everybody = paged(client, "lists/daily/subscribers", 3)
    assert len({one["subscriber_id"] for one in everybody}) == len(everybody) == 14
    with desk.newsroom.store.read() as session:
        counted = subscribers.count_by_state(session, "daily")
    for state, number in counted.items():
        found = paged(client, "lists/daily/subscribers", 2, state=state)
        assert {one["state"] for one in found} == {state}
        assert len(found) == number
        assert [one for one in everybody if one["state"] == state] == found
