"""Corrections and retractions of articles, and the mails that tell who was sent the wrong text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from publisher.errors import UsageError
from publisher.ingest.clean import legal
from publisher.model import Article
from publisher.pipeline.newsroom import Newsroom
from publisher.render.view import article_url
from publisher.store import articles, corrections, log
from publisher.store.engine import Session

# Told what an article is like before it is written over; raises where it should not be.
Check = Callable[[Article], None]


def _fine(_article: Article) -> None:
    """Nobody minds."""


def correct(
    newsroom: Newsroom,
    article_id: int,
    note: str,
    now: datetime,
    *,
    mail: bool = False,
    check: Check = _fine,
) -> None:
    """Put a correction note on an article; its feed entries count as updated.

    With `mail`, the readers whose delivered edition carried it are told. Raises UsageError, and
    what `check` does.
    """
    note = _sentence(note)
    site = newsroom.config.site
    with newsroom.store.write() as session:
        article = existing(session, article_id)
        check(article)
        writer = articles.Writer(session, site.url, site.zone, now)
        writer.replace(article, replace(article.content, correction=note), significant=True)
        if mail:
            _ask(newsroom, session, article, "correction", note, str(article.revision))
    tell(newsroom, now)


def retract(
    newsroom: Newsroom,
    article_id: int,
    note: str,
    now: datetime,
    *,
    mail: bool = False,
    check: Check = _fine,
) -> None:
    """Withdraw an article: it leaves every feed, and leaves a tombstone there.

    With `mail`, the readers whose delivered edition carried it are told. Raises UsageError, and
    what `check` does.
    """
    note = _sentence(note)
    with newsroom.store.write() as session:
        article = existing(session, article_id)
        check(article)
        if article.retracted is not None:
            raise UsageError(f"article {article_id} is retracted already")
        article.retracted, article.retraction = now, note
        if mail:
            _ask(newsroom, session, article, "retraction", note, "retraction")
    tell(newsroom, now)


def readers_of(newsroom: Newsroom, article_id: int) -> int:
    """How many people's delivered edition carried the article. Raises UsageError."""
    with newsroom.store.read() as session:
        article = existing(session, article_id)
        return corrections.count_readers(session, article_id, article.uid or "")


def tell(newsroom: Newsroom, now: datetime, edition_id: int | None = None) -> int:
    """Queue the notices of correction mails that are not queued to the end; how many there were.

    For an edition that is still being sent, also those of readers who were sent it meanwhile.
    """
    with newsroom.store.read() as session:
        waiting = corrections.asked_for(session, edition_id)
    number = 0
    for mail in waiting:
        after: int | None = 0
        while after is not None:
            with newsroom.store.write() as session:
                queued, after = corrections.queue_part(session, mail, after, now)
            number += queued
    return number


def existing(session: Session, article_id: int) -> Article:
    """The article of that id. Raises UsageError."""
    article = articles.by_ids(session, [article_id]).get(article_id)
    if article is None:
        raise UsageError(f"there is no article {article_id}; `publisher article list` names them")
    return article


def _ask(
    newsroom: Newsroom, session: Session, article: Article, kind: str, note: str, occasion: str
) -> None:
    details = {
        "article_id": article.id, "kind": kind, "note": note,
        "title": legal(article.title), "url": article_url(newsroom.config.site, article),
    }  # fmt: skip
    key, position = f"{article.id}/{occasion}", log.last_position(session)
    for edition in corrections.editions_with(session, article.id):
        corrections.ask_for_mail(session, edition.id, article.uid or "", position, key, details)


def _sentence(note: str) -> str:
    plain = " ".join(legal(note).split())
    if not plain:
        raise UsageError("the note is empty; say in a sentence what readers should know")
    return plain
