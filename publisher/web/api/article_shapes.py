"""Articles as the API takes and gives them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, Field, PlainSerializer, WithJsonSchema

from publisher.ingest.raw import RawArticle
from publisher.ingest.removed import Removed
from publisher.model import Article, Medium, Source
from publisher.pipeline.authoring import shown
from publisher.pipeline.newsroom import Newsroom
from publisher.render.view import article_url
from publisher.web.api.operation import Shape

MOST_REMOVED = 50
MOMENT = r"^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?)?$"


def _moment(text: str) -> str:
    read_moment(text)
    return text


def read_moment(text: str) -> date | datetime:
    """A date, a local time or a time with its offset (RFC 3339). Raises ValueError."""
    try:
        found = (
            date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text.upper())
        )
    except ValueError:
        raise ValueError("there is no such date or time") from None
    if not 2 <= found.year <= 9997:
        raise ValueError("the year is out of range")
    return found


def moment_text(moment: datetime) -> str:
    """A moment in UTC, to the second (RFC 3339)."""
    utc = moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    return f"{utc.isoformat()}Z"


Moment = Annotated[
    str,
    Field(
        pattern=MOMENT,
        description="A date, or a time (RFC 3339); without an offset it is the newsroom's.",
        examples=["2018-02-15T09:00:00Z", "2018-02-15"],
    ),
    AfterValidator(_moment),
]
# A moment as answers have it, the same in every process.
Told = Annotated[
    datetime,
    PlainSerializer(moment_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Short = Annotated[str, Field(min_length=1, max_length=200)]
Address = Annotated[str, Field(min_length=1, max_length=2000)]
Count = Annotated[int, Field(ge=0, le=10**15, strict=True)]


class SourceIn(Shape):
    """Where a story comes from."""

    name: Short
    url: Address | None = None


class MediumIn(Shape):
    """A picture, sound or film."""

    url: Address
    type: Annotated[str, Field(max_length=200)] = ""
    alt: Annotated[str, Field(max_length=2000, description="What a picture shows.")] = ""
    size: Annotated[Count | None, Field(description="In bytes.")] = None
    width: Count | None = None
    height: Count | None = None


class ArticleIn(Shape):
    """An article. It needs a title or a text; what is left out is empty, but for the date (now),
    the category and the language (the newsroom's), which an update leaves as they are."""

    title: Annotated[str | None, Field(max_length=500)] = None
    body: Annotated[str, Field(description="HTML; it is cleaned, and the answer says of what.")] = (
        ""
    )
    summary: Annotated[str | None, Field(max_length=10_000)] = None
    published: Moment | None = None
    expires: Moment | None = None
    category: Annotated[
        list[Short],
        Field(
            max_length=10, description="Its titles, the top first.", examples=[["Town", "Council"]]
        ),
    ] = []
    language: Annotated[
        str | None, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,5}$", examples=["en"])
    ] = None
    slug: Annotated[
        str | None, Field(max_length=200, description="For its address; only when it is new.")
    ] = None
    sources: Annotated[list[SourceIn | Short], Field(max_length=50)] = []
    authors: Annotated[list[Short], Field(max_length=50)] = []
    tags: Annotated[list[Short], Field(max_length=100)] = []
    media: Annotated[list[MediumIn], Field(max_length=100)] = []
    aliases: Annotated[list[Short], Field(max_length=100)] = []
    url: Annotated[Address | None, Field(description="Where it stood first, if elsewhere.")] = None
    base_url: Annotated[
        Address | None, Field(description="What relative addresses in the body are relative to.")
    ] = None
    correction: Annotated[
        str | None,
        Field(max_length=2000, description="What was wrong before, as a note for readers."),
    ] = None
    translation_key: Annotated[
        str | None, Field(max_length=500, description="The same in all translations of a story.")
    ] = None

    def raw(self, external_id: str) -> RawArticle:
        """The same as a source gives it: nothing is safe yet."""
        return RawArticle(
            origin="api", line=0, external_id=external_id,
            published=read_moment(self.published) if self.published else None,
            expires=read_moment(self.expires) if self.expires else None,
            category=tuple(self.category),
            sources=tuple(
                Source(one) if isinstance(one, str) else Source(one.name, one.url)
                for one in self.sources
            ),
            media=tuple(Medium(**one.model_dump()) for one in self.media),
            authors=tuple(self.authors), tags=tuple(self.tags), aliases=tuple(self.aliases),
            **self.model_dump(include=_AS_IT_IS),
        )  # fmt: skip


_AS_IT_IS = {
    "title", "body", "summary", "language", "slug", "url", "base_url", "correction",
    "translation_key",
}  # fmt: skip


# The API's own external ids; others, such as a file's path, may hold what no address should.
EXTERNAL_ID = r"^[A-Za-z0-9][A-Za-z0-9._:@=+-]{0,199}$"


class NewArticle(ArticleIn):
    """An article that is not there yet."""

    external_id: Annotated[
        str | None,
        Field(pattern=EXTERNAL_ID, description="What your program calls it; made if left out."),
    ] = None


class SourceOut(BaseModel):
    """Where a story comes from."""

    name: str
    url: str | None


class MediumOut(BaseModel):
    """A picture, sound or film."""

    url: str
    type: str
    alt: str
    size: int | None
    width: int | None
    height: int | None


class ArticleOut(BaseModel):
    """An article as it is stored. `page` is its address for readers, `url` where it stood first.

    `trouble` says why it cannot be published, if it cannot: another program wrote something that
    is not understood, and its text is left out here.
    """

    id: int
    key: str = Field(description="What the API's addresses call it.")
    external_id: str | None
    uid: str | None = Field(description="Its entry id in all feeds (RFC 4151).")
    page: str | None
    revision: int
    title: str
    title_derived: bool = Field(description="Whether the title was made from the text.")
    body: str
    summary: str | None
    published: Told
    updated: Told | None
    expires: Told | None
    category: list[str]
    category_path: str
    language: str
    slug: str | None
    sources: list[SourceOut]
    authors: list[str]
    tags: list[str]
    media: list[MediumOut]
    aliases: list[str]
    url: str | None
    correction: str | None
    translation_key: str | None
    retracted: Told | None
    retraction: str | None
    trouble: str | None


class RemovedOut(BaseModel):
    """Something that is not stored as it was sent."""

    field: str
    what: str


class ArticleWritten(BaseModel):
    """What became of an article."""

    outcome: str = Field(description="new, edited, corrected or same.")
    cleaned: list[RemovedOut] = Field(description="What was cleaned away, so that it is safe.")
    article: ArticleOut


def article_out(article: Article, newsroom: Newsroom) -> ArticleOut:
    """An article, also one that another program wrote, safe to be shown."""
    content, trouble = shown(article, newsroom)
    said: dict[str, Any] = {
        "title": "", "title_derived": False, "body": "", "summary": None,
        "published": article.published, "expires": article.expires, "language": "",
        "sources": [], "authors": [], "tags": [], "media": [], "aliases": [],
        "url": None, "correction": None, "translation_key": None,
    }  # fmt: skip
    if content is not None:
        said = {name: getattr(content, name) for name in said}
        said["sources"] = [SourceOut(name=one.name, url=one.url) for one in content.sources]
        said["media"] = [
            MediumOut(
                url=one.url, type=one.type, alt=one.alt, size=one.size, width=one.width,
                height=one.height,
            )
            for one in content.media
        ]  # fmt: skip
    return ArticleOut(
        id=article.id, key=key_of(article), external_id=article.external_id, uid=article.uid,
        page=article_url(newsroom.config.site, article) if article.slug else None,
        revision=article.revision, updated=article.updated, slug=article.slug,
        category=list(article.category.titles), category_path=article.category.path,
        retracted=article.retracted, retraction=article.retraction, trouble=trouble or None, **said,
    )  # fmt: skip


def key_of(article: Article) -> str:
    """What the addresses of the API call an article."""
    return key_for(article.id, article.external_id)


def key_for(article_id: int, external_id: str | None) -> str:
    """The same, of an article of which no more is known."""
    known = external_id or ""
    return known if re.fullmatch(EXTERNAL_ID, known) else f"~{article_id}"


def removed_out(removed: tuple[Removed, ...]) -> list[RemovedOut]:
    """What was cleaned away, as long as anybody would read it."""
    told = [RemovedOut(field=one.field, what=one.what) for one in removed[:MOST_REMOVED]]
    more = len(removed) - MOST_REMOVED
    return [*told, RemovedOut(field="body", what=f"and {more} more")] if more > 0 else told


def location(root: str, article: Article) -> str:
    """The address of an article in the API."""
    return f"{root}/articles/{quote(key_of(article), safe='~:@=+')}"
