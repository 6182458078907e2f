"""Variants: what readers have in common who get the same mail. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Variant:
    """Categories (all, if empty), language and format (`html` or `text`).

    `position` is the place in the change log that its text is from: an edition that is still
    being sent when one of its articles is corrected goes on with new variants.
    """

    categories: tuple[str, ...]
    language: str
    format: str
    position: int = 0

    @property
    def key(self) -> str:
        """The variant as a text, for the ledger."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def of(cls, key: str) -> Self:
        """The variant of a key."""
        values = json.loads(key)
        return cls(
            tuple(values["categories"]),
            values["language"],
            values["format"],
            values.get("position", 0),
        )


def covers(choice: Sequence[str], path: str) -> bool:
    """Whether a category is among the chosen ones, or below one of them. No choice is all."""
    return not choice or any(path == one or path.startswith(f"{one}/") for one in choice)


def relevant(choice: Sequence[str], paths: Collection[str]) -> tuple[str, ...] | None:
    """A choice of categories as far as an edition with news in `paths` can tell it from others.

    So readers with different choices share a variant where they would get the same. Empty if the
    choice covers them all, None if it covers none.
    """
    covered = tuple(sorted(path for path in paths if covers(choice, path)))
    if not choice or len(covered) == len(paths):
        return ()
    return covered or None
