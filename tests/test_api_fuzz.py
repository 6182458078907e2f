"""Whatever a program sends, the API answers as it says that it does, and never by failing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from publisher.web.api.app import OPERATIONS, PREFIX
from publisher.web.api.operation import AnyOperation
from publisher.web.app import application
from tests.api import api_at, token
from tests.sites import store, story

fuzz = settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)


class _Bearer:
    """Shows a token with each request, but those that schemathesis makes to be refused."""

    text = ""

    @classmethod
    def of(cls, text: str) -> type[_Bearer]:
        return type("Bearer", (cls,), {"text": text})

    def get(self, _case: Any, _context: Any) -> str:
        return self.text

    def set(self, case: Any, text: str, _context: Any) -> None:
        case.headers["Authorization"] = f"Bearer {text}"


@pytest.fixture
def described(store_url: str, tmp_path: Path) -> Iterator[Any]:
    """The API as it describes itself, over a newsroom with some of everything."""
    with api_at(tmp_path, store_url) as (newsroom, _):
        store(newsroom, *(story(f"Ferry {n}", slug=f"f{n}") for n in range(5)))
        made = schemathesis.openapi.from_asgi(f"{PREFIX}/openapi.json", application(newsroom))
        # An article without any text fits its schema, and cannot be taken all the same.
        fine = made.config.checks.positive_data_acceptance.expected_statuses
        fine += ["412", "422"]
        made.config.checks.negative_data_rejection.expected_statuses += ["412", "413"]
        made.auth()(_Bearer.of(token(newsroom)))
        yield made


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_it_answers_as_it_says(described: Any, operation: AnyOperation) -> None:
    one = described[operation.path.replace(":path}", "}")][operation.method]

    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @fuzz
        @given(case=one.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            case.call_and_validate()

        check()
