"""Categories, feeds and lists."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from publisher.config import Config, MailingList
from publisher.errors import UsageError
from publisher.ingest.clean import legal
from publisher.model import Category, Feed, Scope
from publisher.pipeline import sections
from publisher.store import categories
from publisher.store import listing as lists
from publisher.syndication.document import FILES
from publisher.syndication.selection import feed_path
from publisher.web.api.cursors import Listing, Page, listing, number_of, text_of
from publisher.web.api.operation import (
    Answer,
    AnyOperation,
    Asked,
    Nothing,
    Operation,
    Plain,
    Shape,
)
from publisher.web.api.problems import Fault, ProblemError, named


class CategoryOut(BaseModel):
    """A section of the site."""

    path: str
    title: str
    titles: list[str] = Field(description="From the top down to its own.")
    page: str


class OneCategory(Shape):
    """Which category."""

    path: Annotated[Plain, Field(min_length=1, max_length=1000, description="Its path.")]


class Renaming(Shape):
    """What a category is called from now on."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    path: Annotated[
        str | None,
        Field(max_length=1000, description="Its new path; made of the title if left out."),
    ] = None


class Renamed(BaseModel):
    """A category that was renamed, and the paths that lead elsewhere now."""

    category: CategoryOut
    moved: dict[str, str] = Field(description="Old paths and new ones.")


class FeedOut(BaseModel):
    """A feed, with its documents by format."""

    id: int
    kind: str
    key: str
    title: str
    content: str = Field(description="full or summary.")
    documents: dict[str, str]


class ListOut(BaseModel):
    """A mailing list of the config."""

    name: str
    title: str
    description: str
    categories: list[str] = Field(description="What it carries; all if empty.")
    language: str
    timezone: str
    send_at: str
    days: list[str]
    editions: str = Field(description="Where its editions stand on the web.")


class OneList(Shape):
    """Which list."""

    list: Annotated[Plain, Field(max_length=100, description="Its name in the config.")]


def list_of(config: Config, name: str) -> MailingList:
    """The list of that name. Raises ProblemError (404)."""
    found = config.list_named(name)
    if found is None:
        raise ProblemError(404, "There is no such list.")
    return found


def read_categories(asked: Asked, params: Page, _body: Nothing) -> Answer:
    """Categories, by path."""
    config = asked.newsroom.config
    with asked.newsroom.store.read() as session:
        rows = lists.categories(session, text_of(params), params.limit + 1)
        page = listing(rows, params, lambda one: _category(config, one), lambda one: (one.path,))
    return Answer(page)


def rename_category(asked: Asked, params: OneCategory, body: Renaming) -> Answer:
    """A category gets another title and path."""
    with asked.newsroom.store.write() as session:
        found = categories.at(session, params.path.strip("/"))
        if found is None:
            raise ProblemError(404, "There is no such category.")
        target = legal(body.path).strip("/") if body.path else None
        if target and target != found.path and categories.at(session, target):
            raise named("exists", f"There is a category {target} already.")
        try:
            moved = sections.rename(session, found, legal(body.title), target)
        except UsageError as error:
            fault = Fault(detail=str(error), pointer="#/path" if body.path else "#/title")
            raise ProblemError(422, str(error), faults=(fault,)) from None
        told = Renamed(
            category=_category(asked.newsroom.config, found),
            moved={old: new for old, new in moved if old != new},
        )
    return Answer(told)


def read_feeds(asked: Asked, params: Page, _body: Nothing) -> Answer:
    """Feeds that are published."""
    config = asked.newsroom.config
    with asked.newsroom.store.read() as session:
        rows = lists.feeds(session, config.feeds.kinds, number_of(params), params.limit + 1)
        page = listing(rows, params, lambda one: _feed(config, one), lambda one: (one.id,))
    return Answer(page)


def read_lists(asked: Asked, params: Page, _body: Nothing) -> Answer:
    """Lists, in the order of the config."""
    config, first = asked.newsroom.config, number_of(params)
    rows = list(enumerate(config.lists, 1))[first : first + params.limit + 1]
    return Answer(listing(rows, params, lambda row: _list(config, row[1]), lambda row: (row[0],)))


def read_list(asked: Asked, params: OneList, _body: Nothing) -> Answer:
    """One list."""
    config = asked.newsroom.config
    return Answer(_list(config, list_of(config, params.list)))


def _category(config: Config, one: Category) -> CategoryOut:
    return CategoryOut(
        path=one.path, title=one.title, titles=list(one.titles),
        page=f"{config.site.url}/{one.path}/"
    )  # fmt: skip


def _feed(config: Config, one: Feed) -> FeedOut:
    folder = feed_path(one.kind, one.key)
    return FeedOut(
        id=one.id, kind=one.kind, key=one.key, title=one.title or config.site.title,
        content="full" if config.feeds.is_full(folder) else "summary",
        documents={
            form: f"{config.site.url}/feeds/{folder}{FILES[form]}" for form in config.feeds.formats
        },
    )  # fmt: skip


def _list(config: Config, one: MailingList) -> ListOut:
    return ListOut(
        name=one.name, title=one.title, description=one.description,
        categories=list(one.categories), language=config.language_of(one),
        timezone=str(config.zone_of(one)), send_at=f"{one.send_at:%H:%M}", days=list(one.days),
        editions=f"{config.site.url}/editions/{one.name}/",
    )  # fmt: skip


OPERATIONS: tuple[AnyOperation, ...] = (
    Operation(
        name="listCategories", tag="Categories", summary="List categories, by path",
        method="GET", path="/categories", scope=Scope.READ_ARTICLES, work=read_categories,
        params=Page, body=Nothing, gives={200: Listing[CategoryOut]},
    ),
    Operation(
        name="renameCategory", tag="Categories", summary="Rename a category",
        about="What is below it goes along, and its old addresses lead to the new ones.",
        method="PATCH", path="/categories/{path:path}", scope=Scope.WRITE_CATEGORIES,
        work=rename_category, params=OneCategory, body=Renaming, gives={200: Renamed},
        refuses=(404, 409),
    ),
    Operation(
        name="listFeeds", tag="Feeds", summary="List feeds",
        method="GET", path="/feeds", scope=Scope.READ_ARTICLES, work=read_feeds,
        params=Page, body=Nothing, gives={200: Listing[FeedOut]},
    ),
    Operation(
        name="listLists", tag="Lists", summary="List mailing lists",
        method="GET", path="/lists", scope=Scope.READ_EDITIONS, work=read_lists,
        params=Page, body=Nothing, gives={200: Listing[ListOut]},
    ),
    Operation(
        name="getList", tag="Lists", summary="Read a mailing list",
        method="GET", path="/lists/{list}", scope=Scope.READ_EDITIONS, work=read_list,
        params=OneList, body=Nothing, gives={200: ListOut}, refuses=(404,),
    ),
)  # fmt: skip
