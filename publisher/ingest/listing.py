"""Listing text: a page of a newsroom's archive as a browser gives it as text.

15 February 2018 In Coalition News
(blank line)
Paragraphs, the last of which ends: (Source: Media Department + Agencies)
…
Home Media Center Coalition News Items filtered by date: Thursday, 15 February 2018
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from html import escape

from publisher.errors import RejectedError
from publisher.ingest.raw import RawArticle
from publisher.ingest.titles import derived_title
from publisher.model import Source
from publisher.names import slug_of

MONTHS = (
    "January February March April May June July August September October November December"
).split()
_begin = re.compile(
    rf"(?:\w+day,? )?(\d{{1,2}}) ({'|'.join(MONTHS)}) (\d{{4}}) In (\S.*)", re.IGNORECASE
)
_footer = re.compile(r"(?:Home\b\W*)?(.*?)\W*Items filtered by date:.*", re.IGNORECASE)
_separator = re.compile(r"\s*[›»>/|]\s*")
_source = re.compile(r"\s*\(Sources?:\s*([^()]*(?:\([^()]*\)[^()]*)*)\)\s*$", re.IGNORECASE)


def is_listing(text: str) -> bool:
    """Whether a line of the text begins an article as listings do."""
    return any(_begin.fullmatch(line.strip()) for line in text.splitlines())


@dataclass
class _Block:
    line: int
    head: re.Match[str]
    lines: list[str] = field(default_factory=list)


def read(text: str, origin: str) -> Iterator[RawArticle | RejectedError]:
    """Every article of a listing, in its order; each has the category that the footer leads to."""
    blocks: list[_Block] = []
    trail = ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if head := _begin.fullmatch(stripped):
            blocks.append(_Block(number, head))
        elif footer := _footer.fullmatch(stripped):
            trail = footer[1]
        elif blocks:
            blocks[-1].lines.append(stripped)
    if not blocks:
        yield RejectedError(
            origin, 1, "no line begins an article, such as “15 February 2018 In Coalition News”"
        )
    for block in blocks:
        yield _article(block, trail, origin)


def _article(block: _Block, trail: str, origin: str) -> RawArticle | RejectedError:
    day, month, year, category = block.head.groups()
    try:
        published = date(int(year), MONTHS.index(month.capitalize()) + 1, int(day))
    except ValueError:
        return RejectedError(origin, block.line, f"{day} {month} {year} is no date")
    paragraphs = _paragraphs(block.lines)
    sources: tuple[Source, ...] = ()
    if paragraphs and (found := _source.search(paragraphs[-1])):
        sources = tuple(Source(name.strip()) for name in re.split(r"\s\+\s", found[1]) if name)
        paragraphs[-1] = paragraphs[-1][: found.start()]
    body = "\n".join(f"<p>{escape(text, quote=False)}</p>" for text in paragraphs if text)
    title = derived_title(body)
    if not title:
        return RejectedError(origin, block.line, "the article has no text")
    key = f"{slug_of(category)}/{published}/{title}"
    return RawArticle(
        origin=origin,
        line=block.line,
        external_id=f"listing:{hashlib.sha256(key.encode()).hexdigest()[:24]}",
        body=body,
        title=title,
        title_derived=True,
        published=published,
        category=_chain(trail, category),
        sources=sources,
    )


def _paragraphs(lines: list[str]) -> list[str]:
    joined = "\n".join(lines).strip()
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", joined) if part.strip()]


def _chain(trail: str, category: str) -> tuple[str, ...]:
    """The way down to the category: the footer's trail, whose separators the text may have lost."""
    titles = [title for title in _separator.split(trail.strip()) if title]
    last = titles[-1] if titles else ""
    if last.casefold().endswith(category.casefold()):
        above = last[: len(last) - len(category)].strip()
        titles[-1:] = [above] if above else []
        return (*titles, category)
    return (category,)
