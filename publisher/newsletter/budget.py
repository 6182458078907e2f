"""How an edition is made to fit into a mail: the oldest dates fall first. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from publisher.newsletter.edition import DateGroup
from publisher.render.article import Detail
from publisher.render.view import ArticleView

# Gmail cuts off what is over 102 kB, and with it the link to unsubscribe.
HTML_BYTES = 100_000
DETAILS: tuple[Detail, ...] = ("full", "summary", "headline")
# So many dates of which nothing is shown keep a heading of their own; older ones are only counted.
BARE_DATES = 7


@dataclass(frozen=True, slots=True)
class Section:
    """One date as a mail shows it: how much of its articles, and how many are only counted."""

    day: date
    articles: tuple[ArticleView, ...]
    detail: Detail
    left_out: int = 0


Size = Callable[[Section], int]


def sections_of(groups: Sequence[DateGroup], detail: Detail) -> tuple[Section, ...]:
    """Every date with all its articles."""
    return tuple(Section(group.day, group.articles, detail) for group in groups)


def lowered(sections: Sequence[Section], room: int, size: Size) -> tuple[Section, ...]:
    """The sections, newest first, in as much detail as fits into `room` bytes.

    They fall from the oldest on, each by one step before any falls by two, so that a newer date
    never shows less than an older one. Headlines may still not fit.
    """
    fallen = list(sections)
    left = room - sum(size(one) for one in fallen)
    for detail in DETAILS[1:]:
        for number in reversed(range(len(fallen))):
            if left >= 0:
                return tuple(fallen)
            before = fallen[number]
            if DETAILS.index(before.detail) < DETAILS.index(detail):
                fallen[number] = replace(before, detail=detail)
                left += size(before) - size(fallen[number])
    return tuple(fallen)


def shortened(sections: Sequence[Section], number: int) -> tuple[Section, ...]:
    """The sections with the last `number` articles, which are the oldest, only counted."""
    kept: list[Section] = []
    for one in reversed(sections):
        hidden = min(number, len(one.articles))
        number -= hidden
        articles = one.articles[: len(one.articles) - hidden]
        kept.append(replace(one, articles=articles, left_out=one.left_out + hidden))
    return tuple(reversed(kept))


def folded(sections: Sequence[Section]) -> tuple[tuple[Section, ...], int]:
    """The sections that get a heading, and how many articles the others hold."""
    shown = sum(1 for one in sections if one.articles)
    kept = sections[: shown + BARE_DATES]
    return tuple(kept), sum(one.left_out for one in sections[shown + BARE_DATES :])
