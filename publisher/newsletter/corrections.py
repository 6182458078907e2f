"""Corrections and retractions of what a list has had: whom the next digest tells. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from publisher.newsletter.variants import covers
from publisher.render.dates import direction

Kind = Literal["correction", "retraction"]


@dataclass(frozen=True, slots=True)
class Correction:
    """An article that was corrected or retracted after the list had it.

    `path` is its category, `change` its place in the change log, `at` when that was. `told` are
    the editions that have carried it already, each as the categories that it had news in.
    """

    article_id: int
    uid: str
    title: str
    url: str
    path: str
    language: str
    kind: Kind
    note: str
    change: int
    at: datetime
    told: tuple[tuple[str, ...], ...] = ()

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return direction(self.language)

    @property
    def is_done(self) -> bool:
        """Whether every reader who can have had the article has been told.

        An edition with news in its own category, or below, went to all of them.
        """
        return any(covers((self.path,), path) for news in self.told for path in news)


def untold(corrections: Iterable[Correction], categories: Sequence[str]) -> list[Correction]:
    """The corrections that a reader of these categories has not been told, newest first.

    Readers get no edition without news of their categories, and so may have missed the first one
    that carried a correction; the next one that they do get tells them, and no other.
    """
    return sorted(
        (
            one
            for one in corrections
            if covers(categories, one.path)
            and not any(covers(categories, path) for news in one.told for path in news)
        ),
        key=lambda one: -one.change,
    )
