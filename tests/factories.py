"""Articles and readers for tests: each field has a sensible value unless the test names another."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from publisher.config import Site
from publisher.model import Article, Category, seal
from publisher.names import category_path, slug_of
from publisher.pipeline import joining
from publisher.pipeline.joining import Joined, Origin
from publisher.render.view import ArticleView, view
from publisher.store.engine import Session
from publisher.store.subscribers import Wish

WHEN = datetime(2018, 2, 15, 9, 0, tzinfo=UTC)
SITE = Site(title="Harbour Post", url="https://news.example")


def category(*titles: str) -> Category:
    """A category and all above it."""
    above: Category | None = None
    for number in range(len(titles)):
        path = category_path(titles[: number + 1])
        above = Category(path=path, title=titles[number], parent=above)
    assert above is not None
    return above


def article(**values: Any) -> Article:
    """An article as the store gives it, clean and sealed; `category` is a chain of titles."""
    titles = values.pop("category", ("Town", "Council"))
    title = values.setdefault("title", "Council meets")
    made = Article(
        category=category(*titles),
        **{
            "id": 1,
            "uid": f"tag:news.example,2018-02-15:{slug_of(title)}",
            "slug": slug_of(title),
            "title_derived": False,
            "body": "<p>The council met on Monday.</p>",
            "published": WHEN,
            "language": "en",
            "sources": [{"name": "Town Hall"}],
            "authors": [],
            "tags": [],
            "media": [],
            "aliases": [],
            "revision": 1,
        }
        | values,
    )
    made.seal = seal(made.content)
    return made


def article_view(**values: Any) -> ArticleView:
    """The same, as templates see it."""
    return view(article(**values), site=SITE)


def join(
    session: Session,
    list_name: str,
    wishes: list[Wish | str],
    *,
    confirmed: bool = True,
    now: datetime = WHEN,
) -> list[Joined]:
    """Put readers on a list, by their addresses or with more; active, unless not `confirmed`."""
    made = [Wish(one) if isinstance(one, str) else one for one in wishes]
    origin = Origin("a test", "a test" if confirmed else "")
    return joining.join(session, list_name, made, origin, now)
