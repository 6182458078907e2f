"""Articles: written, corrected, retracted and read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, time
from typing import Annotated

from pydantic import BaseModel, Field

from publisher.errors import RejectedError, UsageError
from publisher.ingest.changes import Change
from publisher.ingest.clean import legal
from publisher.model import Article, Scope
from publisher.pipeline import authoring, corrections
from publisher.pipeline.authoring import OnceOnly, ReusedKeyError, Written, find
from publisher.pipeline.newsroom import Newsroom
from publisher.store import listing as lists
from publisher.store.engine import Session
from publisher.web.api.article_shapes import (
    ArticleIn,
    ArticleOut,
    ArticleWritten,
    Moment,
    NewArticle,
    article_out,
    location,
    read_moment,
    removed_out,
)
from publisher.web.api.cursors import Listing, Page, listing, moment_of
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

TAG = "Articles"


class One(Shape):
    """Which article."""

    key: Annotated[
        str,
        Field(
            pattern=r"^(~[1-9][0-9]{0,8}|[A-Za-z0-9][A-Za-z0-9._:@=+-]{0,199})$",
            description="Its external id, or `~` and its number.",
        ),
    ]


class Some(Page):
    """Which articles."""

    category: Annotated[
        Plain, Field(max_length=1000, description="The path of a category; with all below it.")
    ] = ""
    since: Annotated[Moment | None, Field(description="Published then or later.")] = None
    until: Annotated[Moment | None, Field(description="Published before.")] = None


class Note(Shape):
    """What readers are told."""

    note: Annotated[str, Field(min_length=1, max_length=2000)]
    mail: Annotated[
        bool,
        Field(
            strict=True,
            description="Also tell those by mail whose edition carried the article. Needs the "
            "scope articles:mail.",
        ),
    ] = False


def etag_of(article: Article, newsroom: Newsroom) -> str:
    """The strong entity tag of an article: equal only where all that the API shows is."""
    data = article_out(article, newsroom).model_dump_json().encode()
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def read_many(asked: Asked, params: Some, _body: Nothing) -> Answer:
    """Articles, newest first."""
    newsroom = asked.newsroom
    with newsroom.store.read() as session:
        rows = lists.articles(
            session, category=params.category.strip("/"),
            since=_aware(newsroom, params.since), until=_aware(newsroom, params.until),
            behind=moment_of(params), limit=params.limit + 1,
        )  # fmt: skip
        page = listing(
            rows,
            params,
            lambda one: article_out(one, newsroom),
            lambda one: (one.published, one.id),
        )
    return Answer(page)


def read(asked: Asked, params: One, _body: Nothing) -> Answer:
    """One article."""
    with asked.newsroom.store.read() as session:
        article = _existing(session, params.key)
        shown, etag = article_out(article, asked.newsroom), etag_of(article, asked.newsroom)
    if _matches(asked.headers.get("if-none-match", ""), etag):
        return Answer(status=304, headers={"etag": etag})
    return Answer(shown, headers={"etag": etag})


def create(asked: Asked, _params: Nothing, body: NewArticle) -> Answer:
    """A new article."""

    def check(article: Article | None) -> None:
        if article is not None:
            raise named("exists", f"There is an article {body.external_id}; PUT changes it.")

    key, once = asked.headers.get("idempotency-key"), None
    if key:
        once = OnceOnly(asked.token.id, key, hashlib.sha256(asked.sent).hexdigest())
    raw = body.raw(body.external_id or "")
    return _written(
        asked, lambda: authoring.add(asked.newsroom, raw, asked.now, check, once), status=201
    )


def put(asked: Asked, params: One, body: ArticleIn) -> Answer:
    """The article of that external id: made, or changed."""

    def check(article: Article | None) -> None:
        if article is None and params.key.startswith("~"):
            raise ProblemError(404, "There is no such article; a new one needs an external id.")
        _expect(asked, article)

    raw = body.raw(params.key)
    return _written(asked, lambda: authoring.put(asked.newsroom, params.key, raw, asked.now, check))


def correct(asked: Asked, params: One, body: Note) -> Answer:
    """A correction note on an article."""
    return _told(asked, params, body, corrections.correct, lambda one: one.correction)


def retract(asked: Asked, params: One, body: Note) -> Answer:
    """An article is withdrawn."""
    return _told(asked, params, body, corrections.retract, lambda one: one.retraction)


def _told(
    asked: Asked,
    params: One,
    body: Note,
    act: Callable[..., None],
    told: Callable[[Article], str | None],
) -> Answer:
    """Tell readers the note, unless it is `told` already: the same request again is harmless, and
    mails nobody twice."""
    if body.mail:
        asked.need(Scope.MAIL_READERS)
    newsroom = asked.newsroom

    def check(article: Article) -> None:
        _expect(asked, article)
        if authoring.shown(article, newsroom)[0] is None:
            raise named("unreadable", "Another program left it broken; PUT it anew.")

    with newsroom.store.read() as session:
        found = _existing(session, params.key)
        is_told = told(found) == " ".join(legal(body.note).split())
    if not is_told:
        try:
            act(newsroom, found.id, body.note, asked.now, mail=body.mail, check=check)
        except UsageError as error:
            raise ProblemError(422, str(error), faults=(_fault("note", str(error)),)) from None
    with newsroom.store.read() as session:
        article = _existing(session, f"~{found.id}")
        shown, etag = article_out(article, newsroom), etag_of(article, newsroom)
    return Answer(shown, headers={"etag": etag})


def _existing(session: Session, key: str) -> Article:
    article = find(session, key)
    if article is None:
        raise ProblemError(404, "There is no such article.")
    return article


def _expect(asked: Asked, article: Article | None) -> None:
    """Raises ProblemError where the article is not as the request expects it (RFC 9110, 13.1)."""
    etag = etag_of(article, asked.newsroom) if article is not None else ""
    wanted = asked.headers.get("if-match")
    if wanted is not None and not _matches(wanted, etag, strong=True):
        raise named("edited-meanwhile", "Read it again, and decide which of both changes is right.")
    if _matches(asked.headers.get("if-none-match", ""), etag):
        raise ProblemError(412, "There is such an article already.")
    if article is not None and article.retracted is not None:
        raise named("retracted", "It was withdrawn, and stays so.")


def _matches(header: str, etag: str, *, strong: bool = False) -> bool:
    if not etag:
        return False
    tags = [one.strip() for one in header.split(",")]
    return "*" in tags or etag in (tags if strong else [one.removeprefix("W/") for one in tags])


def _written(asked: Asked, work: Callable[[], Written], status: int = 200) -> Answer:
    try:
        written = work()
    except RejectedError as error:
        raise ProblemError(422, error.reason, faults=(_fault("body", error.reason),)) from None
    except ReusedKeyError:
        raise named("key-reused", "Take another key for another article.") from None
    newsroom, article = asked.newsroom, written.article
    told = ArticleWritten(
        outcome=written.change.value, cleaned=removed_out(written.removed),
        article=article_out(article, newsroom),
    )  # fmt: skip
    headers = {
        "etag": etag_of(article, newsroom),
        "location": location(f"{newsroom.config.site.url}/api/v1", article),
    }
    return Answer(told, 201 if written.change is Change.NEW else status, headers)


def _fault(field: str, reason: str) -> Fault:
    return Fault(detail=reason, pointer=f"#/{field}")


def _aware(newsroom: Newsroom, text: str | None) -> datetime | None:
    """A moment of the query; a date, or a time without an offset, is the newsroom's."""
    if text is None:
        return None
    found = read_moment(text)
    moment = found if isinstance(found, datetime) else datetime.combine(found, time.min)
    return moment if moment.tzinfo else moment.replace(tzinfo=newsroom.config.site.zone)


PAGE: type[BaseModel] = Listing[ArticleOut]
OPERATIONS: tuple[AnyOperation, ...] = (
    Operation(
        name="listArticles", tag=TAG, summary="List articles, newest first",
        method="GET", path="/articles", scope=Scope.READ_ARTICLES, work=read_many,
        params=Some, body=Nothing, gives={200: PAGE},
    ),
    Operation(
        name="createArticle", tag=TAG, summary="Create an article",
        about="Published at its time, within a second. With an Idempotency-Key the same request "
        "can be sent again, and makes no second article.",
        method="POST", path="/articles", scope=Scope.WRITE_ARTICLES, work=create,
        params=Nothing, body=NewArticle, gives={201: ArticleWritten},
        headers=("Idempotency-Key",), refuses=(409,),
    ),
    Operation(
        name="getArticle", tag=TAG, summary="Read an article",
        method="GET", path="/articles/{key}", scope=Scope.READ_ARTICLES, work=read,
        params=One, body=Nothing, gives={200: ArticleOut, 304: None},
        headers=("If-None-Match",), refuses=(404,),
    ),
    Operation(
        name="putArticle", tag=TAG, summary="Create or update an article",
        about="The whole article, under the id that your program calls it by. The same again "
        "changes nothing. With If-Match nobody else's change is written over.",
        method="PUT", path="/articles/{key}", scope=Scope.WRITE_ARTICLES, work=put,
        params=One, body=ArticleIn, gives={200: ArticleWritten, 201: ArticleWritten},
        headers=("If-Match", "If-None-Match"), refuses=(404, 409, 412),
    ),
    Operation(
        name="correctArticle", tag=TAG, summary="Put a correction note on an article",
        about="Its feed entries count as updated, and the next edition of each list that has had "
        "it says so.",
        method="POST", path="/articles/{key}/correction", scope=Scope.WRITE_ARTICLES, work=correct,
        params=One, body=Note, gives={200: ArticleOut},
        headers=("If-Match",), refuses=(404, 409, 412),
    ),
    Operation(
        name="retractArticle", tag=TAG, summary="Withdraw an article",
        about="It leaves every feed and leaves a tombstone there; its page answers 410.",
        method="POST", path="/articles/{key}/retraction", scope=Scope.WRITE_ARTICLES, work=retract,
        params=One, body=Note, gives={200: ArticleOut},
        headers=("If-Match",), refuses=(404, 409, 412),
    ),
)  # fmt: skip
