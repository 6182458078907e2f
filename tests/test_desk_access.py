"""Nobody comes in at the desk who may not, and no other site acts through who has come in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from publisher.errors import UsageError
from publisher.model import Role, SignInTries
from publisher.pipeline import users
from publisher.pipeline.newsroom import Newsroom
from publisher.web.desk.app import ROOMS
from tests.deskwork import PASSWORD, SAME_SITE, Worker, user
from tests.sites import browser, newsroom_at, sql

NOW = datetime(2024, 5, 2, 12, 0, tzinfo=UTC)
DOORS = [door for room in ROOMS for door in room.DOORS]
FILLED = {"list": "daily", "day": "2024-05-02", "id": "1", "number": "1"}


def address(path: str) -> str:
    for name, value in FILLED.items():
        path = path.replace(f"{{{name}}}", value).replace(f"{{{name}:int}}", value)
    return path


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, store_url) as made:
        yield made


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path) as made:
        yield made


def test_who_signs_in_comes_in_and_out_again(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    assert "Overview" in worker.page("/desk/").text
    cookie = worker.client.cookies.get("__Host-desk")
    answer = worker.send("/desk/sign-out")
    assert answer.headers["location"] == "/desk/sign-in"
    worker.client.cookies.set("__Host-desk", str(cookie))
    assert worker.client.get("/desk/").status_code == 303  # the store has forgotten it


def test_the_cookie_is_for_this_host_alone_and_for_no_script(site: Newsroom) -> None:
    user(site, "ed", Role.EDITOR)
    answer = Worker(site).sign_in("ED ")
    said = answer.headers["set-cookie"].lower()
    assert said.startswith("__host-desk=")
    for word in ("secure", "httponly", "samesite=lax", "path=/"):
        assert word in said
    assert "domain" not in said


def test_a_site_without_https_has_a_cookie_too(tmp_path: Path) -> None:
    with newsroom_at(tmp_path, site={"url": "http://127.0.0.1:8000"}) as made:
        worker = Worker(made, "ed")
        assert worker.client.cookies.get("desk")
        worker.page("/desk/")


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.path)
def test_a_stranger_sees_nothing_and_does_nothing(site: Newsroom, door: object) -> None:
    client = browser(site)
    path = address(door.path)  # type: ignore[attr-defined]
    for method in ("GET", "POST"):
        answer = client.request(method, path, headers=SAME_SITE)
        assert answer.status_code in (303, 405), (method, path)
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/desk/sign-in")


@pytest.mark.parametrize(
    "door", [d for d in DOORS if d.role is Role.OPERATOR], ids=lambda d: d.path
)
def test_an_editor_does_not_come_into_the_rooms_of_operators(site: Newsroom, door: object) -> None:
    worker = Worker(site, "ed")
    path = address(door.path)  # type: ignore[attr-defined]
    assert "subscribers/" not in " ".join(worker.page("/desk/").links)
    if door.get:  # type: ignore[attr-defined]
        worker.page(path, 403)
    if door.post:  # type: ignore[attr-defined]
        worker.send(path, 403)


@pytest.mark.parametrize("door", [d for d in DOORS if d.post], ids=lambda door: door.path)
def test_a_form_needs_the_token_of_its_session_and_comes_from_here(
    site: Newsroom, door: object
) -> None:
    worker = Worker(site, "olga", Role.OPERATOR)
    other = Worker(site, "otto", Role.OPERATOR)
    path = address(door.path)  # type: ignore[attr-defined]
    for fields in ({}, {"token": ""}, {"token": other.token}):
        assert worker.client.post(path, data=fields, headers=SAME_SITE).status_code == 403
    good = {"token": worker.token}
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
    ):
        assert worker.client.post(path, data=good, headers=headers).status_code == 403


def test_nobody_can_plant_a_session(site: Newsroom) -> None:
    worker = Worker(site)
    worker.client.cookies.set("__Host-desk", "A" * 43)
    user(site, "ed", Role.EDITOR)
    assert worker.client.get("/desk/").status_code == 303
    worker.client.cookies.clear()
    before = worker.sign_in("ed").cookies["__Host-desk"]
    assert worker.sign_in("ed").cookies["__Host-desk"] != before != "A" * 43


@pytest.mark.parametrize(
    "way",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/desk/\\evil", "javascript:1"],
)
def test_signing_in_leads_nowhere_else(site: Newsroom, way: str) -> None:
    user(site, "ed", Role.EDITOR)
    answer = Worker(site).sign_in("ed", next=way)
    assert answer.headers["location"] == "/desk/"


def test_after_signing_in_one_is_where_one_wanted_to_be(site: Newsroom) -> None:
    user(site, "ed", Role.EDITOR)
    worker = Worker(site)
    answer = worker.client.get("/desk/articles/?q=a%26b")
    page = worker.page(answer.headers["location"])
    (way,) = page.all("input", name="next")
    assert worker.sign_in("ed", next=way["value"]).headers["location"] == "/desk/articles/?q=a%26b"


def test_wrong_is_wrong_whatever_of_it_is(newsroom: Newsroom) -> None:
    user(newsroom, "ed", Role.EDITOR)
    worker = Worker(newsroom)
    texts = {worker.sign_in(name, "not the password at all").text for name in ("ed", "nobody")}
    assert len(texts) == 1
    assert "Name or password is wrong." in texts.pop()


def test_trying_often_has_to_wait(newsroom: Newsroom) -> None:
    user(newsroom, "ed", Role.EDITOR)
    worker = Worker(newsroom)
    found = [worker.sign_in("ed", f"wrong guess number {n}").status_code for n in range(7)]
    assert found == [422] * 5 + [429] * 2
    late = worker.sign_in("ed")  # the right password does not help either, for now
    assert late.status_code == 429
    assert 0 < int(late.headers["retry-after"]) <= 16
    sql(newsroom, "UPDATE sign_in_tries SET at = '2024-01-01 00:00:00+00:00'")
    assert worker.sign_in("ed").status_code == 303


def test_one_network_cannot_try_name_after_name(site: Newsroom) -> None:
    for number in range(users.FREE_BY_NETWORK):
        with pytest.raises(users.SignInError):
            users.sign_in(site, f"name{number}", "short", "192.0.2.0/24", NOW)
    with pytest.raises(users.SignInWaitError):
        users.sign_in(site, "another", "short", "192.0.2.0/24", NOW)
    with pytest.raises(users.SignInError):
        users.sign_in(site, "name1", "short", "198.51.100.0/24", NOW)


@pytest.mark.parametrize(
    ("number", "seconds"), [(4, 0), (5, 15), (6, 30), (9, 240), (11, 900), (4000, 900)]
)
def test_each_try_doubles_the_wait(number: int, seconds: int) -> None:
    tries = SignInTries(key="x", number=number, at=NOW)
    assert users.wait(tries, 5, NOW) == timedelta(seconds=seconds)
    assert users.wait(tries, 5, NOW + timedelta(days=2)) == timedelta(0)


def test_a_session_ends_when_nobody_works(newsroom: Newsroom) -> None:
    Worker(newsroom, "ed")
    who = users.sign_in(newsroom, "ed", PASSWORD, "192.0.2.0/24", NOW)
    later = NOW + timedelta(hours=11)
    assert users.signed_in(newsroom, who.secret, later) is not None
    assert users.signed_in(newsroom, who.secret, later + timedelta(hours=11)) is not None
    assert users.signed_in(newsroom, who.secret, later + timedelta(hours=24)) is None


def test_a_session_ends_after_two_weeks_of_work(site: Newsroom) -> None:
    Worker(site, "ed")
    who = users.sign_in(site, "ed", PASSWORD, "192.0.2.0/24", NOW)
    at = NOW
    while at - NOW <= users.LONGEST_SESSION:
        assert users.signed_in(site, who.secret, at) is not None
        at += timedelta(hours=11)
    assert users.signed_in(site, who.secret, at) is None


def test_another_password_ends_all_other_sessions(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    other = Worker(newsroom)
    other.sign_in("ed")
    new = "a ferry sails at four"
    for wrong in ({"old": "not it at all"}, {"new": "short", "again": "short"}, {"again": "x"}):
        fields = {"old": PASSWORD, "new": new, "again": new} | wrong
        worker.send("/desk/account", 422, **fields)
    worker.send("/desk/account", old=PASSWORD, new=new, again=new)
    worker.page("/desk/")
    assert other.client.get("/desk/").status_code == 303
    assert other.sign_in("ed").status_code == 422
    assert other.sign_in("ed", new).status_code == 303


def test_a_user_who_was_removed_is_out_at_once(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    users.remove(newsroom, "ed")
    assert worker.client.get("/desk/").status_code == 303


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "ed is my name ed", "x" * 501])
def test_a_password_that_is_easy_to_guess_is_none(site: Newsroom, password: str) -> None:
    with pytest.raises(UsageError):
        users.add(site, "ed", Role.EDITOR, password, NOW)


def test_of_a_password_only_what_argon2_makes_is_kept(newsroom: Newsroom) -> None:
    made = users.add(newsroom, "Ed", Role.EDITOR, PASSWORD, NOW)
    assert made.name == "ed"
    assert made.password_hash.startswith("$argon2id$")
    with pytest.raises(UsageError, match="already"):
        users.add(newsroom, "ED", Role.EDITOR, PASSWORD, NOW)


def test_the_desk_is_kept_nowhere_and_runs_only_our_script(site: Newsroom) -> None:
    worker = Worker(site, "ed")
    headers = worker.client.get("/desk/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["cache-control"] == "no-store"
