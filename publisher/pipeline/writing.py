"""Articles written by people at the desk: as Markdown, through the same cleaning as all others."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from publisher.errors import RejectedError, UsageError
from publisher.ingest.clean import clean
from publisher.ingest.markdown import to_html
from publisher.ingest.pictures import read_picture
from publisher.ingest.raw import RawArticle
from publisher.ingest.removed import Removed, removed
from publisher.model import Article, Category, Content, Medium
from publisher.names import category_path, slug_of
from publisher.pipeline import authoring
from publisher.pipeline.authoring import Written
from publisher.pipeline.newsroom import Newsroom
from publisher.render.view import ArticleView, view
from publisher.store import manuscripts


class EditedMeanwhileError(UsageError):
    """Somebody else has changed the article since it was opened."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """An article as it would be stored: as templates see it, and what cleaning takes out."""

    article: ArticleView
    removed: tuple[Removed, ...]


def body_of(text: str, form: str) -> str:
    """The HTML of what somebody wrote as "markdown" or "html"; nothing in it is safe yet."""
    return to_html(text) if form == "markdown" else text


def sketch(newsroom: Newsroom, raw: RawArticle, now: datetime) -> Sketch:
    """How an article would look. Stores nothing. Raises RejectedError."""
    dated = raw if raw.published else replace(raw, published=now)
    content = clean(dated, newsroom.rules)
    return Sketch(view(_unstored(content), site=newsroom.config.site), removed(dated, content))


def write(
    newsroom: Newsroom,
    article_id: int | None,
    raw: RawArticle,
    text: str | None,
    revision: int,
    now: datetime,
) -> Written:
    """Store an article, a new one under its external id; `text` is the Markdown of its body.

    Raises RejectedError, EditedMeanwhileError where it is not at that revision any more, and
    UsageError where it was withdrawn.
    """

    def check(found: Article | None) -> None:
        if found is None:
            if article_id is not None:
                raise UsageError("the article has been deleted meanwhile")
            return
        if found.retracted is not None:
            raise UsageError("the article was withdrawn, and stays so; write a new one")
        if article_id is not None and found.revision != revision:
            raise EditedMeanwhileError(
                "somebody else has changed this article since you opened it; open it in another "
                "window, and put both changes together"
            )

    key = raw.external_id if article_id is None else f"~{article_id}"
    written = authoring.put(newsroom, key, raw, now, check)
    if text is not None:
        with newsroom.store.write() as session:
            manuscripts.keep(session, written.article.id, written.article.body, text)
    return written


def manuscript_of(newsroom: Newsroom, article: Article) -> str | None:
    """The Markdown that the article's body was made of, if it was."""
    with newsroom.store.read() as session:
        return manuscripts.find(session, article.id, article.body)


def keep_picture(newsroom: Newsroom, data: bytes, name: str, alt: str, now: datetime) -> Medium:
    """Put a picture among the site's media, under a name that no other picture has.

    `alt` says what it shows. Raises UsageError where that is empty, or it is no picture.
    """
    plain = " ".join(alt.split())
    if not plain:
        raise UsageError("say in words what the picture shows: not everybody can see it")
    picture = read_picture(data)
    digest = hashlib.sha256(picture.data).hexdigest()[:10]
    stem = slug_of(Path(name).stem)[:60] or "picture"
    local = now.astimezone(newsroom.config.site.zone)
    path = f"{local:%Y/%m}/{stem}-{digest}.{picture.ending}"
    _put(newsroom.config.path("media") / path, picture.data)
    return Medium(
        f"{newsroom.config.site.url}/media/{path}", picture.type, plain, len(picture.data),
        picture.width, picture.height,
    )  # fmt: skip


def _put(path: Path, data: bytes) -> None:
    """Under its name only when it is there as a whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError as error:
        raise UsageError(f"{path} was not written: {error.strerror}") from error


def _unstored(content: Content) -> Article:
    above: Category | None = None
    for number, title in enumerate(content.category, 1):
        path = category_path(content.category[:number])
        above = Category(path=path, title=title, parent=above)
    if above is None:
        raise RejectedError("desk", 0, "it has no category")
    article = Article(category=above, slug=content.slug, uid="")
    article.fill(content)
    return article
