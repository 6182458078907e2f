"""What a way out for mail looks like, whatever is behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, Protocol

from publisher.delivery.smtp.replies import Reply
from publisher.errors import DeliveryError


class Letter(NamedTuple):
    """One message on its way. `key` names it for ever: a second hand-over is recognised by it.

    `data` is best a `lines.MailText`; any other bytes are looked through once more.
    """

    key: str
    sender: str
    recipient: str
    data: bytes


class WithheldError(ValueError):
    """A letter that must not leave, since its reader is not to be written to any more."""


class NotYetError(ValueError):
    """A letter that cannot be written now, and perhaps later."""


class UnreachableError(DeliveryError):
    """Nothing can be handed over now, and what was not handed over has surely not been taken."""


class Item(Protocol):
    """A row of a ledger that is to be sent."""

    @property
    def id(self) -> int:
        """The row's number in its ledger."""

    @property
    def email(self) -> str:
        """Whom it goes to."""

    @property
    def attempts(self) -> int:
        """How often it was tried before."""


class Fate(Enum):
    """What became of a letter."""

    TAKEN = "taken"
    REFUSED = "refused"
    UNFIT = "unfit"  # it cannot be written, or no server could take it
    WITHHELD = "withheld"  # its reader is not to be written to
    NOT_YET = "not yet"  # it cannot be written now
    KEPT = "kept"  # it has surely not been taken, through no fault of its own
    LOST = "lost"  # the connection broke when it may have been taken


class Answer(NamedTuple):
    """What became of an item; `reply` and `stage` are the server's, `said` our own words.

    A stage is MAIL, RCPT, DATA, or CONTENT for the message itself.
    """

    item: Any
    fate: Fate
    reply: Reply | None = None
    stage: str = ""
    said: str = ""


class Outlet(Protocol):
    """A transport at work for one sender."""

    @property
    def trouble(self) -> Exception | None:
        """Why nothing more can leave; what had not left has come back as kept."""

    def hand(self, items: Sequence[tuple[Item, float]]) -> None:
        """Take items on, each after so many seconds. Returns at once."""

    def collect(self, least: int, seconds: float) -> list[Answer]:
        """What has been answered since: as soon as it is so many, or all, or the time is over."""

    def recall(self) -> None:
        """Ask for what has not begun to leave; it comes back as kept."""

    def fail(self, error: Exception) -> None:
        """Let this be the outlet's trouble, if it has none."""


class Transport(Protocol):
    """Hands letters over."""

    def open(self, write: Callable[[Any], Letter]) -> AbstractContextManager[Outlet]:
        """An outlet for items, whose letters `write` makes when their turn comes.

        What its errors mean for the letter says `written`; any other is the outlet's trouble.
        """


def written(write: Callable[[Any], Letter], item: Any) -> Letter | Answer:
    """The letter of an item; or what becomes of one that has none, which a ValueError says."""
    try:
        return write(item)
    except WithheldError as error:
        return Answer(item, Fate.WITHHELD, said=str(error))
    except NotYetError as error:
        return Answer(item, Fate.NOT_YET, said=str(error))
    except ValueError as error:
        return Answer(item, Fate.UNFIT, said=str(error))


@dataclass(frozen=True, slots=True)
class _Single:
    """A letter of no ledger."""

    email: str
    id: int = 0
    attempts: int = 0


def hand_over(transport: Transport, letter: Letter) -> str:
    """Hand one letter over that stands in no ledger; the words of whoever took it.

    Raises DeliveryError where it was not taken, or nobody knows.
    """
    with transport.open(lambda _single: letter) as outlet:
        outlet.hand([(_Single(letter.recipient), 0.0)])
        answers: list[Answer] = []
        while not answers:
            answers = outlet.collect(1, 1.0)
    (answer,) = answers
    if outlet.trouble is not None:
        raise outlet.trouble
    if answer.fate is Fate.TAKEN and answer.reply is not None:
        return answer.reply.text
    if answer.fate is Fate.REFUSED and answer.reply is not None:
        raise DeliveryError(f"{letter.recipient} was refused: {answer.reply.text}")
    raise DeliveryError(f"{letter.recipient}: {answer.said}")
