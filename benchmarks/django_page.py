"""The peer of bench_pages: Django renders an article page from the same store and templates.

As a program it serves that page: `python -m benchmarks.django_page FOLDER PORT`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any
from urllib.parse import quote

import django
import uvicorn
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.handlers.base import BaseHandler
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import RequestFactory
from django.urls import path
from jinja2 import Environment
from markupsafe import Markup

from publisher import config as our_settings
from publisher.config import Config, Site
from publisher.model import Medium, Source
from publisher.packaged import place_of
from publisher.render.article import lowered
from publisher.render.dates import direction, long_date, short_date
from publisher.render.environment import WEB
from publisher.render.feed_pages import FeedLink
from publisher.render.metadata import article_metadata
from publisher.render.pages import Head, Link, Look
from publisher.render.plain import excerpt
from publisher.render.translations import words
from publisher.render.view import ArticleView, CategoryView

FORMATS = {"atom": "Atom", "rss": "RSS", "json": "JSON"}


def environment(**options: Any) -> Environment:
    """Jinja2 as these templates want it."""
    return Environment(trim_blocks=True, lstrip_blocks=True, **options)


def configure(config: Config, urls: str = __name__) -> None:
    """Set Django up with the addresses of a module, as its documentation says."""
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": config.store_url.removeprefix("sqlite:///"),
                "CONN_MAX_AGE": None,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=["benchmarks.django_models"],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            "django.middleware.http.ConditionalGetMiddleware",
        ],
        ROOT_URLCONF=urls,
        SECRET_KEY="it measures and ends",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.jinja2.Jinja2",
                "DIRS": [place_of("email_templates"), WEB],
                "OPTIONS": {"environment": f"{__name__}.environment"},
            }
        ],
        USE_TZ=True,
        SITE=config.site,
    )
    django.setup()


def article_page(_request: HttpRequest, slug: str) -> HttpResponse:
    """The page of an article."""
    from benchmarks.django_models.models import Article, Feed, FeedArticle

    site: Site = settings.SITE
    article = Article.objects.select_related("category__parent").get(slug=slug)
    keys = ["", *(one.path for one in article.category.chain)]
    feeds = {feed.key: feed for feed in Feed.objects.filter(key__in=keys)}
    places = FeedArticle.objects.filter(article_id=article.id, feed_id=feeds[""].id)
    if not places.exists():
        return HttpResponse(status=404)
    shown = view(article, site)
    around = FeedArticle.objects.filter(feed_id=feeds[article.category.path].id)
    here = article.published
    newer = around.filter(
        Q(published__gt=here) | Q(published=here, article_id__gt=article.id)
    ).order_by("published", "article_id")[:1]
    older = around.filter(
        Q(published__lt=here) | Q(published=here, article_id__lt=article.id)
    ).order_by("-published", "-article_id")[:1]
    following = [row.article_id for row in newer]
    previous = [row.article_id for row in older]
    beside = Article.objects.select_related("category").in_bulk([*following, *previous])
    sections = Feed.objects.filter(kind="category").exclude(key__contains="/").order_by("title")
    html = page(
        site,
        shown,
        [Link(one.title, f"/{one.key}/") for one in sections[:9]],
        [(feeds[key], key) for key in (article.category.path, "")],
        *(_link(beside[ids[0]], site) if ids else None for ids in (previous, following)),
    )
    return HttpResponse(html)


def page(
    site: Site,
    shown: ArticleView,
    sections: list[Link],
    feeds: list[tuple[Any, str]],
    previous: Link | None,
    following: Link | None,
) -> str:
    """The page from the templates."""
    say = words(shown.language)
    templates = engines["jinja2"]
    address = f"/articles/{quote(shown.url.rpartition('/')[2])}"
    way = [Link(say.text("Home"), "/")]
    way += [Link(one.title, f"/{one.path}/") for one in shown.categories]
    way.append(Link(shown.title, address))
    body = lowered(shown.body, 2)
    text = templates.get_template("article.html").render(
        {"article": shown, "body": body, "detail": "full", "heading": 0, "_": say.text}
    )
    links = [link for feed, key in feeds for link in _feed_links(site, feed, key)]
    head = Head(
        shown.title,
        shown.language,
        address,
        description=shown.summary,
        feeds=links,
        crumbs=way,
        metadata=article_metadata(shown, site, way, ()),
        section=f"/{shown.categories[0].path}/",
    )
    context = {
        "site": site,
        "look": Look("/static/site.css", "/static/icon.svg", tuple(sections)),
        "head": head,
        "language": shown.language,
        "direction": direction(shown.language),
        "root": "",
        "here": lambda url: url.removeprefix(site.url) or "/",
        "within": lambda url: url.removeprefix(site.url) or "/",
        "absolute": lambda path: f"{site.url}{path}",
        "direction_of": direction,
        "day_text": lambda day: long_date(day, shown.language),
        "short_day": lambda day: short_date(day, shown.language),
        "time_text": lambda moment: f"{moment.astimezone(site.zone):%H:%M}",
        "local": lambda moment: moment.astimezone(site.zone),
        "_": say.text,
        "ngettext": say.number,
        "article": shown,
        "text": Markup(text.strip()),
        "day_address": f"/{shown.category.path}/{shown.local_date:%Y/%m/%d}/",
        "previous": previous,
        "next": following,
        "feed_page": Link(shown.category.title, f"{site.url}/feeds/{shown.category.path}/"),
    }
    return str(templates.get_template("pages/article.html").render(context))


def view(article: Any, site: Site) -> ArticleView:
    """What the templates see of a row."""
    chain = article.category.chain
    return ArticleView(
        uid=article.uid,
        url=f"{site.url}/articles/{quote(article.slug)}",
        title=article.title,
        title_derived=article.title_derived,
        body=Markup(article.body),
        summary=article.summary or excerpt(article.body),
        sources=tuple(Source(**one) for one in article.sources),
        authors=tuple(article.authors),
        tags=tuple(article.tags),
        media=tuple(Medium(**one) for one in article.media),
        categories=tuple(
            CategoryView(one.title, one.path, f"{site.url}/{one.path}/", f"{site.url}/")
            for one in chain
        ),
        published=article.published.astimezone(UTC),
        updated=article.updated,
        local_date=article.published.astimezone(site.zone).date(),
        language=article.language or site.language,
        correction=article.correction,
        original_url=article.url,
        standfirst=article.summary,
    )


def _link(article: Any, site: Site) -> Link:
    shown = view(article, site)
    return Link(shown.title, shown.url, shown.language)


def _feed_links(site: Site, feed: Any, key: str) -> list[FeedLink]:
    title = feed.title or site.title
    folder = f"{site.url}/feeds/{key}/" if key else f"{site.url}/feeds/"
    return [
        FeedLink(name, f"application/{form}+xml", f"{folder}{form}.xml", f"{title} ({name})")
        for form, name in FORMATS.items()
    ]


urlpatterns = [path("articles/<str:slug>", article_page)]


def handler(
    config: Config, urls: str = __name__, path: str = "/articles/middle"
) -> Callable[[], str]:
    """Django in this process: each call answers one request, through its middleware."""
    configure(config, urls)
    made = BaseHandler()
    made.load_middleware()
    factory = RequestFactory()
    return lambda: str(made.get_response(factory.get(path)).content.decode())


def main(urls: str = __name__) -> None:
    """Serve the page, on the server that serves ours."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    configure(our_settings.load(folder / "config.toml", environ={}), urls)
    uvicorn.run(get_asgi_application(), port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    main()
