"""What runs the publisher by itself: units that systemd takes, an image that can be built."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner

from publisher import config as settings
from publisher.cli import main
from tests.conftest import REPOSITORY

UNITS = sorted((REPOSITORY / "deploy" / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
MOST_EXPOSED = 20  # tenths; systemd calls up to 2.5 "safe"


@pytest.fixture
def placed(tmp_path: Path, missing: Callable[[str], NoReturn]) -> Path:
    """The units in a folder, with a program that is there."""
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze is not installed")
    for unit in UNITS:
        text = unit.read_text().replace("/opt/publisher/bin/publisher", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    return tmp_path


def test_systemd_takes_every_unit(placed: Path) -> None:
    command = ["systemd-analyze", "verify", "--man=no", *(str(placed / one.name) for one in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_may_do_little_more_than_its_work(placed: Path, unit: Path) -> None:
    options = ["--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}"]
    command = ["systemd-analyze", "security", *options, str(placed / unit.name)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_runs_a_command_that_there_is(unit: Path) -> None:
    words = re.findall(r"^ExecStart=/opt/publisher/bin/publisher (.*)$", unit.read_text(), re.M)
    assert len(words) == 1
    done = CliRunner().invoke(main, [*words[0].split()[:1], "--help"])
    assert done.exit_code == 0
    for option in re.findall(r"--[a-z-]+", words[0]):
        assert option in done.output


def test_every_setting_of_the_environment_file_is_known(tmp_path: Path) -> None:
    text = (REPOSITORY / "deploy" / "publisher.env").read_text()
    named = dict(re.findall(r"^(?:# )?(PUBLISHER_\w+)=(.*)$", text, re.M))
    assert len(named) >= 3
    shutil.copy(REPOSITORY / "config.toml", tmp_path)
    found = settings.load(tmp_path / "config.toml", named)
    assert found.mail.transport.startswith("smtp://")


def test_the_image_is_made_of_files_that_there_are() -> None:
    text = (REPOSITORY / "deploy" / "Containerfile").read_text().replace("\\\n", " ")
    allowed = (REPOSITORY / ".containerignore").read_text().splitlines()
    steps = [line.partition(" ") for line in text.splitlines() if line and line[0] not in "# "]
    known = "FROM WORKDIR COPY RUN ENV USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK CMD".split()
    assert {step for step, _, _ in steps} <= set(known)
    assert steps[0][0] == "FROM"
    for step, _, rest in steps:
        if step == "COPY" and not rest.startswith("--from"):
            *sources, _ = rest.split()
            for source in sources:
                assert (REPOSITORY / source).exists()
                assert f"!{source}" in allowed
    users = [rest for step, _, rest in steps if step == "USER"]
    assert users == ["publisher"], "it does not run as root"
