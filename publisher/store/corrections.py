"""Corrections of what lists have had: for the next digest, and for mails to those it went to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select, update
from sqlalchemy.orm import Session

from publisher.model import (
    Article,
    Category,
    Change,
    CorrectionMail,
    Delivery,
    DeliveryState,
    Edition,
    EditionArticle,
    EditionCorrection,
    EditionState,
    Notice,
    NoticeKind,
    Subscriber,
    Subscription,
)
from publisher.store import notices
from publisher.store.edition_texts import TOLD, variants
from publisher.store.subscribers import gets_editions

PART = 5000
# Editions in these states have gone out, or are going out.
SENT = (EditionState.CUT, EditionState.SENT)
# A letter in these states has been read, as far as anybody knows.
ARRIVED = (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Untold:
    """A change that some readers of a list have not been told, and the editions that told others:
    the categories that each of those had news in."""

    change: Change
    article: Article
    told: tuple[tuple[str, ...], ...]


def untold(session: Session, list_name: str, since: datetime) -> list[Untold]:
    """Corrections and retractions of what the list has had, in the time of its editions `since`."""
    oldest = session.scalar(
        select(func.min(Edition.position)).where(
            Edition.list_name == list_name, Edition.cut_at >= since
        )
    )
    if oldest is None:
        return []
    query = (
        select(Change, Article)
        .join(EditionArticle, EditionArticle.article_id == Change.article_id)
        .join(Edition, Edition.id == EditionArticle.edition_id)
        .join(Article, Article.id == Change.article_id)
        .where(
            Change.position > oldest,
            Change.position > Edition.position,
            Change.kind.in_(TOLD),
            EditionArticle.list_name == list_name,
            EditionArticle.shown,
            Edition.state.in_(SENT),
        )
        .order_by(Change.position)
    )
    last = {article.id: (change, article) for change, article in session.execute(query)}
    told = _told(session, list_name, [change for change, _ in last.values()])
    return [Untold(change, article, told[change.position]) for change, article in last.values()]


def carried(session: Session, edition_id: int, changes: Mapping[int, int]) -> None:
    """Write down that an edition carried these changes (article id → place in the log)."""
    session.add_all(
        EditionCorrection(edition_id=edition_id, article_id=article_id, change=position)
        for article_id, position in changes.items()
    )


def _told(
    session: Session, list_name: str, changes: Sequence[Change]
) -> Mapping[int, tuple[tuple[str, ...], ...]]:
    query = (
        select(EditionCorrection.change, EditionCorrection.edition_id)
        .join(Edition, Edition.id == EditionCorrection.edition_id)
        .where(
            Edition.list_name == list_name,
            EditionCorrection.change.in_([change.position for change in changes]),
        )
    )
    rows = session.execute(query).all()
    news = _news(session, {row.edition_id for row in rows})
    told: defaultdict[int, tuple[tuple[str, ...], ...]] = defaultdict(tuple)
    for row in rows:
        told[row.change] += (tuple(sorted(news[row.edition_id])),)
    return told


def _news(session: Session, edition_ids: Collection[int]) -> Mapping[int, set[str]]:
    """The categories that editions had articles of."""
    query = (
        select(EditionArticle.edition_id, Category.path)
        .join(Article, Article.id == EditionArticle.article_id)
        .join(Category, Category.id == Article.category_id)
        .where(EditionArticle.edition_id.in_(edition_ids), EditionArticle.shown)
        .distinct()
    )
    news: defaultdict[int, set[str]] = defaultdict(set)
    for edition_id, path in session.execute(query):
        news[edition_id].add(path)
    return news


def editions_with(session: Session, article_id: int) -> Sequence[Edition]:
    """The editions that held the article and have gone out, one of each list."""
    query = (
        select(Edition)
        .join(EditionArticle, EditionArticle.edition_id == Edition.id)
        .where(
            EditionArticle.article_id == article_id,
            EditionArticle.shown,
            Edition.state.in_([*SENT, EditionState.STOPPED]),
        )
    )
    return session.scalars(query.order_by(Edition.id)).all()


def ask_for_mail(
    session: Session, edition_id: int, uid: str, position: int, key: str, details: dict[str, Any]
) -> None:
    """Ask that the readers whose copy of the edition carried the article be told by mail."""
    session.add(
        CorrectionMail(edition_id=edition_id, uid=uid, position=position, key=key, details=details)
    )


def asked_for(session: Session, edition_id: int | None = None) -> Sequence[CorrectionMail]:
    """Mails that are not queued to the end; all mails of an edition, where one is named."""
    query = select(CorrectionMail).order_by(CorrectionMail.id)
    if edition_id is None:
        return session.scalars(query.where(~CorrectionMail.is_done)).all()
    return session.scalars(query.where(CorrectionMail.edition_id == edition_id)).all()


def queue_part(
    session: Session, mail: CorrectionMail, after: int, now: datetime
) -> tuple[int, int | None]:
    """Queue notices for the next part of a mail's readers: how many, and where to go on (None at
    the end, where the mail is done)."""
    edition = session.get_one(Edition, mail.edition_id)
    theirs = _carried(session, edition.id, mail.uid, mail.position)
    query = _readers(theirs, edition.list_name, mail.key).where(Delivery.subscriber_id > after)
    ids = list(session.scalars(query.order_by(Delivery.subscriber_id).limit(PART)))
    if not ids:
        session.execute(
            update(CorrectionMail).where(CorrectionMail.id == mail.id).values(is_done=True)
        )
        return 0, None
    kind = NoticeKind.CORRECTION
    number = notices.queue(
        session, kind, edition.list_name, ids, now, key=mail.key, details=mail.details
    )
    return number, ids[-1]


def count_readers(session: Session, article_id: int, uid: str) -> int:
    """To how many people a mail about an article would go."""
    people: list[Select[int]] = []
    for edition in editions_with(session, article_id):
        theirs = _carried(session, edition.id, uid, None)
        people.append(_readers(theirs, edition.list_name, ""))
    if not people:
        return 0
    everybody = people[0].union(*people[1:]).subquery()  # a union counts each of them once
    return session.scalar(select(func.count()).select_from(everybody)) or 0


def _carried(
    session: Session, edition_id: int, uid: str, position: int | None
) -> ColumnElement[bool]:
    """Deliveries of an edition that have arrived, and in which the article was shown, by a text
    that is not from after `position`."""
    keys = [
        one.key
        for one in variants(session, edition_id)
        if uid in one.shown and (position is None or one.position <= position)
    ]
    return (
        (Delivery.edition_id == edition_id)
        & Delivery.state.in_(ARRIVED)
        & Delivery.variant.in_(keys)
    )


def _readers(theirs: ColumnElement[bool], list_name: str, key: str) -> Select[int]:
    """The people behind deliveries who may still be written to, and have no such notice yet."""
    has_one = exists().where(
        Notice.kind == NoticeKind.CORRECTION,
        Notice.subscriber_id == Delivery.subscriber_id,
        Notice.key == key,
    )
    return (
        select(Delivery.subscriber_id)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(
            theirs,
            *gets_editions(list_name),
            ~has_one,
        )
    )
