"""What the documentation shows is what happens: every transcript of curl is typed again.

`make golden` writes the answers anew; look at the difference before it lands.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import sqlite3 as sqlite
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner

from publisher import config as settings
from publisher.bootstrap import opened
from publisher.cli import main
from publisher.web.app import application
from tests.conftest import REPOSITORY
from tests.http_server import Server, serving

PAGE = REPOSITORY / "docs" / "serving.md"
SHOWN = "http://127.0.0.1:8000"  # where the demo says that it is
_block = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_validator = re.compile(r'^(etag|last-modified): "?(.*?)"?$', re.MULTILINE)
_varies = re.compile(
    r"(?<=^etag: ).*|(?<=^delta-base: ).*|(?<=^last-modified: ).*|(?<=^date: ).*"
    r"|(?<=^content-length: )\d{3,}|(?<=<lastmod>)[^<]*",
    re.MULTILINE,
)


class Page:
    """A page with transcripts, typed again at another address."""

    def __init__(self, text: str, type_in: Callable[[list[str]], str]) -> None:
        self._text, self._type_in = text, type_in
        self._values: dict[tuple[str, str], str] = {}  # address and value there → value here
        self.different: list[tuple[str, str]] = []

    def written_anew(self) -> str:
        """The same page with the answers of now; what differs is noted."""
        return _block.sub(lambda block: self._block(block[0]), self._text)

    def _block(self, text: str) -> str:
        commands = [part.partition("\n") for part in f"\n{text}".split("\n$ ")[1:]]
        return "".join(self._typed(command, shown) for command, _, shown in commands)

    def _typed(self, command: str, shown: str) -> str:
        address = command.split()[-1]
        for (where, there), here in self._values.items():
            if where == address:
                command = command.replace(there, here)
        answer = self._type_in(shlex.split(command))
        old, new = dict(_validator.findall(shown)), dict(_validator.findall(answer))
        for name in old.keys() & new.keys():
            known = self._values.setdefault((address, old[name]), new[name])
            assert known == new[name], f"{address}: another {name} where the page shows the same"
        if _masked(shown) != _masked(answer):
            self.different.append((_masked(shown), _masked(answer)))
        return f"$ {command}\n{answer}"


def curl(demo: settings.Config, server: Server, command: list[str]) -> str:
    """Ask the server."""
    there = [part.replace(SHOWN, server.address) for part in command]
    done = subprocess.run(there, check=True, capture_output=True, timeout=20)
    answer = done.stdout.decode().replace("\r\n", "\n").strip()
    return answer.replace(demo.site.url, SHOWN).replace(server.address, SHOWN) + "\n"


def publisher(demo: settings.Config, _server: Server, command: list[str]) -> str:
    """Run a command of ours in the demo's folder."""
    config = str(demo.root / "config.toml")
    result = CliRunner().invoke(main, ["--config", config, *command[1:]])
    assert result.exit_code == 0, result.output
    return result.output.replace(f"{demo.root}/", "")


def sqlite3(demo: settings.Config, _server: Server, command: list[str]) -> str:
    """Change the store as any other program can."""
    with contextlib.closing(sqlite.connect(demo.root / command[1])) as connection:
        connection.execute(command[2])
        connection.commit()
    return ""


TYPE = {"curl": curl, "publisher": publisher, "sqlite3": sqlite3}


def _masked(text: str) -> str:
    return _varies.sub("…", text).strip()


@pytest.fixture
def demo(tmp_path: Path) -> settings.Config:
    """The sample newsroom, as `publisher demo` makes it."""
    result = CliRunner().invoke(main, ["demo", "--once", str(tmp_path / "demo")])
    assert result.exit_code == 0, result.output
    return settings.load(tmp_path / "demo" / "config.toml")


def test_the_golden_transcripts_of_serving_are_true(
    demo: settings.Config, missing: Callable[[str], NoReturn]
) -> None:
    if shutil.which("curl") is None:
        missing("curl is not installed")
    text = PAGE.read_text(encoding="utf-8")
    time.sleep(1 - time.time() % 1)  # a document has no Last-Modified in the second of its change
    deltas = demo.model_copy(update={"feeds": demo.feeds.model_copy(update={"deltas": True})})
    with (
        opened(demo) as newsroom,
        opened(deltas) as other,
        serving(application(newsroom)) as plain,
        serving(application(other)) as with_deltas,
    ):

        def type_in(command: list[str]) -> str:
            asks = any(part.startswith("A-IM") for part in command)
            return TYPE[command[0]](demo, with_deltas if asks else plain, command)

        page = Page(text, type_in)
        anew = page.written_anew()
    if os.environ.get("REFRESH_GOLDEN"):
        PAGE.write_text(anew, encoding="utf-8")
    else:
        assert [shown for shown, _ in page.different] == [here for _, here in page.different]


def test_the_transcripts_show_every_kind_of_answer() -> None:
    blocks = "".join(_block.findall(PAGE.read_text(encoding="utf-8")))
    for status in (
        "200 OK", "226 IM Used", "301 Moved Permanently", "304 Not Modified", "404 Not Found",
        "405 Method Not Allowed", "410 Gone",
    ):  # fmt: skip
        assert f"\nHTTP/1.1 {status}\n" in blocks
    for coding in ("gzip", "br"):
        assert f"\ncontent-encoding: {coding}\n" in blocks
