"""One variant of an edition as a mail: subject, HTML and text, made once for all its readers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

from markupsafe import Markup

from publisher.config import Config, MailingList
from publisher.newsletter.edition import DateGroup, by_date, chosen
from publisher.newsletter.markers import without_markers
from publisher.render.article import Detail, as_html, as_text
from publisher.render.dates import direction, long_date
from publisher.render.environment import Templates
from publisher.render.mail import inline
from publisher.render.plain import columns, shorten, tidy, wrap
from publisher.render.translations import words
from publisher.render.view import ArticleView

# Gmail cuts off what is over 102 kB, and with it the link to unsubscribe.
HTML_BYTES = 100_000
# From so many articles on, a list of contents helps.
CONTENTS_FROM = 9
SUBJECT_TITLE = 70
DETAILS: tuple[Detail, ...] = ("full", "summary", "headline")


@dataclass(frozen=True, slots=True)
class Variant:
    """What readers have in common who get the same mail: categories (all, if empty), language
    and format (`html` or `text`)."""

    categories: tuple[str, ...]
    language: str
    format: str

    @property
    def key(self) -> str:
        """The variant as a text, for the ledger."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def of(cls, key: str) -> Self:
        """The variant of a key."""
        values = json.loads(key)
        return cls(tuple(values["categories"]), values["language"], values["format"])


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """A mail with markers (@@UNSUBSCRIBE@@) where readers differ. `detail` is what it shows of an
    article; `left_out` is how many it only counts."""

    subject: str
    html: str
    text: str
    detail: Detail
    left_out: int


def compose(
    one: MailingList,
    day: date,
    views: Sequence[ArticleView],
    variant: Variant,
    templates: Templates,
    config: Config,
) -> ComposedMail | None:
    """The mail of a variant, or None where it holds nothing. Raises TemplateError.

    Its HTML stays under 100 kB: articles fall from full text to summary to headline, and if that
    is not enough, the oldest are counted and left to the web.
    """
    groups = by_date(without_markers(tuple(chosen(views, variant.categories))))
    if not groups:
        return None
    top = shorten(groups[0].articles[0].title, SUBJECT_TITLE)
    composer = _Composer(one, day, top, variant, templates, config)
    start = DETAILS.index(one.content)
    for detail in DETAILS[start:]:
        mail = composer.mail(groups, detail, 0)
        if len(mail.html.encode()) <= HTML_BYTES:
            return mail
    return _fewer(composer, groups)


def _fewer(composer: _Composer, groups: tuple[DateGroup, ...]) -> ComposedMail:
    """Headlines of as many of the newest as fit, found by halving."""
    total = sum(len(group.articles) for group in groups)
    low, high = 0, total - 1  # `low` fits for sure: no article at all
    best = composer.mail(_first(groups, 0), "headline", total)
    while low < high:
        middle = (low + high + 1) // 2
        mail = composer.mail(_first(groups, middle), "headline", total - middle)
        if len(mail.html.encode()) <= HTML_BYTES:
            low, best = middle, mail
        else:
            high = middle - 1
    return best


def _first(groups: tuple[DateGroup, ...], number: int) -> tuple[DateGroup, ...]:
    kept = []
    for group in groups:
        if number <= 0:
            break
        kept.append(DateGroup(group.day, group.articles[:number]))
        number -= len(group.articles)
    return tuple(kept)


class _Composer:
    """Renders an edition for one variant at a given detail."""

    def __init__(
        self,
        one: MailingList,
        day: date,
        top: str,
        variant: Variant,
        templates: Templates,
        config: Config,
    ) -> None:
        self._templates = templates
        around = words(variant.language)
        self._context: dict[str, Any] = {
            "list": one,
            "site": config.site,
            "day": day,
            "top": top,
            "date_text": lambda when: long_date(when, variant.language),
            "language": variant.language,
            "direction": direction(variant.language),
            "_": around.text,
            "ngettext": around.number,
            "wrap": lambda text: wrap(text, 72),
            "shorten": shorten,
            "underline": lambda text, mark: mark * min(columns(text), 72),
            "archive": f"{config.site.url}/",
            "contents_from": CONTENTS_FROM,
        }

    def mail(self, groups: tuple[DateGroup, ...], detail: Detail, left_out: int) -> ComposedMail:
        """Subject, HTML and text."""
        number = sum(len(group.articles) for group in groups)
        context = {
            **self._context,
            "groups": groups,
            "number": number + left_out,
            "left_out": left_out,
            "next": [one.title for group in groups for one in group.articles][1:4],
            "show": lambda article: self._html(article, detail),
            "show_text": lambda article: self._text(article, detail),
        }
        subject = " ".join(self._templates.render("digest/subject.txt", **context).split())
        html = inline(self._templates.render("digest/body.html", **context, subject=subject))
        text = self._templates.render("digest/body.txt", **context, subject=subject)
        return ComposedMail(subject, html, tidy(text), detail, left_out)

    def _html(self, article: ArticleView, detail: Detail) -> Markup:
        return as_html(self._templates, article, detail, heading=3)

    def _text(self, article: ArticleView, detail: Detail) -> str:
        return as_text(self._templates, article, detail)
