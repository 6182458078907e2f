"""Newsrooms whose API is asked as a program asks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from publisher.model import Scope
from publisher.pipeline.access import new_token
from publisher.pipeline.newsroom import Newsroom
from tests.sites import browser, newsroom_at

ROOT = "/api/v1"
EVERY = tuple(map(str, Scope))


def token(newsroom: Newsroom, *scopes: str) -> str:
    """A new token; good for everything if nothing is named."""
    return new_token(newsroom, "a test", scopes or EVERY, datetime.now(UTC))[1]


def program(newsroom: Newsroom, *scopes: str) -> TestClient:
    """Asks the API with a token of these scopes."""
    client = browser(newsroom)
    client.headers["authorization"] = f"Bearer {token(newsroom, *scopes)}"
    client.base_url = client.base_url.join(f"{ROOT}/")
    return client


@contextmanager
def api_at(
    folder: Path, store_url: str = "", **sections: Any
) -> Iterator[tuple[Newsroom, TestClient]]:
    """A newsroom, and a program that may do everything."""
    api = {"requests_per_minute": 100_000, **sections.pop("api", {})}
    with newsroom_at(folder, store_url, api=api, **sections) as newsroom:
        yield newsroom, program(newsroom)


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem that an answer tells of."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    return told
