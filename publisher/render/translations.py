"""The words around the articles, in the reader's language.

Catalogs are gettext's .po files, read as they are; the English text is the key.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from gettext import c2py  # the standard library's own compiler of plural rules
from pathlib import Path

from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent.parent / "locale"


class Words:
    """The words of one language; English where a catalog has none."""

    def __init__(
        self, texts: dict[str, str], plurals: dict[str, tuple[str, ...]], form: Callable[[int], int]
    ) -> None:
        self._texts, self._plurals, self._form = texts, plurals, form

    def text(self, english: str, **values: str) -> str:
        """The translation of a text; `%(name)s` in it is the value of that name."""
        found = self._texts.get(english, english)
        for name, value in values.items():
            found = found.replace(f"%({name})s", value)
        return found

    def number(self, one: str, many: str, count: int) -> str:
        """The translation that goes with a number; `%(n)s` in it is the number."""
        forms = self._plurals.get(one)
        found = forms[self._form(count)] if forms else (one if count == 1 else many)
        return found.replace("%(n)s", f"{count:,}")


@cache
def words(language: str) -> Words:
    """The words of a language tag: those of `pt-BR`, else of `pt`, else English."""
    for name in (language.replace("-", "_"), language.partition("-")[0]):
        path = FOLDER / f"{name}.po"
        if name.replace("_", "").isalnum() and path.is_file():
            return _read(path)
    return Words({}, {}, lambda _count: 0)


def _read(path: Path) -> Words:
    with path.open("rb") as file:
        catalog = read_po(file)
    texts: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    for message in catalog:
        if isinstance(message.id, tuple) and isinstance(message.string, tuple):
            plurals[message.id[0]] = message.string
        elif isinstance(message.id, str) and message.id and message.string:
            texts[message.id] = str(message.string)
    return Words(texts, plurals, c2py(catalog.plural_expr))
