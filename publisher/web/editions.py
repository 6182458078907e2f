"""Editions on the web: those of a list, and each as it was sent, with what was corrected since."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlsplit

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.routing import Route

from publisher.config import MailingList
from publisher.newsletter.compose import edition_url
from publisher.newsletter.edition import Dates
from publisher.pipeline.web_editions import WebEdition, web_edition, web_editions
from publisher.render.article import as_html, with_scrolling_tables
from publisher.render.dates import date_span, long_date
from publisher.render.feed_pages import FeedLink
from publisher.render.pages import Head, Link
from publisher.render.translations import words
from publisher.render.view import ArticleView
from publisher.syndication.document import FILES, MEDIA_TYPES
from publisher.web.press import Page, Press, Reading

# As many as a person reads down; older ones are reached from edition to edition.
MOST_EDITIONS = 400
NAMES = {"atom": "Atom", "rss": "RSS", "json": "JSON"}


def routes(press: Press) -> list[Route]:
    """The editions of a list, and one of them. They change with the change log, as all pages do;
    an edition that is cut writes no row there, so they are not kept."""
    return [
        Route("/editions/{list}/", press.endpoint(_index, keep=False)),
        Route("/editions/{list}/{day}/", press.endpoint(_edition, keep=False)),
    ]


def _index(reading: Reading) -> Page:
    one = _list(reading)
    language = reading.newsroom.config.language_of(one)
    editions = [
        Link(edition.subject, urlsplit(edition.url).path)
        for edition in web_editions(reading.newsroom, one, MOST_EDITIONS)
    ]
    head = Head(
        one.title,
        language,
        f"{reading.root}/editions/{one.name}/",
        description=one.description,
        feeds=_feeds(reading, one),
        crumbs=_crumbs(reading, one, language),
    )
    return reading.page("pages/editions.html", head, heading=one.title, editions=editions)


def _edition(reading: Reading) -> Page:
    one = _list(reading)
    try:
        day = date.fromisoformat(reading.path["day"])
    except ValueError:
        raise HTTPException(404) from None
    found = web_edition(reading.newsroom, one, day)
    if found is None:
        raise HTTPException(404)
    path = urlsplit(found.url).path
    head = Head(
        found.subject,
        found.language,
        path,
        description=", ".join(article.title for article in found.contents.articles)[:300],
        feeds=_feeds(reading, one),
        crumbs=[*_crumbs(reading, one, found.language), Link(_when(found), path)],
    )

    def show(article: ArticleView) -> Markup:
        html = as_html(reading.newsroom.templates, article, found.contents.content, heading=3)
        return with_scrolling_tables(html, words(article.language).text("Table"))

    return reading.page(
        "pages/edition.html",
        head,
        heading=one.title,
        when=_when(found),
        edition=found,
        show=show,
        before=_beside(reading, one, found.before),
        after=_beside(reading, one, found.after),
    )


def _list(reading: Reading) -> MailingList:
    one = reading.newsroom.config.list_named(reading.path["list"])
    if one is None:
        raise HTTPException(404)
    return one


def _when(edition: WebEdition) -> str:
    return date_span(edition.dates.first, edition.dates.last, edition.language)


def _beside(reading: Reading, one: MailingList, day: date | None) -> Link | None:
    if day is None:
        return None
    language = reading.newsroom.config.language_of(one)
    address = edition_url(reading.newsroom.config, one, Dates(day, day))
    return Link(long_date(day, language), urlsplit(address).path)


def _crumbs(reading: Reading, one: MailingList, language: str) -> list[Link]:
    home = Link(words(language).text("Home"), f"{reading.root}/")
    return [home, Link(one.title, f"{reading.root}/editions/{one.name}/")]


def _feeds(reading: Reading, one: MailingList) -> list[FeedLink]:
    config = reading.newsroom.config
    here = f"{config.site.url}/feeds/editions/{one.name}/"
    return [
        FeedLink(
            NAMES[form], MEDIA_TYPES[form], f"{here}{FILES[form]}",
            f"{one.title} ({NAMES[form]})",
        )
        for form in config.feeds.formats
    ]  # fmt: skip
