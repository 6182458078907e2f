"""The part of a text in which a search has found its words."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from publisher.render.plain import shorten
from publisher.terms import Query, Term, Word, words_of

LENGTH = 240
# As much of a text as is looked through: a page shows twenty, and each costs a moment.
LOOKED_THROUGH = 20_000


def snippet(text: str, query: Query) -> Markup:
    """About 240 characters around the first place that has most of the words, which are marked."""
    text = text[:LOOKED_THROUGH]
    words = list(words_of(text))
    spans = _matches(words, query.wanted)
    if not spans:
        return escape(shorten(text, LENGTH))
    start = _best_start(spans)
    begin = _begin(words, max(0, start - LENGTH // 4))
    end = _end(words, begin + LENGTH, len(text))
    shown = marked(text[begin:end], [(a - begin, b - begin) for a, b in spans if begin <= a < end])
    return Markup("{}{}{}").format("… " if begin else "", shown, " …" if end < len(text) else "")


def highlighted(text: str, query: Query) -> Markup:
    """All of a short text, such as a title, with the words of the query marked."""
    return marked(text, _matches(list(words_of(text)), query.wanted))


def marked(text: str, spans: Sequence[tuple[int, int]]) -> Markup:
    """A text with these parts of it marked; spans that overlap count as one."""
    parts: list[Markup] = []
    last = 0
    for start, end in sorted(spans):
        if end <= last:
            continue
        start = max(start, last)
        parts += [escape(text[last:start]), Markup("<mark>{}</mark>").format(text[start:end])]
        last = end
    return Markup("").join([*parts, escape(text[last:])])


def _matches(words: Sequence[Word], terms: Sequence[Term]) -> list[tuple[int, int]]:
    found = []
    for n, word in enumerate(words):
        for term in terms:
            if not _begins(word.text, term.words[0], term.prefix and len(term.words) == 1):
                continue
            size = len(term.words)
            run = words[n : n + size]
            if len(run) == size and all(
                _begins(one.text, wanted, term.prefix and last == size)
                for last, (one, wanted) in enumerate(zip(run, term.words, strict=True), 1)
            ):
                found.append((word.start, run[-1].end))
    return found


def _begins(word: str, wanted: str, prefix: bool) -> bool:
    return word.startswith(wanted) if prefix else word == wanted


def _best_start(spans: Sequence[tuple[int, int]]) -> int:
    """Where the window of the snippet's length with the most matches begins; the first of them."""
    most, best, last = 0, 0, 0
    for first, (start, _) in enumerate(spans):
        last = max(last, first)
        while last < len(spans) and spans[last][0] < start + LENGTH * 3 // 4:
            last += 1
        if last - first > most:
            most, best = last - first, start
    return best


def _begin(words: Sequence[Word], wanted: int) -> int:
    return next((word.start for word in words if word.start >= wanted), 0) if wanted else 0


def _end(words: Sequence[Word], wanted: int, length: int) -> int:
    if wanted >= length:
        return length
    inside = [word.end for word in words if word.end <= wanted]
    return inside[-1] if inside else wanted
