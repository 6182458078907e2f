"""What the commands share: opening the newsroom, progress, and machine-readable output."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import click

from publisher import config as settings
from publisher import logs
from publisher.bootstrap import opened
from publisher.config import Config
from publisher.pipeline.newsroom import Newsroom

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def now() -> datetime:
    """The present moment; everything further in gets it as an argument."""
    return datetime.now(UTC)


def read_config(context: click.Context) -> Config:
    """The config that the command line names. Raises ConfigError."""
    path: Path = context.find_root().obj
    return settings.load(path)


@contextmanager
def newsroom_of(context: click.Context) -> Iterator[Newsroom]:
    """The newsroom that the command line names, open until the end of the block."""
    with opened(read_config(context)) as newsroom:
        yield newsroom


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 article`, `2 articles`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


@contextmanager
def until_a_signal() -> Iterator[threading.Event]:
    """Inside the block SIGTERM and SIGINT set the event; a second one ends the process as ever."""
    ended = threading.Event()
    signals = (signal.SIGTERM, signal.SIGINT)

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()
        put_back()

    before = {number: signal.signal(number, end) for number in signals}
    try:
        yield ended
    finally:
        put_back()


class Bar:
    """A progress bar on a terminal; nothing elsewhere, where the last line says it all.

    With a `unit` it says how many of them are done a second. Time left stands there anyway.
    """

    def __init__(self, label: str, total: int, unit: str = "") -> None:
        self._hidden = not sys.stderr.isatty()
        self._unit, self._start, self._first = unit, 0.0, 0
        self._bar: Any = click.progressbar(
            length=max(total, 1), label=label, file=sys.stderr, hidden=self._hidden,
            show_pos=False, item_show_func=self._rate if unit else None,
        )  # fmt: skip

    def __enter__(self) -> Bar:
        self._bar.__enter__()
        return self

    def __exit__(self, *trouble: object) -> None:
        self._bar.__exit__(*trouble)

    def move_to(self, position: int) -> None:
        """Show that so much of the total is done."""
        if not self._start:
            self._start, self._first = time.monotonic(), position
        if position > self._bar.pos:
            self._bar.update(position - self._bar.pos, position)

    def _rate(self, position: int | None) -> str | None:
        seconds = time.monotonic() - self._start
        if position is None or not self._start or seconds < 1:
            return None
        return f"{(position - self._first) / seconds:,.0f} {self._unit}/s"

    def say(self, line: str) -> None:
        """A line on standard error, above the bar where there is one."""
        if self._hidden:
            click.echo(line, err=True)
        else:
            click.echo(f"\r\x1b[K{line}", err=True)
            self._bar.render_progress()


def log_as_told(context: click.Context) -> None:
    """Say on standard error what the long-running parts do, as the config has it."""
    log = read_config(context).log
    logs.set_up(sys.stderr, log.format, log.level)
