"""What a page tells programs about itself: JSON-LD after schema.org."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup

from publisher.config import Site
from publisher.render.pages import Link, origin_and_root
from publisher.render.view import ArticleView

# Inside <script>, these could end it or begin a comment; JSON knows them by another spelling.
_SPELLED = {ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"}
LONGEST_HEADLINE = 110


def article_metadata(
    article: ArticleView, site: Site, crumbs: Sequence[Link], translations: Iterable[Link]
) -> Markup:
    """A NewsArticle and its place in the site, as data that cannot leave its element."""
    return json_ld([_news_article(article, site, translations), breadcrumbs(crumbs, site)])


def json_ld(graph: list[dict[str, Any]]) -> Markup:
    """A script element of data. Browsers do not run it, whatever the policy says."""
    text = json.dumps({"@context": "https://schema.org", "@graph": graph}, ensure_ascii=False)
    safe = text.translate(_SPELLED)
    return Markup(f'<script type="application/ld+json">{safe}</script>')  # noqa: S704 - spelled


def breadcrumbs(crumbs: Sequence[Link], site: Site) -> dict[str, Any]:
    """The way from the home page to a page."""
    origin, _ = origin_and_root(site)
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": position,
                "name": crumb.title,
                "item": f"{origin}{crumb.address}",
            }
            for position, crumb in enumerate(crumbs, 1)
        ],
    }


def _news_article(article: ArticleView, site: Site, translations: Iterable[Link]) -> dict[str, Any]:
    origin, _ = origin_and_root(site)
    found = {
        "@type": "NewsArticle",
        "@id": article.uid,
        "mainEntityOfPage": article.url,
        "url": article.url,
        "headline": article.title[:LONGEST_HEADLINE],
        "description": article.summary,
        "inLanguage": article.language,
        "datePublished": article.published.astimezone(site.zone).isoformat(),
        "dateModified": (article.updated or article.published).astimezone(site.zone).isoformat(),
        "articleSection": article.category.title,
        "keywords": list(article.tags),
        "author": [{"@type": "Person", "name": name} for name in article.authors],
        "publisher": _publisher(site),
        "image": [medium.url for medium in article.media if medium.type.startswith("image/")],
        "citation": [{"@type": "CreativeWork", **_source(s)} for s in article.sources],
        "correction": article.correction,
        "isBasedOn": article.original_url,
        "workTranslation": [
            {"@type": "NewsArticle", "url": f"{origin}{one.address}", "inLanguage": one.language}
            for one in translations
        ],
        "isAccessibleForFree": True,
    }
    return {name: value for name, value in found.items() if value not in ([], "", None)}


def _publisher(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = {
        "@type": "NewsMediaOrganization",
        "name": site.publisher or site.title,
        "url": f"{site.url}/",
    }
    if site.logo:
        found["logo"] = {"@type": "ImageObject", "url": site.logo}
    return found


def _source(source: Any) -> dict[str, str]:
    return {"name": source.name, "url": source.url} if source.url else {"name": source.name}
