"""What is written into the log: lines for people, or JSON lines for programs.

Every module logs by the standard library; here it is decided how that looks. Whatever is bound with
`bound` (a request's id, an edition) stands on each line that is written inside.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

# The scheduler warns of each tick that finds the one before still at work, as it should be.
QUIET = {"apscheduler": logging.ERROR, "uvicorn": logging.WARNING}
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_address = re.compile(r"[^\s<>@\"'(),;:/\\\[\]]+@(?=[\w.\-\[])")


def set_up(stream: TextIO, form: str = "auto", level: str = "info") -> None:
    """Log to a stream: `json`, `text`, or by itself (text on a terminal, JSON elsewhere).

    Addresses of people are masked, but for the level debug. systemd's journal is told of levels in
    the way that it understands (sd-daemon(3)), so that `journalctl -p warning` finds them.
    """
    on_terminal = stream.isatty()
    as_json = form == "json" or (form == "auto" and not on_terminal)
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=as_json),
    ]
    last: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=on_terminal, pad_event_to=0)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*first, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask_addresses,
            _for_the_journal(last) if _is_journal(stream) else last,
        ],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for library, least in QUIET.items():
        logging.getLogger(library).setLevel(least)


def _is_journal(stream: TextIO) -> bool:
    """Whether what is written there goes to the journal (systemd.exec(5), $JOURNAL_STREAM)."""
    try:
        state = os.fstat(stream.fileno())
    except (OSError, ValueError):  # no file behind it
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{state.st_dev}:{state.st_ino}"


def _for_the_journal(render: Processor) -> Processor:
    def rendered(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        priority = _PRIORITIES.get(event.get("level", ""), 6)
        return f"<{priority}>{render(logger, method, event)!s}"

    return rendered


def bound(**ids: Any) -> AbstractContextManager[Any]:
    """Inside the block every line of this thread, or task, carries these values."""
    return structlog.contextvars.bound_contextvars(**ids)


def mask_addresses(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Leave of each mail address only its domain, unless the line is for debugging."""
    if event.get("level") != "debug":
        for name, value in event.items():
            if isinstance(value, str) and "@" in value:
                event[name] = _address.sub("…@", value)
    return event
