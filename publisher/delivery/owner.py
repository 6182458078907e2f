"""Whose rows are being sent: a name for this sender, and whether another one is still alive."""

from __future__ import annotations

import itertools
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path

# A sender on another machine counts as dead when nothing was heard of it for so long.
LEASE = timedelta(minutes=5)
_numbers = itertools.count(1)


def new_name() -> str:
    """A name that no sender had before: machine, process, when it began, and a number in it."""
    pid = os.getpid()
    return f"{_machine()}/{pid}/{_began(pid)}/{next(_numbers)}"


def is_dead(name: str, alive_until: datetime | None, now: datetime) -> bool:
    """Whether the sender of that name has surely ended.

    A process of this machine is asked for; of any other we only know until when it said it was
    alive. In our own process the sender may have ended before the process, so that counts too.
    """
    is_silent = alive_until is None or alive_until < now
    machine, _, process = name.partition("/")
    if machine != _machine():
        return is_silent
    pid, _, rest = process.partition("/")
    if not pid.isdecimal() or _began(int(pid)) != rest.partition("/")[0]:
        return True
    return int(pid) == os.getpid() and is_silent


def _machine() -> str:
    """This boot of this machine, and the room that its process numbers count in (containers)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        room = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:  # no Linux
        return socket.gethostname()
    return f"{boot}.{room}"


def _began(pid: int) -> str:
    """When a process began, as the system says it; empty if there is no such process."""
    try:
        # The name of the program stands in brackets and can hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "" if Path("/proc/self").exists() else _answers(pid)
    return "" if fields[0] in "ZX" else fields[19]


def _answers(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "alive"
