"""What is in an edition, in the order that a reader meets it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from publisher.newsletter.corrections import Correction
from publisher.newsletter.variants import covers
from publisher.render.article import Detail
from publisher.render.view import ArticleView


@dataclass(frozen=True, slots=True)
class Dates:
    """The local dates that an edition stands for; one, if none was missed."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Contents:
    """All that an edition holds; `content` is how much of an article the list shows at most."""

    articles: tuple[ArticleView, ...]
    corrections: tuple[Correction, ...] = ()
    content: Detail = "full"

    @property
    def paths(self) -> frozenset[str]:
        """The categories by which its readers differ."""
        told = (path for one in self.corrections for news in one.told for path in news)
        own = (one.category.path for one in self.articles)
        return frozenset({*own, *(one.path for one in self.corrections), *told})


@dataclass(frozen=True, slots=True)
class DateGroup:
    """The articles of one local date; within it by category, then newest first."""

    day: date
    articles: tuple[ArticleView, ...]


def by_date(articles: Iterable[ArticleView]) -> tuple[DateGroup, ...]:
    """The articles grouped by the newsroom's date, newest date first."""
    ordered = sorted(articles, key=_place)
    return tuple(
        DateGroup(day, tuple(group)) for day, group in groupby(ordered, lambda one: one.local_date)
    )


def _place(article: ArticleView) -> tuple[int, str, float, str]:
    return (
        -article.local_date.toordinal(),
        article.category.path,
        -article.published.timestamp(),
        article.uid,
    )


def chosen(articles: Iterable[ArticleView], categories: Sequence[str]) -> list[ArticleView]:
    """Those in the categories or below them; all of them if there are none."""
    return [one for one in articles if covers(categories, one.category.path)]
