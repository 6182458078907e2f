"""Who may do what by the API: tokens, their scopes, and what is refused before it is read."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from publisher.pipeline import access
from publisher.pipeline.newsroom import Newsroom
from publisher.web.api.app import OPERATIONS
from publisher.web.api.operation import AnyOperation
from tests.api import EVERY, api_at, problem, program, token
from tests.commands import make_site, run
from tests.sites import browser, newsroom_at, sql

NOW = datetime(2024, 5, 2, 12, tzinfo=UTC)


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, store_url) as made:
        yield made


def filled(operation: AnyOperation) -> str:
    """An address of the operation."""
    path = operation.path.replace(":path}", "}")
    for name in operation.in_path:
        path = path.replace(f"{{{name}}}", "2018-02-15" if name == "date" else "1")
    return path.lstrip("/")


def ask(client: TestClient, operation: AnyOperation) -> Response:
    return client.request(operation.method, filled(operation), json={})


def test_a_token_is_good_for_its_scope_alone(newsroom: Newsroom) -> None:
    good = {scope: program(newsroom, scope) for scope in EVERY}
    bad = {scope: program(newsroom, *(one for one in EVERY if one != scope)) for scope in EVERY}
    anonymous = program(newsroom)
    del anonymous.headers["authorization"]
    for operation in OPERATIONS:
        told = problem(ask(bad[operation.scope], operation), 403)
        assert told["type"].endswith("#scope")
        assert operation.scope in told["detail"]
        problem(ask(anonymous, operation), 401)
        assert ask(good[operation.scope], operation).status_code not in (401, 403)


@pytest.mark.parametrize(
    "shown",
    ["", "Bearer", "Basic YTpi", "Bearer x", "Bearer pub_000000000000_" + "a" * 43, "bearer  "],
)
def test_what_is_no_token_of_ours_is_refused(newsroom: Newsroom, shown: str) -> None:
    client = program(newsroom)
    client.headers["authorization"] = shown
    answer = client.get("articles")
    problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_another_secret_with_a_good_handle_is_refused(newsroom: Newsroom) -> None:
    good = token(newsroom)
    assert access.token_of(newsroom, good, NOW) is not None
    assert access.token_of(newsroom, good[:-1] + ("A" if good[-1] != "A" else "B"), NOW) is None
    assert access.token_of(newsroom, good + "\n", NOW) is None


def test_only_the_hash_of_a_token_is_stored(newsroom: Newsroom) -> None:
    secret = token(newsroom).rpartition("_")[2]
    (row,) = access.tokens(newsroom)
    assert secret not in repr([getattr(row, name) for name in row.__table__.columns.keys()])  # noqa: SIM118
    assert len(row.sha256) == 32


def test_a_revoked_token_is_refused_at_once(newsroom: Newsroom) -> None:
    client = program(newsroom)
    assert client.get("articles").status_code == 200
    access.revoke(newsroom, 1, NOW)
    problem(client.get("articles"), 401)


def test_its_last_use_is_written_down_once_a_minute(newsroom: Newsroom) -> None:
    text = token(newsroom)
    for seconds in (0, 30, 59, 61):
        access.token_of(newsroom, text, NOW + timedelta(seconds=seconds))
        (row,) = access.tokens(newsroom)
        assert row.last_used == NOW + timedelta(seconds=61 if seconds == 61 else 0)


def test_a_stranger_is_not_told_whether_a_request_is_right(newsroom: Newsroom) -> None:
    client = browser(newsroom)
    for path in ("/api/v1/articles?limit=x", "/api/v1/articles/~99", "/api/v1/articles/a"):
        problem(client.get(path), 401)
    problem(client.post("/api/v1/articles", content=b"{" * 90_000), 401)


def test_who_guesses_tokens_is_told_to_wait(newsroom: Newsroom) -> None:
    client = program(newsroom)
    good = client.headers["authorization"]
    client.headers["authorization"] = "Bearer pub_000000000000_" + "a" * 43
    statuses = [client.get("articles").status_code for _ in range(40)]
    assert (statuses[0], statuses[-1]) == (401, 429)
    client.headers["authorization"] = good
    assert client.get("articles").status_code == 200


def test_a_token_may_ask_so_often(tmp_path: Path) -> None:
    with api_at(tmp_path, api={"requests_per_minute": 3}) as (newsroom, client):
        assert [client.get("articles").status_code for _ in range(3)] == [200] * 3
        answer = client.get("articles")
        problem(answer, 429)
        assert int(answer.headers["retry-after"]) >= 1
        assert program(newsroom).get("articles").status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400), (b"{", "application/json", 400),
        (b'{"title": NaN}', "application/json", 422), (b"[]", "application/json", 422),
        (b"[" * 100_000, "application/json", 400), (b'{"a":' * 50_000, "application/json", 400),
        (b'{"title": "\xff"}', "application/json", 400), (b"1" * 5000, "application/json", 400),
        (b'{"title": "\\ud800"}', "application/json", 400), (b"title=x", "text/plain", 415),
        (b'{"title": ["x"]}', "application/json", 422), (b"\x00", "application/json", 400),
        (b'{"title": "' + b"x" * 2_000_000 + b'"}', "application/json", 413),
        (b'{"media": [{"url": "x", "size": 1e400}]}', "application/json", 422),
    ],
)  # fmt: skip
def test_what_is_no_article_is_refused(
    newsroom: Newsroom, body: bytes, kind: str, status: int
) -> None:
    client = program(newsroom)
    answer = client.post("articles", content=body, headers={"content-type": kind})
    problem(answer, status)


def test_control_characters_do_not_reach_the_database(newsroom: Newsroom) -> None:
    client = program(newsroom)
    written = client.put(
        "articles/a", json={"title": "a\x00b", "body": "<p>\x00\x0b</p>x", "tags": ["\x00"]}
    )
    assert written.json()["article"]["title"] == "ab"
    problem(client.get("articles", params={"category": "a\x00"}), 422)
    problem(client.get("articles/%00"), 404)
    problem(client.put("articles/a%2Fb", json={"title": "x"}), 404)


def test_an_address_that_does_not_exist_is_a_problem_too(newsroom: Newsroom) -> None:
    client = browser(newsroom)
    problem(client.get("/api/v1/nothing"), 404)
    problem(client.get("/api"), 404)
    problem(client.get("/api/v1/articles?" + "x" * 5000), 414)
    wrong = program(newsroom).delete("articles")
    problem(wrong, 405)
    assert wrong.headers["allow"] == "GET, POST"


def test_a_store_that_does_not_answer_is_said_to_come_back(newsroom: Newsroom) -> None:
    client = program(newsroom)
    client.get("articles")
    sql(newsroom, "ALTER TABLE article RENAME TO elsewhere")
    answer = client.get("articles")
    told = problem(answer, 503)
    assert answer.headers["retry-after"] == "5"
    assert "elsewhere" not in json.dumps(told)


def test_no_token_is_logged(newsroom: Newsroom, caplog: pytest.LogCaptureFixture) -> None:
    client = program(newsroom)
    secret = client.headers["authorization"].split()[1]
    with caplog.at_level(logging.DEBUG):
        client.get("articles")
        client.post("articles", content=b"{")
        sql(newsroom, "ALTER TABLE article RENAME TO elsewhere")
        client.get("articles")
    assert caplog.text
    assert secret not in caplog.text
    assert secret[-43:] not in caplog.text


def test_tokens_are_made_listed_and_revoked_by_command(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_site(store_url, tmp_path, monkeypatch)
    assert "No tokens yet" in run("token", "list").stdout
    made = run("token", "new", "CMS", "--scope", "articles:write", "--scope", "articles:read")
    text = made.stdout.strip()
    assert text.startswith("pub_")
    listed = run("token", "list").stdout
    assert "CMS: articles:read, articles:write" in listed
    assert "never used" in listed
    assert text[-43:] not in listed
    as_json = json.loads(run("token", "new", "x", "--scope", "editions:read", "--json").stdout)
    assert as_json["token"].startswith(f"pub_{as_json['handle']}_")
    run("token", "revoke", 1)
    assert json.loads(run("token", "list", "--json").stdout)[0]["revoked"]
    assert "there is no token 9" in run("token", "revoke", 9, code=2).stderr
    run("token", "new", "x", "--scope", "everything", code=2)
    assert "name" in run("token", "new", " ", "--scope", "articles:read", code=2).stderr
