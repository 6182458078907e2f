"""A local mailbox: one .eml file a letter, in a Maildir that any mail program opens."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from publisher.delivery.lines import mail_text
from publisher.delivery.smtp.replies import Reply
from publisher.delivery.transport import (
    Answer,
    Fate,
    Item,
    Letter,
    Outlet,
    UnreachableError,
    written,
)

# So many files are written at a time, since a disk takes them together nearly as fast as one.
WRITERS = 8
GROUP = 64


class MaildirTransport:
    """Files letters under `folder`/new. The same letter twice is one file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def open(self, write: Callable[[Any], Letter]) -> Iterator[Outlet]:
        """See `Transport.open`."""
        with ThreadPoolExecutor(WRITERS, thread_name_prefix="maildir") as writers:
            yield _Outlet(self._folder, write, writers)


class _Outlet:
    """Writes when it is asked what has become of what it took."""

    def __init__(
        self, folder: Path, write: Callable[[Any], Letter], writers: ThreadPoolExecutor
    ) -> None:
        self._folder, self._write, self._writers = folder, write, writers
        self._waiting: list[tuple[Item, float]] = []
        self._is_recalled = False
        self.trouble: Exception | None = None
        try:
            for name in ("tmp", "new", "cur"):
                (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.fail(UnreachableError(f"the mailbox {folder} cannot be used: {error.strerror}"))

    def hand(self, items: Sequence[tuple[Item, float]]) -> None:
        """See `Outlet.hand`."""
        now = time.monotonic()
        self._waiting += [(item, now + wait) for item, wait in items]

    def collect(self, least: int, seconds: float) -> list[Answer]:
        """See `Outlet.collect`."""
        if self.trouble is not None or self._is_recalled:
            return self._give_back()
        now = time.monotonic()
        ready = [item for item, moment in self._waiting if moment <= now][:GROUP]
        if not ready:
            time.sleep(seconds)
            return []
        taken = {id(item) for item in ready}
        self._waiting = [one for one in self._waiting if id(one[0]) not in taken]
        return self._file(ready)

    def recall(self) -> None:
        """See `Outlet.recall`; `collect` gives them back."""
        self._is_recalled = True

    def fail(self, error: Exception) -> None:
        """See `Outlet.fail`."""
        self.trouble = self.trouble or error

    def _give_back(self) -> list[Answer]:
        self._waiting, kept = [], self._waiting
        said = str(self.trouble or "")
        return [Answer(item, Fate.KEPT, said=said) for item, _ in kept]

    def _file(self, items: Sequence[Item]) -> list[Answer]:
        """Write a group: first all files, then their names, each of which comes at once."""
        answers: list[Answer] = []
        files = []
        for item in items:
            try:
                found = written(self._write, item)
            except Exception as error:  # a template, say: it is raised where the sender is
                self.fail(error)
                found = Answer(item, Fate.KEPT, said=str(error))
            if isinstance(found, Letter):
                files.append((item, _File(self._folder, found)))
            else:
                answers.append(found)
        troubles = self._writers.map(_File.write, [file for _, file in files])
        for (item, file), trouble in zip(files, troubles, strict=True):
            unfinished = trouble or file.publish()
            if unfinished is None:
                reply = Reply(250, f"filed as {file.final}".encode())
                answers.append(Answer(item, Fate.TAKEN, reply, "CONTENT"))
            else:
                self.fail(UnreachableError(f"{file.final} was not written: {unfinished.strerror}"))
                answers.append(Answer(item, Fate.KEPT, said=str(self.trouble)))
        return answers


class _File:
    """One letter on its way into the mailbox."""

    def __init__(self, folder: Path, letter: Letter) -> None:
        name = f"{hashlib.sha256(letter.key.encode()).hexdigest()[:32]}.eml"
        self._temporary, self.final = folder / "tmp" / name, folder / "new" / name
        head = f"Return-Path: <{letter.sender}>\r\nDelivered-To: {letter.recipient}\r\n"
        self._data = head.encode() + mail_text(letter.data)

    def write(self) -> OSError | None:
        """Put the bytes on the disk."""
        try:
            with self._temporary.open("wb") as file:
                file.write(self._data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            return error
        return None

    def publish(self) -> OSError | None:
        """Give it its name."""
        try:
            self._temporary.replace(self.final)
        except OSError as error:
            return error
        return None
