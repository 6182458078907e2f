"""One variant of an edition as a mail: subject, HTML and text, made once for all its readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from publisher.config import Config, MailingList
from publisher.errors import TemplateError
from publisher.newsletter.budget import (
    HTML_BYTES,
    Section,
    folded,
    lowered,
    sections_of,
    shortened,
)
from publisher.newsletter.corrections import Correction, untold
from publisher.newsletter.edition import Contents, DateGroup, Dates, by_date, chosen
from publisher.newsletter.markers import without_markers
from publisher.newsletter.pieces import Pieces, Show
from publisher.newsletter.variants import Variant
from publisher.render.dates import date_span, direction, long_date
from publisher.render.environment import Templates
from publisher.render.mail import inline
from publisher.render.plain import columns, shorten, tidy, wrap
from publisher.render.translations import words
from publisher.render.view import ArticleView

# A list of contents helps from so many articles on, and takes too much room from so many more.
CONTENTS = range(9, 61)
CORRECTIONS = 50
SUBJECT_TITLE = 70
PREHEADER_TITLE = 60
PREHEADER = 120
WIDTH = 72


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """A mail with markers (@@UNSUBSCRIBE@@) where readers differ.

    `sections` say what it shows of each date; `left_out` is how many articles it only counts.
    """

    subject: str
    html: str
    text: str
    sections: tuple[Section, ...]
    left_out: int

    @property
    def shown(self) -> tuple[str, ...]:
        """The uids of the articles that a reader really gets to see, at least as headlines."""
        return tuple(article.uid for one in self.sections for article in one.articles)


def edition_url(config: Config, one: MailingList, dates: Dates) -> str:
    """Where an edition stands on the web."""
    return f"{config.site.url}/editions/{one.name}/{dates.last.isoformat()}/"


class Composer:
    """Makes the variants of one edition; what they have in common is made once."""

    def __init__(
        self,
        one: MailingList,
        dates: Dates,
        contents: Contents,
        templates: Templates,
        config: Config,
    ) -> None:
        self.list, self.dates, self.config, self.templates = one, dates, config, templates
        self.contents = without_markers(contents)
        self.pieces = Pieces(self.contents.articles, templates, self._page_of_pieces)

    def mail(self, variant: Variant) -> ComposedMail | None:
        """The mail of a variant, or None where it holds nothing. Raises TemplateError.

        Its HTML stays under 100 kB: date by date, the oldest first, articles fall from full text
        to summary to headline, and what even so has no room is counted and left to the web.
        """
        groups = by_date(chosen(self.contents.articles, variant.categories))
        corrections = untold(self.contents.corrections, variant.categories)
        if not groups and not (corrections and self.list.empty == "corrections"):
            return None
        return _Mail(self, variant.language, groups, corrections).fitted()

    def _page_of_pieces(self, articles: list[ArticleView], show: Show) -> str:
        mail = _Mail(self, self.config.language_of(self.list), by_date(articles), ())
        return mail.page(mail.whole, "", show)


class _Mail:
    """One variant, made smaller until it fits."""

    def __init__(
        self,
        composer: Composer,
        language: str,
        groups: tuple[DateGroup, ...],
        corrections: Sequence[Correction],
    ) -> None:
        self._templates, self._pieces = composer.templates, composer.pieces
        self.whole = sections_of(groups, composer.contents.content)
        self._articles = [article for group in groups for article in group.articles]
        self._corrections = corrections
        self._around = _around(composer, language)

    def fitted(self) -> ComposedMail:
        """The mail, in as much detail as there is room for. Raises TemplateError."""
        sections, subject = self.whole, self._subject()
        while True:  # every turn shows less than the one before
            frame = inline(self.page(sections, subject, self._pieces.placeholder))
            taken = len(frame.encode())
            smaller = lowered(sections, HTML_BYTES - taken, self._size)
            if smaller == sections:
                excess = sum(map(self._size, sections)) + taken - HTML_BYTES
                if excess <= 0:
                    break
                smaller = self._fewer(sections, taken, excess)
            sections = smaller
        html = self._pieces.filled(frame)
        left_out = sum(one.left_out for one in sections)
        return ComposedMail(subject, html, self._text(sections, subject), sections, left_out)

    def page(self, sections: Sequence[Section], subject: str, show: Show) -> str:
        """The HTML part, before its styles are inlined."""
        details = {article.uid: one.detail for one in sections for article in one.articles}
        return self._templates.render(
            "digest/body.html",
            subject=subject,
            show=lambda article: show(article, details[article.uid]),
            **self._context(sections),
        )

    def _text(self, sections: Sequence[Section], subject: str) -> str:
        details = {article.uid: one.detail for one in sections for article in one.articles}
        text = self._templates.render(
            "digest/body.txt",
            subject=subject,
            show_text=lambda article: self._pieces.text(article, details[article.uid]),
            **self._context(sections),
        )
        return tidy(text)

    def _subject(self) -> str:
        # Whatever a title holds, a header is one line.
        context = self._context(self.whole)
        return " ".join(self._templates.render("digest/subject.txt", **context).split())

    def _size(self, section: Section) -> int:
        return sum(self._pieces.size(one, section.detail) for one in section.articles)

    def _fewer(self, sections: Sequence[Section], frame: int, excess: int) -> tuple[Section, ...]:
        """The sections without as many of the oldest headlines as take `excess` bytes.

        The part of the `frame` (in bytes) that goes with them, such as headings, is estimated.
        """
        oldest_first = [a for one in reversed(sections) for a in reversed(one.articles)]
        if not oldest_first:
            raise TemplateError(
                f"digest/body.html: {excess + HTML_BYTES:,} bytes without any article; mail "
                f"programs cut off what is over {HTML_BYTES:,}"
            )
        bare = inline(self.page((), "", self._pieces.placeholder))
        share = max(0, frame - len(bare.encode())) // len(oldest_first)
        saved = accumulate(self._pieces.size(a, "headline") + share for a in oldest_first)
        number = next((n for n, size in enumerate(saved, 1) if size >= excess), len(oldest_first))
        return shortened(sections, number)

    def _context(self, sections: Sequence[Section]) -> dict[str, Any]:
        groups, left_out = folded(sections)
        shown = sum(len(one.articles) for one in groups)
        is_long = shown in CONTENTS and any(one.detail != "headline" for one in groups)
        return {
            **self._around,
            "groups": groups,
            "number": len(self._articles),
            "left_out": left_out,
            "contents": is_long,
            "corrections": self._corrections[:CORRECTIONS],
            "corrections_left_out": len(self._corrections[CORRECTIONS:]),
            "top": self._top(),
            "preheader": self._preheader(),
        }

    def _top(self) -> str:
        if self._articles:
            return shorten(self._articles[0].title, SUBJECT_TITLE)
        correction = self._around["_"]("Correction")
        return f"{correction}: {shorten(self._corrections[0].title, SUBJECT_TITLE)}"

    def _preheader(self) -> str:
        """What an inbox shows after the subject: the next titles, or more about the only one."""
        if len(self._articles) > 1:
            titles = (shorten(one.title, PREHEADER_TITLE) for one in self._articles[1:4])
            return " · ".join(titles)
        text = self._articles[0].summary if self._articles else self._corrections[0].note
        return shorten(text, PREHEADER)


def _around(composer: Composer, language: str) -> dict[str, Any]:
    """What templates need besides the articles."""
    dates, around = composer.dates, words(language)
    return {
        "list": composer.list,
        "site": composer.config.site,
        "day": dates.last,
        "when": date_span(dates.first, dates.last, language),
        "date_text": lambda when: long_date(when, language),
        "language": language,
        "direction": direction(language),
        "_": around.text,
        "ngettext": around.number,
        "wrap": lambda text: wrap(text, WIDTH),
        "shorten": shorten,
        "underline": lambda text, mark: mark * min(columns(text), WIDTH),
        "edition_url": edition_url(composer.config, composer.list, dates),
    }
