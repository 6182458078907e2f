"""An article as markup and as text, through the one template that all places share."""

from __future__ import annotations

from typing import Literal

from markupsafe import Markup

from publisher.render.environment import Templates
from publisher.render.plain import as_lines, wrap
from publisher.render.translations import words
from publisher.render.view import ArticleView

Detail = Literal["full", "summary", "headline"]


def as_html(
    templates: Templates,
    article: ArticleView,
    detail: Detail = "full",
    *,
    heading: int = 0,
    language: str | None = None,
) -> Markup:
    """The article as HTML, by `article.html`.

    `heading` is the level (2 to 6) of a linked title above it; 0 shows neither title nor date,
    since a feed reader shows its own. `language` is that of the words around it; the article's
    own, if None. Raises TemplateError.
    """
    around = words(language or article.language)
    return Markup(  # noqa: S704 - the template escapes
        templates.render(
            "article.html", article=article, detail=detail, heading=heading, _=around.text
        ).strip()
    )


def as_text(
    templates: Templates,
    article: ArticleView,
    detail: Detail = "full",
    *,
    width: int = 72,
    language: str | None = None,
) -> str:
    """The article as text of `width` columns, by `article.txt`. Raises TemplateError."""
    return templates.render(
        "article.txt",
        article=article,
        detail=detail,
        body=as_lines(article.body, width) if detail == "full" else "",
        wrap=lambda text: wrap(text, width),
        _=words(language or article.language).text,
    ).strip()
