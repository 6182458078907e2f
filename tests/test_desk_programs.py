"""An operator lets programs use the API, and ends that; a token is shown once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.model import Role
from publisher.pipeline.newsroom import Newsroom
from tests.deskwork import Worker
from tests.sites import browser, newsroom_at


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, store_url) as made:
        yield made


def status_with(newsroom: Newsroom, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    return browser(newsroom).get("/api/v1/articles", headers=headers).status_code


def test_a_token_is_made_shown_once_used_and_revoked(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "olga", Role.OPERATOR)
    scopes = ["articles:read", "articles:write"]
    answer = worker.send("/desk/programs/", 200, name="Our CMS", scope=scopes)
    found = re.search(r"pub_\w{12}_[\w-]{43}", answer.text)
    assert found is not None
    assert answer.headers["cache-control"] == "no-store"
    page = worker.client.get("/desk/programs/").text
    assert "Our CMS" in page
    assert found[0] not in page
    assert status_with(newsroom, found[0]) == 200
    assert worker.send("/desk/programs/1/revocation").headers["location"].endswith("said=revoked")
    assert status_with(newsroom, found[0]) == 401
    worker.send("/desk/programs/1/revocation")  # again is the same


@pytest.mark.parametrize(
    "fields", [{"name": "X"}, {"name": "", "scope": "articles:read"}, {"name": "X", "scope": "all"}]
)
def test_what_cannot_be_is_said_and_makes_nothing(
    newsroom: Newsroom, fields: dict[str, str]
) -> None:
    worker = Worker(newsroom, "olga", Role.OPERATOR)
    assert 'role="alert"' in worker.send("/desk/programs/", 422, **fields).text
    assert "pub_" not in worker.client.get("/desk/programs/").text


def test_an_editor_does_not_come_in(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed", Role.EDITOR)
    worker.page("/desk/programs/", 403)
    worker.send("/desk/programs/", 403, name="X", scope="articles:read")
