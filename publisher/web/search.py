"""The search page: a form, what was found, and how to go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from markupsafe import Markup

from publisher.errors import SlowSearchError
from publisher.render.dates import day_bounds
from publisher.render.pages import Head, Link
from publisher.render.plain import words_only
from publisher.render.snippets import highlighted, snippet
from publisher.render.translations import words
from publisher.render.view import ArticleView
from publisher.store import pages, search
from publisher.store.search import Hit, Limits, Place
from publisher.terms import Query, parse
from publisher.web.lists import views
from publisher.web.press import Page, Reading

PARAMETERS = ("q", "category", "from", "to", "after")
LONGEST_QUERY = 200
RESULTS = 20
CHOICES = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form says; what of it cannot be understood counts as not said."""

    text: str
    category: str
    first: date | None
    last: date | None
    after: Place | None


@dataclass(frozen=True, slots=True)
class Found:
    """One article of the results."""

    article: ArticleView
    title: Markup
    snippet: Markup


def search_page(reading: Reading) -> Page:
    """The form and, where something was asked for, what was found."""
    site = reading.newsroom.config.site
    say, number = words(site.language).text, words(site.language).number
    asked = read(reading.query)
    query = parse(asked.text)
    hits, problem, fleeting = [], "", False
    found: list[Found] = []
    if query.wanted:
        try:
            hits = _hits(reading, query, asked)
            found = _found(reading, query, hits[:RESULTS])
            fleeting = len(found) < len(hits[:RESULTS])
        except SlowSearchError:
            problem = say("This search takes too long. Ask for rarer words, or for fewer days.")
            fleeting = True
    elif asked.text:
        problem = say("Search for a word, at least.")
    more = len(hits) > RESULTS
    whole = not more and asked.after is None
    return reading.page(
        "pages/search.html",
        _head(reading, asked),
        fleeting=fleeting,
        heading=say("Search"),
        asked=asked,
        found=found,
        said=number("%(n)s article found", "%(n)s articles found", len(found))
        if whole
        else say("Articles found"),
        problem=problem,
        older=Link(say("More results"), _address(reading, asked, hits[RESULTS - 1]))
        if more
        else None,
        choices=[
            Link(feed.title, feed.key) for feed in pages.sections(reading.session, "", CHOICES)
        ],
    )


def read(query: Mapping[str, str]) -> Asked:
    """The form's fields."""
    return Asked(
        " ".join(query.get("q", "")[:LONGEST_QUERY].split()),
        query.get("category", ""),
        _date(query.get("from", "")),
        _date(query.get("to", "")),
        _place(query.get("after", "")),
    )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _place(text: str) -> Place | None:
    kind, _, number = text.partition("-")
    if kind not in ("title", "text") or not (number.isascii() and number.isdigit()):
        return None
    return Place(kind == "title", int(number)) if len(number) < 20 else None


def _hits(reading: Reading, query: Query, asked: Asked) -> list[Hit]:
    feeds = pages.feeds_at(reading.session, [asked.category])
    if "" not in feeds or asked.category not in feeds:
        return []
    zone = reading.newsroom.config.site.zone
    first = day_bounds(asked.first, zone) if asked.first else None
    last = day_bounds(asked.last, zone) if asked.last else None
    limits = Limits(
        feeds[asked.category].id if asked.category else None,
        first[0] if first else None,
        last[1] if last else None,
    )
    return search.find(
        reading.session, query, limits, feeds[""].id, after=asked.after, limit=RESULTS + 1
    )


def _found(reading: Reading, query: Query, hits: list[Hit]) -> list[Found]:
    shown = views(reading, [hit.article_id for hit in hits])
    return [
        Found(
            article,
            highlighted(article.title, query),
            snippet(f"{article.standfirst or ''} {words_only(article.body)}".strip(), query),
        )
        for article in shown.values()
    ]


def _head(reading: Reading, asked: Asked) -> Head:
    site = reading.newsroom.config.site
    say = words(site.language).text
    title = f"{asked.text} – {say('Search')}" if asked.text else say("Search")
    address = f"{reading.root}/search"
    way = [Link(say("Home"), f"{reading.root}/"), Link(say("Search"), address)]
    return Head(title, site.language, address, crumbs=way, hidden=True)


def _address(reading: Reading, asked: Asked, last: Hit) -> str:
    said = {
        "q": asked.text,
        "category": asked.category,
        "from": asked.first.isoformat() if asked.first else "",
        "to": asked.last.isoformat() if asked.last else "",
        "after": f"{'title' if last.in_title else 'text'}-{last.newness}",
    }
    query = urlencode({name: value for name, value in said.items() if value})
    return f"{reading.root}/search?{query}"
