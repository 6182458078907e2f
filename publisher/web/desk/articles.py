"""Articles at the desk: found, written, corrected and withdrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from starlette.exceptions import HTTPException

from publisher.errors import RejectedError, SlowSearchError, UsageError
from publisher.ingest.changes import Change
from publisher.model import Article
from publisher.pipeline import corrections, writing
from publisher.pipeline.authoring import shown as content_of
from publisher.pipeline.writing import EditedMeanwhileError
from publisher.render.article import as_html
from publisher.store import articles, desk_articles
from publisher.store import categories as stored_categories
from publisher.terms import parse
from publisher.web.desk import article_form
from publisher.web.desk.article_form import Fields
from publisher.web.desk.asked import Answer, Asked, Door, Led, Shown

ON_A_PAGE = 40
# A preview of nothing.
EMPTY: Mapping[str, object] = {"article": None, "html": "", "removed": (), "wrong": ""}


def show_many(asked: Asked) -> Answer:
    """The newest articles, or those that were looked for."""
    text = " ".join(asked.asks("q")[:200].split())
    wrong = ""
    with asked.newsroom.store.read() as session:
        if text:
            try:
                found = _looked_for(asked, text)
            except SlowSearchError:
                found, wrong = (
                    [],
                    "This search takes too long. Ask for rarer words, or for fewer days.",
                )
            more = None
        else:
            page = desk_articles.page(session, _behind(asked), ON_A_PAGE + 1)
            found, more = page[:ON_A_PAGE], page[ON_A_PAGE:] or None
        context = {
            "q": text, "found": [(one, _state(one, asked.now)) for one in found],
            "behind": f"{found[-1].published.isoformat()}~{found[-1].id}" if more else "",
        }  # fmt: skip
        return Shown("desk/articles/list.html", "Articles", context, wrong=wrong)


def _looked_for(asked: Asked, text: str) -> Sequence[Article]:
    with asked.newsroom.store.read() as session:
        found = {one.id: one for one in desk_articles.named(session, text)}
        found |= {one.id: one for one in desk_articles.to_come(session, text, asked.now)}
        query = parse(text)
        if query.wanted:
            public = desk_articles.found(session, query, ON_A_PAGE)
            found |= {one.id: one for one in public}
        return list(found.values())[:ON_A_PAGE]


def _behind(asked: Asked) -> tuple[datetime, int] | None:
    moment, _, number = asked.asks("behind").partition("~")
    try:
        at = datetime.fromisoformat(moment)
        return (at, int(number)) if at.tzinfo and number.isascii() else None
    except ValueError:
        return None


def _state(article: Article, now: datetime) -> str:
    """What an editor should know of it at a glance."""
    if article.retracted is not None:
        return "withdrawn"
    if article.published > now:
        return "to come"
    if article.expires is not None and article.expires <= now:
        return "expired"
    return "corrected" if article.correction else ""


def show_new(asked: Asked) -> Answer:
    """An empty form."""
    return _form(asked, None, article_form.blank(asked))


def show_edit(asked: Asked) -> Answer:
    """The form of an article."""
    article = existing(asked)
    content, trouble = content_of(article, asked.newsroom)
    if content is None:
        raise UsageError(f"this article cannot be edited here: {trouble}")
    manuscript = writing.manuscript_of(asked.newsroom, article)
    return _form(asked, article, article_form.filled(asked, article, content, manuscript))


def existing(asked: Asked) -> Article:
    """The article that the address names, with all above its category. Raises HTTPException."""
    with asked.newsroom.store.read() as session:
        found = articles.by_ids(session, [asked.path["id"]]).get(asked.path["id"])
        if found is None:
            raise HTTPException(404)
        _ = found.category.titles
        session.expunge_all()
        return found


def store_new(asked: Asked) -> Answer:
    """Store a new article."""
    return _store(asked, None)


def store_edit(asked: Asked) -> Answer:
    """Store a change."""
    return _store(asked, existing(asked))


def _store(asked: Asked, article: Article | None) -> Answer:
    fields = article_form.sent(asked)
    try:
        fields = _with_upload(asked, fields)
        raw = article_form.raw_of(asked, fields, article)
        text = fields.texts["text"] if fields.form == "markdown" else None
        number = article.id if article else None
        written = writing.write(asked.newsroom, number, raw, text, fields.revision, asked.now)
    except (UsageError, RejectedError) as error:
        reason = error.reason if isinstance(error, RejectedError) else str(error)
        status = 409 if isinstance(error, EditedMeanwhileError) else 422
        return _form(asked, article, fields, reason, status)
    said = "same" if written.change is Change.SAME else "stored"
    return Led(f"{asked.root}/articles/{written.article.id}", said)


def _with_upload(asked: Asked, fields: Fields) -> Fields:
    file = asked.file("file")
    if file is None:
        return fields
    data = file.file.read()
    name, alt = file.filename or "", asked.text("alt")
    return article_form.with_medium(
        fields, writing.keep_picture(asked.newsroom, data, name, alt, asked.now)
    )


def _form(
    asked: Asked, article: Article | None, fields: Fields, wrong: str = "", status: int = 200
) -> Shown:
    with asked.newsroom.store.read() as session:
        names = stored_categories.titles(session)
    context = {
        "article": article, "fields": fields, "categories": _chains(names),
        "preview": _preview(asked, article, fields),
    }  # fmt: skip
    heading = "Edit article" if article else "New article"
    return Shown("desk/articles/form.html", heading, context, status, wrong)


def _chains(names: dict[str, str]) -> list[str]:
    """“Town › Council” for each category, as its field takes it."""
    found = []
    for path in names:
        parts = path.split("/")
        above = ("/".join(parts[:end]) for end in range(1, len(parts) + 1))
        found.append(" › ".join(names.get(one, one) for one in above))
    return sorted(found)


def preview(asked: Asked) -> Answer:
    """What is being written, as a reader would see it; nothing is stored."""
    fields = article_form.sent(asked)
    context = {"preview": _preview(asked, None, fields)}
    return Shown("desk/articles/preview.html", "Preview", context)


def _preview(asked: Asked, article: Article | None, fields: Fields) -> Mapping[str, object]:
    if not (fields.texts["text"].strip() or fields.texts["title"].strip()):
        return EMPTY
    try:
        raw = article_form.raw_of(asked, fields, article)
        made = writing.sketch(asked.newsroom, raw, asked.now)
    except (UsageError, RejectedError) as error:
        reason = error.reason if isinstance(error, RejectedError) else str(error)
        return {**EMPTY, "wrong": reason}
    html = as_html(asked.newsroom.templates, made.article, heading=2)
    return {**EMPTY, "article": made.article, "html": html, "removed": made.removed[:20]}


def correct(asked: Asked) -> Answer:
    """Publish a correction note."""
    article = existing(asked)
    if article.retracted is not None:
        raise UsageError("the article was withdrawn, and stays so")
    corrections.correct(
        asked.newsroom, article.id, asked.text("note"), asked.now, mail=bool(asked.text("mail"))
    )
    return Led(f"{asked.root}/articles/{article.id}", "corrected")


def retract(asked: Asked) -> Answer:
    """Withdraw an article."""
    article = existing(asked)
    if not asked.text("sure"):
        raise UsageError("tick the box to say that you are sure; a withdrawal cannot be undone")
    corrections.retract(
        asked.newsroom, article.id, asked.text("note"), asked.now, mail=bool(asked.text("mail"))
    )
    return Led(f"{asked.root}/articles/{article.id}", "retracted")


DOORS = (
    Door("/desk/articles/", show_many),
    Door("/desk/articles/new", show_new, store_new),
    Door("/desk/articles/preview", None, preview),
    Door("/desk/articles/{id:int}/edit", show_edit, store_edit),
    Door("/desk/articles/{id:int}/correction", None, correct),
    Door("/desk/articles/{id:int}/retraction", None, retract),
)
