"""What a check says: one line about one thing, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. Unknown: it could not be looked at. Only what is wrong ends with code 1."""

    FINE = "fine"
    NOTE = "note"
    UNKNOWN = "unknown"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `do` is what to do, where there is something."""

    subject: str
    level: Level
    says: str
    do: str = ""


def fine(subject: str, says: str) -> Finding:
    """It is as it should be."""
    return Finding(subject, Level.FINE, says)


def note(subject: str, says: str, do: str = "") -> Finding:
    """It works, and could be better."""
    return Finding(subject, Level.NOTE, says, do)


def unknown(subject: str, says: str, do: str = "") -> Finding:
    """It could not be looked at."""
    return Finding(subject, Level.UNKNOWN, says, do)


def wrong(subject: str, says: str, do: str) -> Finding:
    """It is wrong."""
    return Finding(subject, Level.WRONG, says, do)
