"""The page of one article, and what stands in its place when it is gone."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from starlette.exceptions import HTTPException

from publisher.model import Article, ChangeKind
from publisher.render.article import as_html, lowered, with_scrolling_tables
from publisher.render.dates import language_name
from publisher.render.metadata import article_metadata
from publisher.render.pages import Head, Link
from publisher.render.translations import words
from publisher.render.view import ArticleView, view
from publisher.store import pages
from publisher.store.pages import Mark
from publisher.web.lists import Section, announced, crumbs, feed_page, is_clean, top_address, views
from publisher.web.press import Page, Reading


def article_page(reading: Reading, slug: str) -> Page:
    """One article, with what belongs to it. Raises HTTPException: 404 where there is none yet or
    never was, 410 where it was public once, 503 while it is being cleaned."""
    article = pages.by_slug(reading.session, slug)
    if article is None:
        raise HTTPException(404)
    feeds = pages.feeds_at(reading.session, article.category.paths)
    path = article.category.path
    section = Section(path, feeds.get(path), feeds, reading.root)
    places = pages.place_in(reading.session, [feed.id for feed in feeds.values()], article.id)
    if "" not in feeds or feeds[""].id not in places:
        return _gone(reading, article, section)
    pages.with_categories(reading.session, [article])
    if not is_clean(article):
        raise HTTPException(503, headers={"retry-after": "1"})
    mark = places.get(section.feed.id) if section.feed else None
    return story_page(reading, article, section, feeds[""].id, mark)


def story_page(
    reading: Reading, article: Article, section: Section, everything: int | None, mark: Mark | None
) -> Page:
    """The page of a clean article, also of one that no reader can see yet; `mark` is its place in
    its section, `everything` the feed that its translations must be in."""
    site = reading.newsroom.config.site
    shown = view(article, site=site)
    newer, older = _neighbours(reading, section, mark)
    translations = _translations(reading, article, everything) if everything else []
    way = [*crumbs(reading, section, shown.language), Link(shown.title, _address(reading, article))]
    head = Head(
        shown.title,
        shown.language,
        _address(reading, article),
        description=shown.summary,
        feeds=announced(reading, section),
        crumbs=way,
        translations=translations,
        metadata=article_metadata(shown, site, way, translations),
        section=top_address(section),
    )
    # The title of the page is above all headings of the text.
    body = with_scrolling_tables(lowered(shown.body, 2), words(shown.language).text("Table"))
    text = replace(shown, body=body)
    return reading.page(
        "pages/article.html",
        head,
        article=shown,
        text=as_html(reading.newsroom.templates, text),
        day_address=section.day(shown.local_date),
        previous=_link(older),
        next=_link(newer),
        feed_page=feed_page(reading, section),
    )


def _address(reading: Reading, article: Article) -> str:
    return f"{reading.root}/articles/{quote(article.slug or '')}"


def _gone(reading: Reading, article: Article, section: Section) -> Page:
    """What to say of an article that is not public: nothing, if readers have never seen it."""
    last = pages.last_change(reading.session, article.id)
    if last is None:
        raise HTTPException(404)
    if last.kind == ChangeKind.RETRACTED:
        site = reading.newsroom.config.site
        language = article.language or site.language
        retracted = article.retracted or last.at
        way = [*crumbs(reading, section, language), Link(article.title, _address(reading, article))]
        head = Head(article.title, language, crumbs=way, section=top_address(section), hidden=True)
        return reading.page(
            "pages/withdrawn.html",
            head,
            status=410,
            title=article.title,
            note=article.retraction,
            date=retracted.astimezone(site.zone).date(),
        )
    raise HTTPException(410 if last.kind == ChangeKind.EXPIRED else 404)


def _neighbours(
    reading: Reading, section: Section, mark: Mark | None
) -> tuple[ArticleView | None, ArticleView | None]:
    """The next newer and the next older article of the section."""
    if section.feed is None or mark is None:
        return None, None
    behind = Mark(mark.published, mark.article_id + 1)
    newer = pages.newer(reading.session, section.feed.id, behind, 1)
    older = pages.older(reading.session, section.feed.id, mark, 1)
    found = views(reading, [one.article_id for one in [*newer, *older]])
    return (
        found.get(newer[0].article_id) if newer else None,
        found.get(older[0].article_id) if older else None,
    )


def _translations(reading: Reading, article: Article, everything: int) -> list[Link]:
    """The same story in each of its languages, this one among them; none if it is alone."""
    if article.translation_key is None:
        return []
    site = reading.newsroom.config.site
    found: dict[str, Link] = {}
    for one, tag, slug in pages.translations(reading.session, everything, article.translation_key):
        language = tag or site.language
        link = Link(language_name(language), f"{reading.root}/articles/{quote(slug)}", language)
        if one == article.id:
            found[language] = link
        else:
            found.setdefault(language, link)
    return list(found.values()) if len(found) > 1 else []


def _link(article: ArticleView | None) -> Link | None:
    if article is None:
        return None
    return Link(article.title, article.url, article.language)
