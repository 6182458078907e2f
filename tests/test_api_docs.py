"""docs/api.md is true: its commands are typed, and its scopes and events are the real ones."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from publisher.model import Scope
from publisher.pipeline.webhooks import EVENTS
from publisher.web.app import application
from tests.api import api_at, problem, token
from tests.conftest import REPOSITORY
from tests.http_server import serving

TEXT = (REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8")
_commands = re.compile(r"(?<=^```sh\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def test_every_command_of_the_page_does_what_it_should(
    tmp_path: Path, missing: Callable[[str], NoReturn]
) -> None:
    for program in ("curl", "bash"):
        if shutil.which(program) is None:
            missing(f"{program} is not installed")
    blocks = _commands.findall(TEXT)
    assert len(blocks) >= 7
    with (
        api_at(tmp_path) as (newsroom, _),
        serving(application(newsroom)) as server,
    ):
        script = "set -e -o pipefail\n" + "\n".join(blocks)
        done = subprocess.run(
            ["bash", "-c", script],
            env={**os.environ, "API": f"{server.address}/api/v1", "TOKEN": token(newsroom)},
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"outcome":"new"' in done.stdout
    assert done.stdout.count('"outcome":"edited"') == 2
    assert "whsec_" in done.stdout


def test_every_scope_and_event_stands_there() -> None:
    for scope in Scope:
        assert f"| `{scope}` |" in TEXT
    for event in EVENTS:
        assert f"`{event}`" in TEXT or f"`.{event.removeprefix('article.')}`" in TEXT


def test_the_problem_that_is_shown_is_the_one_that_comes(tmp_path: Path) -> None:
    with api_at(tmp_path) as (_, client):
        wrong = {"titel": "x", "published": "2018-02-30"}
        for fault in problem(client.put("articles/a", json=wrong), 422)["errors"]:
            assert fault["detail"] in TEXT
            assert fault["pointer"] in TEXT
