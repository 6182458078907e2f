"""Which feeds an article belongs to, and where each feed lives. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from publisher.model import Content
from publisher.names import slug_of
from publisher.store.feeds import FeedName

EVERYTHING = FeedName("everything", "")


def feeds_of(content: Content, paths: Sequence[str]) -> tuple[FeedName, ...]:
    """Every feed that should carry the article: its category and all above it are among them.

    `paths` are those of the categories, as many as they have titles, top first.
    """
    chain = zip(paths, content.category, strict=True)
    found = {EVERYTHING: None}
    found |= {FeedName("category", path, title): None for path, title in chain}
    found[FeedName("language", content.language.lower(), content.language)] = None
    for kind, names in (
        ("tag", content.tags),
        ("author", content.authors),
        ("source", tuple(source.name for source in content.sources)),
    ):
        by_slug = {slug_of(name): name for name in reversed(names)}
        found |= {FeedName(kind, slug, name): None for slug, name in by_slug.items() if slug}
    return tuple(found)


def feed_path(kind: str, key: str) -> str:
    """The folder of a feed below `feeds/`, with a slash at the end; empty for everything."""
    if kind == "everything":
        return ""
    return f"{key}/" if kind == "category" else f"{kind}/{key}/"
