"""What templates see of an article."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from html import unescape
from urllib.parse import quote

from markupsafe import Markup

from publisher.config import Site
from publisher.model import Article, Content, Medium, Source
from publisher.render.dates import direction, long_date, short_date
from publisher.render.plain import excerpt


@dataclass(frozen=True, slots=True)
class CategoryView:
    """One step of the way down to an article's category. `scheme` names the site's categories."""

    title: str
    path: str
    url: str
    scheme: str


@dataclass(frozen=True, slots=True)
class ArticleView:
    """An article as templates show it: links are absolute, `body` is safe, dates are local.

    `original_url` is where the story first stood; `local_date` is its day by the newsroom's clock;
    `standfirst` is a summary that the newsroom wrote itself; `picture` stands for the article
    where others stand beside it.
    """

    uid: str
    url: str
    title: str
    title_derived: bool
    body: Markup
    summary: str
    sources: tuple[Source, ...]
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    media: tuple[Medium, ...]
    categories: tuple[CategoryView, ...]
    published: datetime
    updated: datetime | None
    local_date: date
    language: str
    correction: str | None
    original_url: str | None
    standfirst: str | None = None
    picture: Medium | None = None

    @property
    def category(self) -> CategoryView:
        """The category that the article itself is in."""
        return self.categories[-1]

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return direction(self.language)

    @property
    def date_text(self) -> str:
        """The day in words, in the article's language."""
        return long_date(self.local_date, self.language)

    @property
    def short_date_text(self) -> str:
        """The day in words, without that of the week."""
        return short_date(self.local_date, self.language)

    @property
    def teaser(self) -> str:
        """The summary, without the words that a derived title has said already."""
        said = self.title.removesuffix("…")
        if not self.title_derived or not self.summary.startswith(said):
            return self.summary
        rest = self.summary[len(said) :].lstrip(" .")
        return f"… {rest}" if rest and said != self.title else rest

    @property
    def images(self) -> tuple[Medium, ...]:
        """The media that can be shown as pictures and do not stand in the body already."""
        return tuple(
            medium
            for medium in self.media
            if medium.type.startswith("image/") and medium.url not in self.body
        )


def view(article: Article, *, site: Site) -> ArticleView:
    """What templates see of a stored article. It must be sealed: only clean content is shown."""
    content = article.content
    scheme = f"{site.url}/"
    paths = article.category.paths
    return ArticleView(
        uid=article.uid or "",
        url=article_url(site, article),
        title=content.title,
        title_derived=content.title_derived,
        body=Markup(content.body),  # noqa: S704 - sealed content has been cleaned
        summary=content.summary or excerpt(content.body),
        sources=content.sources,
        authors=content.authors,
        tags=content.tags,
        media=content.media,
        categories=tuple(
            CategoryView(title, path, f"{scheme}{quote(path)}/", scheme)
            for title, path in zip(content.category, paths, strict=True)
        ),
        published=content.published,
        updated=article.updated,
        local_date=content.published.astimezone(site.zone).date(),
        language=content.language or site.language,
        correction=content.correction,
        original_url=content.url,
        standfirst=content.summary,
        picture=_picture(content),
    )


def article_url(site: Site, article: Article) -> str:
    """Where an article has its page."""
    return f"{site.url}/articles/{quote(article.slug or '')}"


# Cleaned HTML has its attributes in double quotes.
_image = re.compile(r'<img\b[^>]*?\ssrc="([^"]+)"[^>]*>')


def _picture(content: Content) -> Medium | None:
    for medium in content.media:
        if medium.type.startswith("image/"):
            return medium
    found = _image.search(content.body)
    return Medium(unescape(found[1])) if found else None
