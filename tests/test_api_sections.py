"""Categories, feeds, lists, editions and deliveries, as a program reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from publisher.pipeline.build import syndicate
from tests.api import api_at, problem, program
from tests.desk import HOUR, Desk
from tests.sites import browser, store, story, update


def paged(client: TestClient, path: str, size: int = 2, **params: Any) -> list[Any]:
    """All of a list, read page by page."""
    found: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        more = {"cursor": cursor} if cursor else {}
        answer = client.get(path, params={"limit": size, **params, **more})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= size
        found += page["items"]
        cursor = page["next"]
    return found


def test_categories_feeds_and_lists_are_read(store_url: str, tmp_path: Path) -> None:
    lists = [{"name": f"list-{n}", "categories": ["town"]} for n in range(3)]
    with api_at(tmp_path, store_url, lists=lists) as (newsroom, client):
        store(newsroom, story("A", slug="a", category=("Town", "Council")))
        assert [one["path"] for one in paged(client, "categories", 1)] == ["town", "town/council"]
        assert paged(client, "categories")[1]["titles"] == ["Town", "Council"]
        feeds = paged(client, "feeds")
        assert {(one["kind"], one["key"]) for one in feeds} == {
            ("everything", ""), ("category", "town"), ("category", "town/council"),
            ("language", "en"),
        }  # fmt: skip
        syndicate(newsroom, story("A").published.replace(year=2024))
        for one in feeds:
            for address in one["documents"].values():
                assert browser(newsroom).get(address).status_code == 200
        assert [one["name"] for one in paged(client, "lists", 1)] == ["list-0", "list-1", "list-2"]
        one = client.get("lists/list-1").json()
        assert (one["send_at"], one["timezone"], one["language"]) == ("18:00", "UTC", "en")
        problem(client.get("lists/nothing"), 404)
        problem(client.get("categories", params={"cursor": "WzFd"}), 422)


def test_a_category_is_renamed_and_leads_on(store_url: str, tmp_path: Path) -> None:
    with api_at(tmp_path, store_url) as (newsroom, client):
        store(
            newsroom,
            story("A", slug="a", category=("Town", "Council")),
            story("B", slug="b", category=("Sport",)),
        )
        answer = client.patch("categories/town/council", json={"title": "City  Council"})
        assert answer.json()["moved"] == {"town/council": "town/city-council"}
        assert answer.json()["category"]["titles"] == ["Town", "City Council"]
        update(newsroom)
        assert browser(newsroom).get("/town/council/").headers["location"] == "/town/city-council/"
        taken = client.patch("categories/sport", json={"title": "Town"})
        assert taken.status_code in (409, 422)
        problem(client.patch("categories/sport", json={"title": "Town", "path": "town"}), 409)
        told = problem(client.patch("categories/sport", json={"title": "x", "path": "feeds"}), 422)
        assert told["errors"][0]["pointer"] == "#/path"
        problem(client.patch("categories/nothing", json={"title": "x"}), 404)
        problem(program(newsroom, "articles:write").patch("categories/sport", json={}), 403)


def test_an_edition_is_read_with_its_articles_and_deliveries(desk: Desk) -> None:
    for name in "abcde":
        desk.read_by(f"{name}@example.org")
    desk.publish("Bridge closes")
    desk.tick(6 * HOUR)
    client = program(desk.newsroom)
    (line,) = paged(client, "lists/daily/editions")
    assert (line["date"], line["state"]) == ("2024-05-02", "sent")
    assert line["subject"] == "Daily digest, Thursday, 2 May 2024: Bridge closes"
    whole = client.get("lists/daily/editions/2024-05-02").json()
    assert whole.items() >= line.items()
    assert [one["title"] for one in whole["articles"]] == ["Bridge closes"]
    assert whole["deliveries"] == {"accepted": 5}
    address = "lists/daily/editions/2024-05-02/deliveries"
    for found in (paged(client, address), paged(client, address, state="accepted")):
        assert [one["email"] for one in found] == [f"{name}@example.org" for name in "abcde"]
        assert {one["reply"] for one in found} == {"250 kept"}
    assert paged(client, address, state="failed") == []
    problem(client.get("lists/daily/editions/2024-05-03"), 404)
    problem(client.get("lists/daily/editions/yesterday"), 422)
    problem(client.get(address, params={"state": "lost"}), 422)
    desk.publish("Ferry is late", at=desk.now)
    desk.tick(24 * HOUR)
    assert [one["date"] for one in paged(client, "lists/daily/editions", 1)] == [
        "2024-05-03", "2024-05-02",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["lists/daily/editions", "lists/daily/subscribers", "feeds"])
def test_a_cursor_of_something_else_is_refused(desk: Desk, path: str) -> None:
    for cursor in ("WyJ4Il0", "e30", "WzFlNDAwXQ", "Wy0xXQ", "WzEsMiwzXQ"):
        problem(program(desk.newsroom).get(path, params={"cursor": cursor}), 422)
