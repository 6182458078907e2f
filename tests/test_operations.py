"""What docs/operations.md tells a technician to type is there to be typed."""

from __future__ import annotations

import re

import click
import pytest

from publisher.cli import main
from tests.conftest import REPOSITORY

MANUAL = (REPOSITORY / "docs" / "operations.md").read_text()
# In backticks or in a block of commands; what follows is the command's words.
_command = re.compile(r"(?:`|^ {4}(?:\S+/)?)publisher ([a-z][^`\n#…]*)", re.MULTILINE)
_short = re.compile(r"`((?:digest|subscribers|bounces|feeds|restore|dkim) [^`…]*)`")
COMMANDS = sorted({words.strip() for words in _command.findall(MANUAL) + _short.findall(MANUAL)})


def test_there_are_commands_to_be_tried() -> None:
    assert len(COMMANDS) > 20


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_of_the_manual_is_there_with_its_options(words: str) -> None:
    command: click.Command = main
    rest = words.split()
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), name := rest.pop(0))
        assert found is not None, f"publisher {words}: {name}"
        command = found
    known = {option for one in command.params for option in one.opts}
    for option in re.findall(r"(?<!\S)--[a-z-]+", " ".join(rest)):
        assert option in known, f"publisher {words}"


def test_every_file_of_the_manual_is_there() -> None:
    for name in re.findall(r"deploy/([\w.-]+)", MANUAL):
        assert (REPOSITORY / "deploy" / name).exists(), name
    for name in re.findall(r"\]\((\S+\.md)\)", MANUAL):
        assert (REPOSITORY / "docs" / name).exists(), name
