"""What is stored about a reader: they can ask for it, keep it and have it erased; nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from publisher.pipeline.links import Links
from publisher.pipeline.newsroom import Newsroom
from publisher.store import subscribers
from publisher.web.app import application
from tests.mailroom import ADA, letters, mailroom, put, state, tick, token_in

SURE = {"sure": "on"}


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with mailroom(store_url, tmp_path) as made:
        put(made, ADA)
        yield made


@pytest.fixture
def client(newsroom: Newsroom) -> TestClient:
    return TestClient(application(newsroom), base_url="https://news.example")


def now() -> datetime:
    return datetime.now(UTC)


def preferences(newsroom: Newsroom) -> str:
    """The path that a digest leads Ada to."""
    with newsroom.store.read() as session:
        person = subscribers.by_email(session, ADA)
        assert person is not None
        handle = person.handle
    link = Links(newsroom, now()).of(handle, "daily")["@@PREFERENCES@@"]
    return link.removeprefix("https://news.example")


def data_path(newsroom: Newsroom, client: TestClient) -> str:
    """The path in the mail that Ada has asked for."""
    assert client.post(f"{preferences(newsroom)}/data").status_code == 200
    tick(newsroom, now())
    return f"/data/{token_in(letters(newsroom, ADA)[-1], 'data')}"


def test_a_reader_asks_looks_and_keeps_a_copy(newsroom: Newsroom, client: TestClient) -> None:
    link = f"{preferences(newsroom)}/data"
    assert link in client.get(preferences(newsroom)).text
    assert client.get(link).status_code == 200
    tick(newsroom, now())
    assert letters(newsroom, ADA) == [], "looking sends nothing"
    path = data_path(newsroom, client)
    assert ADA in client.get(path).text
    copy = client.get(f"{path}/my-data.json")
    assert "attachment" in copy.headers["content-disposition"]
    assert copy.headers["cache-control"] == "no-store"
    found = json.loads(copy.content)
    assert found["email"] == ADA
    assert [one["list"] for one in found["subscriptions"]] == ["daily"]
    assert [one["kind"] for one in found["other_mails"]] == ["data"]


def test_a_digest_that_is_passed_on_shows_nothing(newsroom: Newsroom, client: TestClient) -> None:
    """Whoever has the links of a digest can only have a mail sent to its reader."""
    token = preferences(newsroom).rpartition("/")[2]
    assert client.get(f"/data/{token}").status_code == 404
    assert client.get(f"/data/{token}/my-data.json").status_code == 404
    assert client.post(f"/data/{token}", data=SURE).status_code == 404
    assert state(newsroom, ADA) == "active"


def test_one_mail_a_day_is_sent_however_often_it_is_asked_for(
    newsroom: Newsroom, client: TestClient
) -> None:
    for _ in range(3):
        data_path(newsroom, client)
    assert len(letters(newsroom, ADA)) == 1


def test_all_is_erased_when_the_reader_is_sure(newsroom: Newsroom, client: TestClient) -> None:
    path = data_path(newsroom, client)
    assert client.get(path).status_code == 200
    assert "checkbox" in client.post(path).text, "asked again"
    assert state(newsroom, ADA) == "active"
    assert 'role="status"' in client.post(path, data=SURE).text
    assert state(newsroom, ADA) == ""
    with newsroom.store.read() as session:
        assert subscribers.by_email(session, ADA) is None
    assert client.post(path, data=SURE).status_code == 404


def test_the_link_works_for_two_days(newsroom: Newsroom, client: TestClient) -> None:
    assert client.post(f"{preferences(newsroom)}/data").status_code == 200
    with newsroom.store.write() as session:
        person = subscribers.by_email(session, ADA)
        assert person is not None
        handle = person.handle
    links = Links(newsroom, now())
    for age, status in ((timedelta(hours=47), 200), (timedelta(hours=49), 410)):
        link = links.of_notice(handle, "daily", now() - age)["@@DATA@@"]
        assert client.get(link).status_code == status
        assert client.get(f"{link}/my-data.json").status_code == status


@pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "x" * 3000])
def test_a_forged_link_leads_to_nothing(client: TestClient, token: str) -> None:
    for path in (f"/data/{token}", f"/data/{token}/my-data.json", f"/preferences/{token}/data"):
        assert client.get(path).status_code == 404
    assert client.post(f"/preferences/{token}/data").status_code == 404
