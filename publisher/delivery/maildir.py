"""A local mailbox: one .eml file a letter, in a Maildir that any mail program opens."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from publisher.delivery.transport import Letter, UnreachableError


class MaildirTransport:
    """Files letters under `folder`/new. The same letter twice is one file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        try:
            for name in ("tmp", "new", "cur"):
                (self._folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnreachableError(
                f"the mailbox {self._folder} cannot be used: {error.strerror}"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is held."""

    def send(self, letter: Letter) -> str:
        """Write the letter in one step. Raises UnreachableError."""
        name = f"{hashlib.sha256(letter.key.encode()).hexdigest()[:32]}.eml"
        temporary, final = self._folder / "tmp" / name, self._folder / "new" / name
        head = f"Return-Path: <{letter.sender}>\r\nDelivered-To: {letter.recipient}\r\n"
        try:
            with temporary.open("wb") as file:
                file.write(head.encode() + letter.data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(final)
        except OSError as error:
            raise UnreachableError(f"{final} was not written: {error.strerror}") from error
        return f"filed as {final}"
