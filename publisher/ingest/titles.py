"""A title for an article that has none: its first sentence, cut between words."""

from __future__ import annotations

import re
from html import unescape

LONGEST = 100
# Blocks end a sentence even where its full stop is missing.
_block_end = re.compile(r"</(p|h\d|li|div|blockquote|td|figcaption)>|<br\s*/?>", re.IGNORECASE)
_tag = re.compile(r"<[^>]*>")
# A full stop that ends a sentence: not after an abbreviation or initials, and a new one follows.
_end = re.compile(r"""[.!?؟…]["'”’»)\]]*(?=\s+["'“‘«(\[]?[^\W\d_a-z]|\s*$)""")
_abbreviation = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Gen|Col|Lt|Sgt|Rep|Sen|Gov|St|Jr|Sr|No|vs|etc|al|Inc|Ltd|Co|Corp|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)|\b[A-Z]|\b(?:[A-Za-z]\.)+[A-Za-z])\.$"
)


def derived_title(html: str) -> str:
    """The first sentence of HTML, `LONGEST` characters at most; empty where there is no text."""
    for block in _block_end.sub("\0", html).split("\0"):
        text = " ".join(unescape(_tag.sub(" ", block) if "<" in block else block).split())
        if any(character.isalnum() for character in text):
            return _cut(first_sentence(text))
    return ""


def first_sentence(text: str) -> str:
    """The first sentence of a plain text, without the full stop that ends it."""
    for match in _end.finditer(text):
        if not _abbreviation.search(text[: match.start() + 1]):
            sentence = text[: match.end()]
            return sentence[:-1] if sentence.endswith(".") else sentence
    return text


def _cut(sentence: str) -> str:
    if len(sentence) <= LONGEST:
        return sentence
    cut = sentence[: LONGEST - 1]
    if " " in cut:
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip(" ,;:–—-") + "…"
