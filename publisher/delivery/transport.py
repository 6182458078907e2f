"""What a way out for mail looks like, whatever is behind it."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from publisher.errors import DeliveryError


@dataclass(frozen=True, slots=True)
class Letter:
    """One message on its way. `key` names it for ever: a second hand-over is recognised by it."""

    key: str
    sender: str
    recipient: str
    data: bytes


class RefusedError(Exception):
    """The other side has answered no; `permanent` says whether it would say so again."""

    def __init__(self, reply: str, *, permanent: bool) -> None:
        self.reply = reply
        self.permanent = permanent
        super().__init__(reply)


class UnreachableError(DeliveryError):
    """Nothing can be handed over now, and the letter at hand has surely not been taken."""


class Transport(Protocol):
    """Hands letters over, one after the other, between entering and leaving it."""

    def __enter__(self) -> Self:
        """Get ready. Raises UnreachableError if nothing can be handed over now."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of what was held."""

    def send(self, letter: Letter) -> str:
        """Hand a letter over; the answer of whoever took it.

        Raises RefusedError on a clear no, UnreachableError where it surely was not taken, and
        DeliveryError where nobody knows, since the connection broke while it was being taken.
        """
