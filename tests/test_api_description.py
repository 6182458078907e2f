"""The API describes itself: as OpenAPI for programs, as a page for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from publisher.web.api.app import OPERATIONS
from publisher.web.api.problems import KINDS
from tests.api import api_at
from tests.sites import Document, browser


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with api_at(tmp_path) as (newsroom, _):
        yield browser(newsroom)


def test_the_description_is_open_and_names_every_operation(client: TestClient) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told["openapi"] == "3.1.0"
    assert told["servers"] == [{"url": "https://news.example/api/v1"}]
    found = {one["operationId"]: one for path in told["paths"].values() for one in path.values()}
    assert len(found) == len(OPERATIONS)
    for operation in OPERATIONS:
        one = found[operation.name]
        assert one["security"] == [{"token": [operation.scope]}]
        assert {str(status) for status in operation.gives} <= set(one["responses"])


def test_every_reference_in_it_leads_somewhere(client: TestClient) -> None:
    text = client.get("/api/v1/openapi.json").text
    told = client.get("/api/v1/openapi.json").json()
    for reference in set(re.findall(r'"\$ref": "#/(.*?)"', text)):
        place = told
        for part in reference.split("/"):
            place = place[part]
        assert place


def test_the_page_shows_every_operation_without_a_script(client: TestClient) -> None:
    answer = client.get("/api/v1/")
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
    page = Document(answer.text)
    identified = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert identified >= {operation.name for operation in OPERATIONS} | set(KINDS)
    inside = {link[1:] for link in page.links if link.startswith("#")}
    assert inside <= identified
    assert len(identified) == sum("id" in attributes for _, attributes in page.elements)
    for operation in OPERATIONS:
        assert operation.path.replace(":path}", "}") in page.text
    assert all(link.startswith(("/", "#")) for link in page.links)
