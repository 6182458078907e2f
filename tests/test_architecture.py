"""The rooms stay apart and small, and config.toml says everything that can be set."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from publisher import config
from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "publisher"
LONGEST_FILE = 350

# One library, one room (who may import which room is import-linter's part, in `make check`).
ROOMS = {
    "alembic": ("store/",),
    "apscheduler": ("clock.py",),
    "argon2": ("passwords.py",),
    "celery": ("cluster.py",),
    "cryptography": ("delivery/dkim.py",),
    "dns": ("delivery/records.py",),
    "feedgen": ("syndication/",),
    "flufl": ("delivery/bounces/",),
    "imapclient": ("delivery/bounces/",),
    "httptools": ("outbound.py",),
    "itsdangerous": ("tokens.py",),
    "kombu": ("cluster.py",),
    "jinja2": ("render/",),
    "PIL": ("ingest/pictures.py",),
    "premailer": ("render/",),
    "prometheus_client": ("web/watching.py",),
    "sqlalchemy": ("model/", "store/"),
    "starlette": ("web/",),
    "structlog": ("logs.py",),
}


@pytest.mark.parametrize("library", ROOMS)
def test_a_library_stays_in_its_room(library: str) -> None:
    astray = [name for name in _importers(library) if not name.startswith(ROOMS[library])]
    assert not astray, f"{library} belongs in {' or '.join(ROOMS[library])}"


def test_one_file_alone_knows_feedgen() -> None:
    assert len(_importers("feedgen")) == 1


def test_no_file_is_too_long() -> None:
    lengths = {
        str(file.relative_to(REPOSITORY)): len(file.read_text(encoding="utf-8").splitlines())
        for folder in ("publisher", "tests", "benchmarks")
        for file in (REPOSITORY / folder).rglob("*.py")
    }
    assert {name: count for name, count in lengths.items() if count > LONGEST_FILE} == {}


def test_every_setting_stands_in_the_config_under_a_comment() -> None:
    documented = {(one.section, one.key) for one in _settings() if one.has_comment}
    assert documented == {
        (section, key) for section, kind in _sections().items() for key in kind.model_fields
    }


def test_the_config_as_shipped_holds_the_defaults() -> None:
    shipped = config.load(REPOSITORY / "config.toml", environ={})
    assert shipped == config.Config(root=REPOSITORY)


def test_a_setting_that_is_commented_out_shows_its_default() -> None:
    for one in _settings():
        field = _sections()[one.section].model_fields[one.key]
        # Where there is no default, or None, which has no spelling, an example stands.
        if one.is_comment and not field.is_required() and (default := field.default) is not None:
            parsed = _parse({one.section: {**_examples(one.section), one.key: one.value}})
            assert getattr(parsed, one.key) == default, f"[{one.section}] {one.key}"


def test_every_commented_setting_can_be_used_as_it_stands() -> None:
    values: dict[str, dict[str, Any]] = {}
    for one in _settings():
        values.setdefault(one.section, {})[one.key] = one.value
    several = config.table_lists()
    tables = {name: [table] if name in several else table for name, table in values.items()}
    config.parse(tables, {}, root=REPOSITORY, name="config.toml")


class _Setting:
    """One `key = value` line of config.toml, commented out or not."""

    def __init__(self, section: str, line: str, above: str) -> None:
        self.section = section
        self.is_comment = line.startswith("#")
        self.has_comment = above.startswith("# ") and not _SETTING.match(above)
        table = tomllib.loads(line.removeprefix("# "))
        self.key, self.value = next(iter(table.items()))


_SECTION = re.compile(r"^(?:# )?\[\[?(\w+)\]\]?$")
_SETTING = re.compile(r"^(?:# )?\w+ = \S")


def _settings() -> Iterator[_Setting]:
    section = above = ""
    for line in (REPOSITORY / "config.toml").read_text(encoding="utf-8").splitlines():
        if found := _SECTION.match(line):
            section = found[1]
        elif _SETTING.match(line):
            yield _Setting(section, line, above)
        above = line


def _sections() -> dict[str, type[config.Section]]:
    return {**config.plain_sections(), **config.table_lists()}


def _examples(section: str) -> dict[str, Any]:
    """What the section cannot do without."""
    fields = _sections()[section].model_fields
    return {
        one.key: one.value
        for one in _settings()
        if one.section == section and fields[one.key].is_required()
    }


def _parse(values: dict[str, Any]) -> config.Section:
    section, table = next(iter(values.items()))
    return _sections()[section].model_validate(table)


def _importers(library: str) -> list[str]:
    """The package's files that import a library, anywhere in them, as paths from the package."""
    return sorted(
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if library in _imported(file)
    )


def _imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}
