"""From a form to a mail to a link and back: what people meet who want the news by mail."""

from __future__ import annotations

import re
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
from tests.sites import store, story

HTML = {"accept": "text/html"}


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with mailroom(store_url, tmp_path) as made:
        yield made


@pytest.fixture
def client(newsroom: Newsroom) -> TestClient:
    return TestClient(application(newsroom), base_url="https://news.example")


def now() -> datetime:
    return datetime.now(UTC)


def asked(client: TestClient, address: str = ADA, **fields: str) -> str:
    answer = client.post("/subscribe", data={"list": "daily", "email": address, **fields})
    assert answer.status_code == 200
    return answer.text


def test_a_reader_joins_chooses_leaves_and_comes_back(
    newsroom: Newsroom, client: TestClient
) -> None:
    assert client.get("/subscribe").status_code == 200
    asked(client)
    tick(newsroom, now())
    token = token_in(letters(newsroom, ADA)[-1], "confirm")
    assert "Daily digest" in client.get(f"/confirm/{token}").text
    assert state(newsroom, ADA) == "pending", "looking changes nothing"
    assert client.post(f"/confirm/{token}").status_code == 200
    assert state(newsroom, ADA) == "active"
    tick(newsroom, now())
    welcome = letters(newsroom, ADA)[-1]
    preferences = f"/preferences/{token_in(welcome, 'preferences')}"
    assert ADA in client.get(preferences).text
    saved = client.post(preferences, data={"language": "ar", "timezone": "", "format": "text"})
    assert '<html lang="ar" dir="rtl">' in saved.text
    assert re.search(r'value="text" checked', client.get(preferences).text)
    leave = f"/unsubscribe/{token_in(welcome, 'unsubscribe')}"
    assert client.get(leave).status_code == 200
    assert client.head(leave).status_code == 200
    assert state(newsroom, ADA) == "active", "a mail scanner that opens links takes nobody off"
    assert client.post(leave).status_code == 200
    assert state(newsroom, ADA) == "unsubscribed"
    tick(newsroom, now())
    back = f"/subscribe/{token_in(letters(newsroom, ADA)[-1], 'subscribe')}"
    assert client.get(back).status_code == 200
    assert client.post(back).status_code == 200
    assert state(newsroom, ADA) == "active"


def test_one_click_takes_a_reader_off_without_cookies_or_questions(
    newsroom: Newsroom, client: TestClient
) -> None:
    """RFC 8058, as mail providers send it: from elsewhere, and with nothing but this body."""
    asked(client)
    tick(newsroom, now())
    client.post(f"/confirm/{token_in(letters(newsroom, ADA)[-1], 'confirm')}")
    tick(newsroom, now())
    token = token_in(letters(newsroom, ADA)[-1], "unsubscribe")
    answer = client.post(
        f"/unsubscribe/{token}",
        data={"List-Unsubscribe": "One-Click"},
        headers={"origin": "null", "sec-fetch-site": "cross-site"},
    )
    assert answer.status_code == 200
    assert state(newsroom, ADA) == "unsubscribed"
    assert "set-cookie" not in answer.headers


def test_the_answer_is_the_same_for_known_and_unknown_addresses(
    newsroom: Newsroom, client: TestClient
) -> None:
    put(newsroom, ADA)
    known, unknown = asked(client), asked(client, "bo@example.org")
    assert known == unknown
    assert ADA not in known


@pytest.mark.parametrize("address", ["", "no address", "a@b\r\nBcc: c@d", "x" * 300 + "@y.example"])
def test_what_is_no_address_is_said_at_the_field(client: TestClient, address: str) -> None:
    answer = client.post("/subscribe", data={"list": "daily", "email": address})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert 'role="alert"' in answer.text


def test_a_list_that_is_not_there_is_asked_for_again(client: TestClient) -> None:
    assert client.post("/subscribe", data={"list": "x", "email": ADA}).status_code == 422


def test_a_program_that_fills_in_everything_subscribes_nobody(
    newsroom: Newsroom, client: TestClient
) -> None:
    asked(client, website="https://spam.example")
    assert state(newsroom, ADA) == ""


def test_the_form_of_another_site_is_refused(newsroom: Newsroom, client: TestClient) -> None:
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = client.post("/subscribe", data={"list": "daily", "email": ADA}, headers=headers)
        assert answer.status_code == 403
    assert state(newsroom, ADA) == ""


def test_a_network_may_sign_up_only_so_often(client: TestClient) -> None:
    answers = [
        client.post("/subscribe", data={"list": "daily", "email": f"a{n}@example.org"})
        for n in range(25)
    ]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0


@pytest.mark.parametrize("folder", ["confirm", "preferences", "unsubscribe", "subscribe"])
@pytest.mark.parametrize("token", ["x", "example", "a.b.c", "%00", "%ff", "x" * 3000, "😀"])
def test_a_forged_link_gets_a_page_that_helps(client: TestClient, folder: str, token: str) -> None:
    for method in ("GET", "POST"):
        answer = client.request(method, f"/{folder}/{token}")
        assert answer.status_code == 404
        assert "Traceback" not in answer.text


def test_a_link_is_good_for_one_thing(newsroom: Newsroom, client: TestClient) -> None:
    asked(client)
    tick(newsroom, now())
    token = token_in(letters(newsroom, ADA)[-1], "confirm")
    assert client.post(f"/unsubscribe/{token}").status_code == 404
    assert state(newsroom, ADA) == "pending"


def test_no_page_of_a_link_is_kept_or_told_to_others(client: TestClient) -> None:
    for path in ("/subscribe", "/confirm/x", "/preferences/x"):
        headers = client.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "form-action 'self'" in headers["content-security-policy"]


def test_a_form_that_is_too_large_is_refused(client: TestClient) -> None:
    assert client.post("/subscribe", data={"email": "x" * 10_000_000}).status_code == 413
    many = {f"f{n}": "x" for n in range(5000)}
    assert client.post("/subscribe", data=many).status_code == 400


def field(html: str, name: str) -> str:
    """The value of a form's field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None
    return found[1]


def test_who_fills_the_form_in_at_once_or_with_a_made_up_time_is_asked_again(
    newsroom: Newsroom, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(client)
    tick(newsroom, now())  # the first mail makes the key that signs times
    form = {"list": "daily", "email": "bo@example.org"}
    since = field(client.get("/subscribe").text, "since")
    for wrong in (since, "", "x.y", since[:-2] + "zz"):
        answer = client.post("/subscribe", data={**form, "since": wrong})
        assert answer.status_code == 422
        assert "bo@example.org" in answer.text, "nothing has to be typed again"
        assert state(newsroom, "bo@example.org") == ""
    monkeypatch.setattr("publisher.web.form_times.SOONEST", timedelta(0))
    assert client.post("/subscribe", data={**form, "since": since}).status_code == 200
    assert state(newsroom, "bo@example.org") == "pending"
    monkeypatch.setattr("publisher.web.form_times.LATEST", timedelta(seconds=-2))
    form["email"] = "cy@example.org"
    assert client.post("/subscribe", data={**form, "since": since}).status_code == 422


def test_who_has_left_by_mistake_is_back_with_one_button(
    newsroom: Newsroom, client: TestClient
) -> None:
    put(newsroom, ADA)
    with newsroom.store.read() as session:
        person = subscribers.by_email(session, ADA)
        assert person is not None
        handle = person.handle
    link = Links(newsroom, now()).of(handle, "daily")["@@UNSUBSCRIBE@@"]
    done = client.post(link).text
    assert state(newsroom, ADA) == "unsubscribed"
    back = re.search(r'action="(/subscribe/[^"]+)"', done)
    assert back is not None
    assert client.post(back[1]).status_code == 200
    assert state(newsroom, ADA) == "active"


def test_a_reader_chooses_when_signing_up(store_url: str, tmp_path: Path) -> None:
    lists = [{"name": "daily", "title": "Daily"}]
    with mailroom(store_url, tmp_path, lists=lists) as newsroom:
        store(newsroom, story("A", category=("Town",)), story("B", category=("Sea",)))
        client = TestClient(application(newsroom), base_url="https://news.example")
        page = client.get("/subscribe").text
        assert page.count('name="category"') == 2
        form = {"list": "daily", "email": ADA, "category": ["sea", "nonsense"], "format": "text"}
        assert client.post("/subscribe", data=form | {"language": "ar"}).status_code == 200
        with newsroom.store.read() as session:
            (row,) = subscribers.listed(session, "daily")
        assert (row.categories, row.language, row.format) == (["sea"], "ar", "text")


def test_the_form_alone_may_be_framed_by_anybody_and_nothing_else(client: TestClient) -> None:
    framed = client.get("/embed/subscribe?list=weekly&language=ar")
    assert "frame-ancestors *" in framed.headers["content-security-policy"]
    assert 'target="_top"' in framed.text
    assert 'dir="rtl"' in framed.text
    for path in ("/subscribe", "/", "/preferences/x"):
        assert "frame-ancestors 'none'" in client.get(path).headers["content-security-policy"]
