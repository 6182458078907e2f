"""Markdown with front matter, as static site generators keep articles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin

from publisher.errors import RejectedError
from publisher.ingest.frontmatter import FrontMatter, split
from publisher.ingest.raw import RawArticle
from publisher.ingest.records import category_chain, media_of, sources_of
from publisher.ingest.shortcodes import article_slug, expand
from publisher.model import Source


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is left out on purpose, such as a draft, and why."""

    origin: str
    reason: str


def read(text: str, origin: str, key: str) -> Iterator[RawArticle | RejectedError | Skipped]:
    """The one article of a file; `key` is its id where its front matter gives none."""
    try:
        front = split(text, origin)
        if not front.values:
            yield Skipped(origin, "it has no front matter, so it is no article")
        elif str(front.values.get("draft", False)).lower() == "true":
            yield Skipped(origin, "a draft")
        elif origin.rpartition("/")[2] == "_index.md" and not front.first("date", "published")[1]:
            yield Skipped(origin, "the page of a section")
        else:
            yield _article(front, origin, key)
    except RejectedError as reject:
        yield reject


def _article(front: FrontMatter, origin: str, key: str) -> RawArticle:
    original = front.text("source_url", "canonical_url", "external_url")
    return RawArticle(
        origin=origin,
        line=1,
        external_id=front.text("id", "guid", "external_id") or key,
        title=front.text("title"),
        summary=front.text("summary", "description", "deck", "excerpt"),
        body=to_html(front.body),
        published=front.moment("date", "published", "pubdate", "publishdate"),
        expires=front.moment("expirydate", "expiryDate", "expires", "unpublishdate"),
        category=_categories(front),
        language=front.text("lang", "language"),
        slug=front.text("slug") or article_slug(origin),
        sources=_sources(front, original),
        authors=front.texts("authors", "author"),
        tags=front.texts("tags", "topics", "keywords"),
        media=_media(front),
        aliases=front.texts("aliases", "alias"),
        url=original,
        correction=front.text("correction"),
        translation_key=front.text("translationKey", "translation_key"),
    )


@cache
def _markdown() -> MarkdownIt:
    options = {"html": True, "typographer": False}  # the cleaning step comes after it
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"]).use(footnote_plugin)


def to_html(markdown: str) -> str:
    """Markdown as HTML that is not safe yet; shortcodes are replaced first."""
    html: str = _markdown().render(expand(markdown))
    return html


def _categories(front: FrontMatter) -> tuple[str, ...]:
    texts = front.texts("category", "categories", "section")
    # A list means the first for the place of an article: it stands in one place.
    return category_chain(texts[0]) if texts else ()


def _sources(front: FrontMatter, original: str | None) -> tuple[Source, ...]:
    key, value = front.first("sources", "source")
    try:
        found = sources_of(value)
    except ValueError as error:
        raise front.reject(key, f"{key}: {error}") from None
    if original and len(found) == 1 and found[0].url is None:
        return (Source(found[0].name, original),)
    return found


def _media(front: FrontMatter) -> tuple[Any, ...]:
    key, value = front.first("media", "images", "image", "primary_image")
    try:
        return media_of(value)
    except ValueError as error:
        raise front.reject(key, f"{key}: {error}") from None
