"""The wheel alone is a newsroom: built and installed without a network, it works as it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

from tests.conftest import REPOSITORY

TITLE = "Lighthouse keeper retires after forty winters"
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()
ARTICLE = f"""\
---
title: {TITLE}
date: {YESTERDAY}
category: Town › Harbour
source: Harbour Office
---
The lamp on the north pier will be lit by a machine from tonight on.
"""

Command = Callable[..., str]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], REPOSITORY)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], NoReturn]
) -> Path:
    """The folder of programs of an environment that holds the wheel, and ours for the rest."""
    if find_spec("pip") is None or find_spec("venv") is None:
        missing("pip or venv is not installed")
    home = tmp_path_factory.mktemp("installed")
    _run([sys.executable, "-m", "venv", "--without-pip", home], REPOSITORY)
    python = home / "bin" / "python"
    _run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", wheel],
        REPOSITORY,
    )
    (packages,) = home.glob("lib/python*/site-packages")
    # Appended, not searched for further paths: an editable install of ours is not seen there.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


@pytest.fixture
def publisher(programs: Path, tmp_path: Path) -> Command:
    """Runs the installed command in a site's folder and gives what it printed."""

    def run(*arguments: str, folder: Path = tmp_path) -> str:
        return _run([programs / "publisher", *arguments], folder)

    return run


def test_the_wheel_carries_templates_translations_and_the_config(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, place in {
        "email_templates": "publisher/packaged/email_templates",
        "publisher/locale": "publisher/locale",
        "publisher/sample": "publisher/sample",
        "publisher/web": "publisher/web",
    }.items():
        files = [f for f in (REPOSITORY / folder).rglob("*") if _is_ours(f)]
        assert files, f"{folder} is empty"
        expected = {f"{place}/{f.relative_to(REPOSITORY / folder).as_posix()}" for f in files}
        assert expected <= names
    assert "publisher/packaged/config.toml" in names


def test_the_wheel_carries_nothing_but_the_package(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"publisher"}


def test_the_installed_package_is_the_one_that_runs(programs: Path, tmp_path: Path) -> None:
    code = "import publisher; print(publisher.__file__)"
    printed = _run([programs / "python", "-c", code], tmp_path)
    assert Path(printed.strip()).is_relative_to(programs.parent)


def test_help_names_the_commands(publisher: Command) -> None:
    printed = publisher("--help")
    assert all(command in printed for command in ("init", "import", "feeds", "digest", "demo"))


def test_a_new_site_takes_an_article_to_feeds_and_digest(
    publisher: Command, tmp_path: Path
) -> None:
    publisher("init", "site")
    site = tmp_path / "site"
    (site / "keeper.md").write_text(ARTICLE, encoding="utf-8")
    publisher("import", "keeper.md", folder=site)
    publisher("feeds", "build", folder=site)
    publisher("digest", "preview", "daily", "--output", "preview.html", folder=site)

    feeds = site / "feeds"
    for folder in (feeds, feeds / "town", feeds / "town" / "harbour"):
        assert TITLE in (folder / "atom.xml").read_text(encoding="utf-8")
        assert TITLE in (folder / "rss.xml").read_text(encoding="utf-8")
        (item,) = json.loads((folder / "feed.json").read_text(encoding="utf-8"))["items"]
        assert item["title"] == TITLE
    preview = (site / "preview.html").read_text(encoding="utf-8")
    assert TITLE in preview
    assert "north pier" in preview


def test_importing_again_changes_nothing(publisher: Command, tmp_path: Path) -> None:
    publisher("init", "site")
    site = tmp_path / "site"
    (site / "keeper.md").write_text(ARTICLE, encoding="utf-8")
    publisher("import", "keeper.md", folder=site)
    again = json.loads(publisher("import", "--json", "keeper.md", folder=site))
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 1)


def _is_ours(file: Path) -> bool:
    return file.is_file() and file.suffix != ".pyc" and not file.name.startswith(".")


def _offline(environ: Mapping[str, str]) -> dict[str, str]:
    """Without a registry, and without anything of ours on the path."""
    kept = {k: v for k, v in environ.items() if not k.startswith(("PUBLISHER_", "PYTHON", "PIP_"))}
    return {**kept, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _run(command: list[str | Path], folder: Path) -> str:
    """What the command printed; it must work."""
    done = subprocess.run(
        command, cwd=folder, env=_offline(os.environ), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout
