"""The sections of the site, changed by the newsroom."""

from __future__ import annotations

from publisher.errors import UsageError
from publisher.model import Category
from publisher.names import category_path, is_category_path
from publisher.store import categories
from publisher.store.engine import Session


def rename(
    session: Session, one: Category, title: str, path: str | None = None
) -> list[tuple[str, str]]:
    """Give a category another title, and the path made of it if none is given; what is below it
    goes along (old and new paths). Raises UsageError where there cannot be such a path."""
    plain = " ".join(title.split())
    target = path or category_path((*one.titles[:-1], plain))
    if not plain or not is_category_path(target):
        raise UsageError(
            f"{target!r} cannot be a path; use letters, digits and hyphens, and none of the "
            "site's own words, such as feeds"
        )
    try:
        return categories.rename(session, one, plain, target)
    except ValueError as error:
        raise UsageError(str(error)) from error
