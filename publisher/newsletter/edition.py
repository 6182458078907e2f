"""What is in an edition, in the order that a reader meets it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from publisher.render.view import ArticleView


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
    if not categories:
        return list(articles)
    return [one for one in articles if {step.path for step in one.categories} & set(categories)]
