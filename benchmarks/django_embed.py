"""The peer of bench_embed: Django renders an embed fragment from the same store and templates.

As a program it serves that: `python -m benchmarks.django_embed FOLDER PORT`.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from markupsafe import Markup

from benchmarks import django_page
from publisher.config import Site
from publisher.render.article import lowered
from publisher.render.dates import direction
from publisher.render.translations import words
from publisher.render.view import ArticleView
from publisher.store.log import READ_ROWS

URLS = "benchmarks.django_embed"
HEADING = 3


def fragment(request: HttpRequest, category: str) -> HttpResponse:
    """The newest articles of a category, as a piece of HTML."""
    from benchmarks.django_models.models import Article, Feed, FeedArticle

    site: Site = settings.SITE
    feed = Feed.objects.get(kind="category", key=category)
    newest = FeedArticle.objects.filter(feed_id=feed.id).order_by("-published", "-article_id")
    ids = [row.article_id for row in newest[: int(request.GET.get("count", 5))]]
    found = Article.objects.select_related("category__parent").in_bulk(ids)
    if _withdrawn(feed):
        raise RuntimeError(
            "something was withdrawn, which this peer does not show; measure without"
        )
    items = [django_page.view(found[one], site) for one in ids]
    say = words(site.language).text
    html = (
        engines["jinja2"]
        .get_template("embed/fragment.html")
        .render(
            {
                "site": site,
                "title": f"{feed.title} – {site.title}",
                "page": f"{site.url}/{feed.key}/",
                "language": site.language,
                "direction": direction(site.language),
                "items": items,
                "heading": HEADING,
                "show": lambda item: _article(item, request.GET.get("detail", "summary")),
                "is_article": lambda _item: True,
                "local": lambda moment: moment.astimezone(site.zone),
                "words_of": lambda language: words(language).text,
                "_": say,
            }
        )
    )
    return HttpResponse(html)


def _withdrawn(feed: Any) -> bool:
    """Whether the end of a feed's log tells of a withdrawal."""
    from benchmarks.django_models.models import FeedChange

    log = FeedChange.objects.filter(feed_id=feed.id)
    rows = log.filter(position__gte=feed.length - READ_ROWS, gone=True, change__kind="retracted")
    return any(rows.order_by("position").values_list("article_id", "at"))


def _article(item: ArticleView, detail: str) -> Markup:
    template: Any = engines["jinja2"].get_template("article.html")
    context = {
        "article": item,
        "body": lowered(item.body, HEADING + 1),
        "detail": detail,
        "heading": HEADING,
        "_": words(item.language).text,
    }
    return Markup(template.render(context).strip())


urlpatterns = [path("embed/fragment/<path:category>/", fragment)]


if __name__ == "__main__":
    django_page.main(URLS)
