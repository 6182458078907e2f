"""Which encoding a list of people is in: known for sure, guessed aloud, or asked for. Pure.

UTF-8 and UTF-16 can be told for sure. The old code pages cannot: the same bytes are Inês in one and
Inęs in another. One is taken only where names read as names in it and either nothing else does, or
it is the code page of the list's own language; and whoever imports is told, with an example.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from charset_normalizer import from_bytes

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WINDOWS = tuple(f"cp{number}" for number in range(1250, 1259))
# The page that a Windows machine writes in these languages; elsewhere it is 1252.
_PAGES = {
    "cp1250": "bs cs hr hu pl ro sk sl sq".split(),
    "cp1251": "be bg kk mk ru sr uk".split(),
    "cp1253": ["el"],
    "cp1254": ["az", "tr"],
    "cp1255": ["he", "yi"],
    "cp1256": "ar fa ku ps ur".split(),
    "cp1257": "et lt lv".split(),
    "cp1258": ["vi"],
    "cp932": ["ja"],
    "cp949": ["ko"],
    "gb18030": ["zh"],
}
_SAMPLE_BYTES = 16_000
_separator = re.compile(rb'[,;\t"\r\n]+')
_PUNCTUATION = frozenset("’‘“”‚„–—…«»·\u00a0")


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding by its Python name. `example` is a text as it reads in a guessed one, and
    `others` are what else it could be; both are empty where there was nothing to guess."""

    name: str
    example: str = ""
    others: tuple[Encoding, ...] = ()

    @property
    def shown(self) -> str:
        """As people call it: `windows-1252` for cp1252."""
        windows = self.name in WINDOWS
        return f"windows-{self.name[2:]}" if windows else self.name.removesuffix("-sig")

    def __str__(self) -> str:
        return f"{self.shown} (“{self.example}”)" if self.example else self.shown


class UnclearEncodingError(ValueError):
    """The text reads well in more than one encoding, or in none; `readings` are the possible ones,
    each with an example."""

    def __init__(self, readings: list[Encoding]) -> None:
        self.readings = readings
        shown = " or ".join(map(str, readings))
        super().__init__(
            f"it is not UTF-8, and could be {shown}" if shown else "its encoding is not known"
        )


def encoding_of(lines: Iterable[bytes], language: str) -> Encoding:
    """The encoding of a file that is read line by line; `language` is what its names are likely in.

    Raises UnclearEncodingError.
    """
    sample, good, bad = bytearray(), 0, 0
    for number, line in enumerate(lines):
        if number == 0 and (name := _by_first_bytes(line)):
            return Encoding(name)
        if line.isascii():
            continue
        try:
            line.decode()
            good += 1
        except UnicodeDecodeError:
            bad += 1
            if len(sample) < _SAMPLE_BYTES:
                sample += b"\n".join(_cells(line))
    # A few bad lines in a file of good ones are rejected one by one, as what they are.
    return Encoding("utf-8") if bad <= good else _guessed(bytes(sample), language)


def _by_first_bytes(line: bytes) -> str | None:
    for mark, name in _BOMS:
        if line.startswith(mark):
            return name
    head = line[:200]
    if b"\x00" in head:  # a header is ASCII: in UTF-16 every other byte of it is zero
        return "utf-16-be" if head[0] == 0 else "utf-16-le"
    return None


def _guessed(sample: bytes, language: str) -> Encoding:
    own = page_of(language)
    readings: dict[str, list[str]] = {}
    for match in from_bytes(sample, cp_isolation=[*{*WINDOWS, own}]):
        if _reads_well(str(match)):
            readings.setdefault(str(match), []).extend(match.could_be_from_charset)
    found = [
        Encoding(own if own in names else min(names), _example(text))
        for text, names in readings.items()
    ]
    found.sort(key=lambda one: one.name != own)
    if not found or (len(found) > 1 and found[0].name != own):
        raise UnclearEncodingError(found)
    return replace(found[0], others=tuple(found[1:]))


def page_of(language: str) -> str:
    """The code page of a language tag."""
    primary = language.partition("-")[0].lower()
    return next((page for page, spoken in _PAGES.items() if primary in spoken), "cp1252")


def _reads_well(text: str) -> bool:
    """Whether the words could be names, but for one in twenty: a list holds other things too."""
    words = [word for word in text.split() if not word.isascii()]
    return sum(not _is_like_a_name(word) for word in words) <= len(words) / 20


def _is_like_a_name(word: str) -> bool:
    """Whether it is made of letters, with no capital inside, of one script, and if that is Latin,
    not of accents throughout."""
    if not all(one.isascii() or _belongs_in_a_name(one) for one in word):
        return False
    if any(two.isupper() and one.islower() and not two.isascii() for one, two in pairwise(word)):
        return False
    letters = [one for one in word if one.isalpha()]
    scripts = {_script(one) for one in letters}
    accents_only = len(letters) > 2 and not any(map(str.isascii, letters))
    return len(scripts) <= 1 and not (scripts == {"LATIN"} and accents_only)


def _belongs_in_a_name(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" or character in _PUNCTUATION


def _script(letter: str) -> str:
    if letter.isascii() or letter in "ªº":
        return "LATIN"
    script = unicodedata.name(letter, "UNKNOWN").split()[0]
    return "CJK" if script in ("HIRAGANA", "KATAKANA", "HANGUL") else script


def _cells(line: bytes) -> list[bytes]:
    """The cells that are not ASCII, and a last, empty one."""
    return [*(cell for cell in _separator.split(line) if not cell.isascii()), b""]


def _example(text: str) -> str:
    return text.partition("\n")[0].strip()
