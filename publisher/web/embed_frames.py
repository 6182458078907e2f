"""Pages for partners' frames: a selection of articles, one article, or what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

from markupsafe import Markup
from starlette.exceptions import HTTPException

from publisher.model import Article, ChangeKind
from publisher.render.article import without_pictures
from publisher.render.dates import direction
from publisher.render.translations import words
from publisher.render.view import ArticleView, view
from publisher.store import addresses, pages
from publisher.store.embeds import Withdrawal
from publisher.web.embed_options import Options
from publisher.web.embed_parts import (
    Contents,
    Item,
    Selection,
    as_withdrawn,
    contents,
    markup,
    selection,
)
from publisher.web.errors import OTHERWISE, TEXTS
from publisher.web.lists import is_clean
from publisher.web.pages import lacking
from publisher.web.press import MovedError, Page, Press, Reading
from publisher.web.safety import frame_policy

# A frame is a page of its own, with one heading above those of its articles.
HEADING = 2


class Frames:
    """Makes the pages that may be framed, the only ones of the site."""

    def __init__(self, press: Press) -> None:
        self._press = press
        self._policy = frame_policy(press.newsroom.config)

    def feed(self, reading: Reading, options: Options) -> Page:
        """The newest articles of a selection. Raises HTTPException (404)."""
        chosen = selection(reading, options)
        return self._page(reading, chosen, contents(reading, chosen, options), options)

    def article(self, reading: Reading, slug: str, options: Options) -> Page:
        """One article; where it was withdrawn, that it was (410).

        Raises HTTPException: 404 where there is none, 410 where it has expired, 503 while it is
        being cleaned; MovedError where it has another address now.
        """
        article = pages.by_slug(reading.session, slug)
        if article is None:
            lost = HTTPException(404)
            now_at = lacking(lost, lambda: addresses.former_article(reading.session, slug))
            chosen_before = replace(options, category="").query
            query = f"?{chosen_before}" if chosen_before else ""
            raise MovedError(f"{reading.root}/embed/article/{quote(now_at)}{query}")
        site = reading.newsroom.config.site
        chosen = Selection((), site.title, f"{site.url}/", site.language)
        ids = [feed.id for feed in pages.feeds_at(reading.session, [""]).values()]
        if not pages.place_in(reading.session, ids, article.id):
            return self._gone(reading, article, chosen, options)
        pages.with_categories(reading.session, [article])
        if not is_clean(article):
            raise HTTPException(503, headers={"retry-after": "1"})
        shown = view(article, site=site)
        shown = shown if options.images else without_pictures(shown)
        chosen = replace(chosen, language=shown.language)
        return self._page(
            reading, chosen, _only([shown]), options, title=shown.title, canonical=shown.url
        )

    def message(self, reading: Reading, status: int, text: str) -> Page:
        """What stands in a frame where nothing else can."""
        language = reading.newsroom.config.site.language
        say = words(language).text
        heading, advice = TEXTS.get(status, TEXTS[OTHERWISE])
        content = Markup("<p>{}</p>\n<p>{}</p>").format(say(heading), text or say(advice))
        return self._framed(reading, say(heading), language, content, Options(), status=status)

    def _gone(
        self, reading: Reading, article: Article, chosen: Selection, options: Options
    ) -> Page:
        last = pages.last_change(reading.session, article.id)
        if last is None:
            raise HTTPException(404)
        if last.kind != ChangeKind.RETRACTED:
            raise HTTPException(410 if last.kind == ChangeKind.EXPIRED else 404)
        gone = as_withdrawn(reading, Withdrawal(article, last.at))
        return self._page(reading, chosen, _only([gone]), options, title=gone.title, status=410)

    def _page(
        self,
        reading: Reading,
        chosen: Selection,
        content: Contents,
        options: Options,
        *,
        title: str = "",
        canonical: str | None = None,
        status: int = 200,
    ) -> Page:
        return self._framed(
            reading,
            title or chosen.title,
            chosen.language,
            markup(reading, chosen, content, options, HEADING),
            options,
            canonical=chosen.page if canonical is None else canonical,
            status=status,
            fleeting=not content.complete,
        )

    def _framed(
        self,
        reading: Reading,
        title: str,
        language: str,
        content: Markup,
        options: Options,
        *,
        canonical: str = "",
        status: int = 200,
        fleeting: bool = False,
    ) -> Page:
        statics, accent = self._press.statics, options.accent
        html = reading.newsroom.templates.render(
            "embed/frame.html",
            title=title,
            language=language,
            direction=direction(language),
            content=content,
            canonical=canonical if status == 200 else "",
            theme=options.theme,
            style=statics.address("embed.css"),
            accent_style=f"{reading.root}/embed/accent/{accent}.css" if accent else "",
            script=statics.script("frame.js"),
        )
        headers = (("content-language", language), ("content-security-policy", self._policy))
        return Page(html, status, fleeting, headers)


def one_alone(reading: Reading, article: ArticleView) -> Markup:
    """The embed of one clean article, also of one that is not public yet, as a piece of HTML."""
    site = reading.newsroom.config.site
    chosen = Selection((), site.title, f"{site.url}/", article.language)
    return markup(reading, chosen, _only([article]), Options(), HEADING)


def _only(items: Sequence[Item]) -> Contents:
    return Contents(tuple(items), complete=True)
