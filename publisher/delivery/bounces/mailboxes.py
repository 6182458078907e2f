"""Where mail that comes back is found; here a Maildir.

What is understood is moved to another folder, so that nobody deals with it twice and people see
what is left for them. All other mails stay as they are, unread where they were unread.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from publisher.delivery.bounces.mail import LIMIT
from publisher.errors import MailboxError

_numbers = count()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail in a mailbox: what it is called there, and its first `LIMIT` bytes."""

    name: str
    data: bytes


class Mailbox(Protocol):
    """Mails to look at, between entering and leaving it.

    What was shown once is not shown again, so a round costs what is new. After an error nobody
    knows what was dealt with: take a new object, which shows all that is there.
    """

    def __enter__(self) -> Self:
        """Get ready. Raises MailboxError."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of what was held."""

    def waiting(self) -> Iterator[Waiting]:
        """The mails that this object has not shown before. Raises MailboxError."""

    def done(self, name: str) -> None:
        """Move a mail to the folder of those that were understood. Raises MailboxError."""


class MaildirMailbox:
    """A Maildir; what is done goes to its folder `.NAME` (Maildir++)."""

    def __init__(self, folder: Path, processed: str) -> None:
        self._folder, self._processed = folder, folder / f".{processed}"
        self._seen: set[str] = set()

    def __enter__(self) -> Self:
        if not (self._folder / "new").is_dir():
            raise MailboxError(
                f"{self._folder} is no Maildir: it has no folder `new`; see bounces.mailbox"
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is held."""

    def waiting(self) -> Iterator[Waiting]:
        """See `Mailbox.waiting`: new mails, and those that a mail program has shown already."""
        try:
            names = [
                f"{part}/{file.name}"
                for part in ("new", "cur")
                for file in sorted((self._folder / part).iterdir())
                if not file.name.startswith(".")
            ]
        except OSError as error:
            raise _unusable(self._folder, error) from error
        here = {_unique(name): name for name in names}
        self._seen &= here.keys()  # what is gone need not be remembered
        for unique, name in here.items():
            if unique not in self._seen:
                self._seen.add(unique)
                data = self._read(name)
                if data is not None:
                    yield Waiting(name, data)

    def _read(self, name: str) -> bytes | None:
        try:
            with (self._folder / name).open("rb") as file:
                return file.read(LIMIT)
        except FileNotFoundError:  # a mail program has just moved it; the next look finds it
            self._seen.discard(_unique(name))
            return None
        except OSError as error:
            raise _unusable(self._folder / name, error) from error

    def done(self, name: str) -> None:
        """See `Mailbox.done`."""
        try:
            for part in ("tmp", "new", "cur"):
                (self._processed / part).mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                target = self._processed / "cur" / f"{_unique(name)}:2,S"
                (self._folder / name).replace(target)
        except OSError as error:
            raise _unusable(self._processed, error) from error


def file_mail(folder: Path, data: bytes) -> Path:
    """Put a mail into a Maildir, which is made if it is not there. Raises MailboxError."""
    host = socket.gethostname().replace("/", "-").replace(":", "-")
    name = f"{time.time():.6f}.{os.getpid()}_{next(_numbers)}.{host}"
    try:
        for part in ("tmp", "new", "cur"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        with (folder / "tmp" / name).open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return (folder / "tmp" / name).replace(folder / "new" / name)
    except OSError as error:
        raise _unusable(folder, error) from error


def _unique(name: str) -> str:
    return name.rpartition("/")[2].partition(":")[0]


def _unusable(place: Path, error: OSError) -> MailboxError:
    return MailboxError(f"the mailbox {place} cannot be used: {error.strerror}")
