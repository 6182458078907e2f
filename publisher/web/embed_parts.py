"""What an embed holds: the newest articles of a selection, and those withdrawn from among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from markupsafe import Markup
from starlette.exceptions import HTTPException

from publisher.ingest.clean import legal
from publisher.model import Feed
from publisher.render.article import as_html, with_scrolling_tables, without_pictures
from publisher.render.dates import direction, language_name
from publisher.render.translations import words
from publisher.render.view import ArticleView, article_url
from publisher.store import embeds, pages
from publisher.store.embeds import Withdrawal
from publisher.store.pages import Mark
from publisher.web.embed_options import Options
from publisher.web.lists import views
from publisher.web.press import Reading


class NoSuchError(HTTPException):
    """There is no category, tag or language of that name; `kind` says what was looked for."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind = kind
        super().__init__(404, f"There is no {kind} {key} here.")


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An article that stands no longer where it stood, as templates see it."""

    uid: str
    url: str
    title: str
    note: str
    language: str
    published: datetime
    at: datetime

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return direction(self.language)


Item = ArticleView | Withdrawn


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for: its feeds, and how people call it.

    `page` is where readers find it, `language` that of the words around the articles.
    """

    feeds: tuple[Feed, ...]
    title: str
    page: str
    language: str


@dataclass(frozen=True, slots=True)
class Contents:
    """Articles and what was withdrawn from among them, newest first. `complete` is false while
    an article is being cleaned."""

    items: tuple[Item, ...]
    complete: bool

    @property
    def articles(self) -> list[ArticleView]:
        """Those that can be read."""
        return [one for one in self.items if isinstance(one, ArticleView)]

    @property
    def withdrawn(self) -> list[Withdrawn]:
        """Those that cannot be read any more."""
        return [one for one in self.items if isinstance(one, Withdrawn)]


def selection(reading: Reading, options: Options) -> Selection:
    """What the options select. Raises NoSuchError (404) where a part of it is not there."""
    site = reading.newsroom.config.site
    names = [("category", options.category), ("language", options.language), ("tag", options.tag)]
    wanted = [name for name in names if name[1]] or [pages.EVERYTHING]
    found = embeds.feeds_named(reading.session, wanted)
    for kind, key in wanted:
        if (kind, key) not in found and (kind, key) != pages.EVERYTHING:
            raise NoSuchError(kind, key)
    feeds = tuple(found[name] for name in wanted if name in found)
    parts = [language_name(one.title) if one.kind == "language" else one.title for one in feeds]
    language = next((feed.title for feed in feeds if feed.kind == "language"), site.language)
    is_category = bool(feeds) and feeds[0].kind == "category"
    page = f"{site.url}/{quote(feeds[0].key)}/" if is_category else f"{site.url}/"
    title = " – ".join([*(part for part in parts if part), site.title])
    return Selection(feeds, title, page, language)


def contents(reading: Reading, chosen: Selection, options: Options) -> Contents:
    """The newest of it, and what was withdrawn lately that would stand among them."""
    if not chosen.feeds:  # nothing was ever published
        return Contents((), complete=True)
    marks = embeds.newest(reading.session, chosen.feeds, options.count)
    found = [*views(reading, [mark.article_id for mark in marks]).values()]
    shown = found if options.images else [without_pictures(one) for one in found]
    items: list[Item] = [*shown, *_withdrawn(reading, chosen, marks, options.count)]
    items.sort(key=lambda one: one.published, reverse=True)
    return Contents(tuple(items), complete=len(found) == len(marks))


def _withdrawn(
    reading: Reading, chosen: Selection, marks: list[Mark], count: int
) -> Iterator[Withdrawn]:
    days = reading.newsroom.config.feeds.days
    oldest = marks[-1].published if len(marks) == count else None
    for one in embeds.withdrawn(reading.session, chosen.feeds, days)[:count]:
        if oldest is None or one.article.published >= oldest:
            yield as_withdrawn(reading, one)


def as_withdrawn(reading: Reading, one: Withdrawal) -> Withdrawn:
    """What is said of a retracted article. Another program may have left it in any shape."""
    article, site = one.article, reading.newsroom.config.site
    return Withdrawn(
        uid=article.uid or "",
        url=article_url(site, article),
        title=legal(article.title),
        note=legal(article.retraction or ""),
        language=article.language or site.language,
        published=article.published,
        at=one.at,
    )


def markup(
    reading: Reading, chosen: Selection, content: Contents, options: Options, heading: int
) -> Markup:
    """The embed as a piece of HTML. Raises TemplateError."""
    templates, site = reading.newsroom.templates, reading.newsroom.config.site
    html = templates.render(
        "embed/fragment.html",
        site=site,
        title=chosen.title,
        page=chosen.page,
        language=chosen.language,
        direction=direction(chosen.language),
        items=content.items,
        heading=heading,
        show=lambda one: as_html(
            templates, _fitting(one, options), options.detail, heading=heading
        ),
        is_article=lambda item: isinstance(item, ArticleView),
        local=lambda moment: moment.astimezone(site.zone),
        words_of=lambda language: words(language).text,
        _=words(chosen.language).text,
    )
    return Markup(html)  # noqa: S704 - the template escapes


def _fitting(article: ArticleView, options: Options) -> ArticleView:
    """The article, with tables that can be moved sideways where there is little room."""
    if options.detail != "full":
        return article
    label = words(article.language).text("Table")
    return replace(article, body=with_scrolling_tables(article.body, label))
