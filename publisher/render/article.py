"""An article as markup and as text, through the one template that all places share."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from markupsafe import Markup

from publisher.render.environment import Templates
from publisher.render.plain import as_lines, wrap
from publisher.render.translations import words
from publisher.render.view import ArticleView

Detail = Literal["full", "summary", "headline"]

_table = re.compile(r"<(/?)table\b[^>]*>")
_heading = re.compile(r"(</?h)([1-6])(?=[\s>])")
# What stands in quotation marks may hold a `>`.
_attributes = r"(?:\s(?:\"[^\"]*\"|[^\">])*)?"
_picture = re.compile(
    rf"<(?P<pair>figure|picture|video){_attributes}>(?:(?!</?(?P=pair)\b).)*</(?P=pair)>"
    rf"|<img{_attributes}>",
    re.DOTALL,
)
_shows = re.compile(r"<(?:img|picture|video)\b")
_emptied = re.compile(rf"<(?P<pair>p|a|figure){_attributes}>\s*</(?P=pair)>")


def as_html(
    templates: Templates, article: ArticleView, detail: Detail = "full", *, heading: int = 0
) -> Markup:
    """The article as HTML, by `article.html`, with the words around it in its own language.

    `heading` is the level (2 to 5) of a linked title above it, and headings in the article go
    below that; 0 shows no title, since a feed reader shows its own. Raises TemplateError.
    """
    body = lowered(article.body, heading + 1) if heading else article.body
    return Markup(  # noqa: S704 - the template escapes
        templates.render(
            "article.html",
            article=article,
            body=body,
            detail=detail,
            heading=heading,
            _=words(article.language).text,
        ).strip()
    )


def as_text(
    templates: Templates, article: ArticleView, detail: Detail = "full", *, width: int = 72
) -> str:
    """The article as text of `width` columns, by `article.txt`. Raises TemplateError."""
    return templates.render(
        "article.txt",
        article=article,
        detail=detail,
        body=as_lines(article.body, width) if detail == "full" else "",
        wrap=lambda text: wrap(text, width),
        _=words(article.language).text,
    ).strip()


def lowered(html: Markup, level: int) -> Markup:
    """Cleaned HTML whose highest heading has `level`, and the others as far below it as before."""
    levels = [int(match[2]) for match in _heading.finditer(html)]
    if not levels or min(levels) >= level:
        return html
    shift = level - min(levels)
    moved = _heading.sub(lambda match: f"{match[1]}{min(6, int(match[2]) + shift)}", html)
    return Markup(moved)  # noqa: S704 - only levels have changed


def without_pictures(article: ArticleView) -> ArticleView:
    """The article without its pictures and films, and without the captions below them."""

    def kept(match: re.Match[str]) -> str:
        # A figure may also be a table or a quotation.
        inner = match[0]
        return inner if match["pair"] == "figure" and not _shows.search(inner) else ""

    body = _picture.sub(kept, article.body)
    if body != article.body:
        body = _emptied.sub("", _emptied.sub("", body))  # a link around a picture, then a paragraph
    media = tuple(one for one in article.media if not one.type.startswith(("image/", "video/")))
    return replace(article, body=Markup(body), media=media, picture=None)  # noqa: S704 - only less


def with_scrolling_tables(html: Markup, label: str) -> Markup:
    """Cleaned HTML whose tables can be moved sideways where a screen is too narrow for them, by
    keyboard too; `label` is what a screen reader calls such a table."""
    opening = Markup('<div class="scroll" role="group" tabindex="0" aria-label="{}">').format(label)
    depth = 0

    def wrapped(match: re.Match[str]) -> str:
        nonlocal depth
        if match[1]:
            depth -= 1
            return f"{match[0]}</div>" if depth == 0 else match[0]
        depth += 1
        return f"{opening}{match[0]}" if depth == 1 else match[0]

    return Markup(_table.sub(wrapped, html))  # noqa: S704 - only our own element is added
