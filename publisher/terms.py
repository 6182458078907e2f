"""Words as the search compares them, in any script, and what a reader's query asks for. Pure.

Databases take words apart by rules of their own, and none of them knows Arabic well. So both get
words that were made here, and find the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import normalize

LONGEST_WORD = 64
MOST_TERMS = 12

# Vowel signs and accents that people leave out when they search: Latin, Greek, Cyrillic, Hebrew
# and Arabic. The signs of Indic scripts stay, since they tell words apart.
_ACCENTS = "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
_SIGNS = "\u0640\u0711\u0730-\u074a\u0900-\u0963\u0966-\u0dff\u1ab0-\u1aff\u1dc0-\u1dff"
# Scripts without spaces between words, or where what follows a word is written on to it (Korean):
# each character is a word, and a word of the query is a phrase of them.
_CHARACTERS = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17d3\u3005-\u3007\u3041-\u3096\u30a1-\u30fe"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003fffd"
)
_word = re.compile(f"[{_CHARACTERS}]|(?:(?![{_CHARACTERS}])(?:[^\\W_]|[{_ACCENTS}{_SIGNS}]))+")
_accent = re.compile(f"[{_ACCENTS}\u0640]")
_arabic = re.compile("[\u0621-\u064a]")
# The article, alone or joined to “and”, “in”, “like”, “so”; and “to the”.
_article = re.compile("(?:[وفبك]?ال|لل)(?=.{3})")
_same = str.maketrans(
    "ىةٱکیەہۀ٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "يهاكيههه01234567890123456789"
) | str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"}
)
_part = re.compile(r'(-?)(?:["“„«]([^"”“»]*)["”“»]?|(\S+))')


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is compared, and where it stands in the text that it was taken from."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand side by side; of the last one only the beginning, if `prefix`."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Terms that an article has, all of them, and terms that it has not."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...] = ()


def words_of(text: str) -> Iterator[Word]:
    """The words of a text, in order; without case, accents and other things of no weight."""
    for match in _word.finditer(text):
        folded = fold(match[0])
        if folded:
            yield Word(folded, match.start(), match.end())


def fold(word: str) -> str:
    """One word as it is compared: `Élan` is `elan`, `الأَخبار` is `اخبار`."""
    if word.isascii():
        return word.lower()[:LONGEST_WORD]
    plain = _accent.sub("", normalize("NFKD", word).casefold()).translate(_same)
    plain = normalize("NFC", plain)
    if _arabic.match(plain):
        article = _article.match(plain)
        plain = plain[article.end() :] if article else plain
    return "".join(plain.split())[:LONGEST_WORD]


def parse(text: str) -> Query:
    """What a reader typed: words, "a phrase", -without, begin*. Anything else is left out."""
    wanted: dict[Term, None] = {}
    unwanted: dict[Term, None] = {}
    for sign, phrase, plain in _part.findall(text):
        typed = phrase or plain
        words = tuple(word.text for word in words_of(typed))
        if words and len(wanted) + len(unwanted) < MOST_TERMS:
            term = Term(words[:MOST_TERMS], typed.endswith("*") and len(words[-1]) >= 3)
            (unwanted if sign else wanted)[term] = None
    return Query(tuple(wanted), tuple(unwanted) if wanted else ())
