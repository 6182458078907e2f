"""What editions said: frozen when they were cut, and composed as variants."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import Session, defer

from publisher.model import (
    Article,
    Change,
    ChangeKind,
    Delivery,
    DeliveryState,
    Edition,
    EditionArticle,
    EditionState,
    EditionVariant,
    FrozenEdition,
)
from publisher.store import editions, feeds
from publisher.store.feeds import FeedName

# Letters in these states have not left, and may still be set anew.
WAITING = (DeliveryState.PENDING, DeliveryState.DEFERRED)
# Changes after which an article is no longer said as it was.
WRONG = (ChangeKind.CORRECTED, ChangeKind.RETRACTED, ChangeKind.EXPIRED, ChangeKind.REMOVED)
# Changes that readers of an earlier edition are told about.
TOLD = (ChangeKind.CORRECTED, ChangeKind.RETRACTED)
PART = 5000


@dataclass(frozen=True, slots=True)
class Mail:
    """A composed variant."""

    subject: str
    html: str
    text: str


def keep(session: Session, edition_id: int, data: bytes) -> None:
    """Keep what an edition says."""
    session.add(FrozenEdition(edition_id=edition_id, data=data))


def frozen(session: Session, edition_id: int) -> FrozenEdition | None:
    """What an edition said; None for one that was cut by an early version of the software."""
    return session.get(FrozenEdition, edition_id)


def set_subject(
    session: Session, edition: Edition, title: str, subject: str, mint: feeds.Mint
) -> None:
    """Keep what the edition is called. From now on it stands on the web, and in its list's feed,
    whose title is `title`."""
    session.execute(
        update(FrozenEdition)
        .where(FrozenEdition.edition_id == edition.id, FrozenEdition.subject == "")
        .values(subject=subject)
    )
    name = FeedName(editions.FEED, edition.list_name, title)
    feeds.ensure(session, {name: edition.cut_at}, mint)
    editions.touch_feeds(session, [edition.list_name])


def on_web(
    session: Session, list_name: str, *, day: date | None = None, limit: int = 1
) -> list[tuple[Edition, FrozenEdition]]:
    """The list's newest editions that readers may see, newest first; the one of `day` if given.

    One that a person has stopped is not among them, until it goes on.
    """
    query = select(Edition, FrozenEdition).where(*_visible(list_name))
    if day is not None:
        query = query.where(Edition.local_date == day)
    rows = session.execute(query.order_by(Edition.local_date.desc()).limit(limit))
    return [(edition, kept) for edition, kept in rows]


def neighbours(session: Session, list_name: str, day: date) -> tuple[date | None, date | None]:
    """The dates of the list's editions on the web before and after this one."""
    before = select(func.max(Edition.local_date)).where(Edition.local_date < day)
    after = select(func.min(Edition.local_date)).where(Edition.local_date > day)
    visible = _visible(list_name)
    return session.scalar(before.where(*visible)), session.scalar(after.where(*visible))


def _visible(list_name: str) -> list[ColumnElement[bool]]:
    return [
        FrozenEdition.edition_id == Edition.id,
        FrozenEdition.subject != "",
        Edition.list_name == list_name,
        Edition.state.in_([EditionState.CUT, EditionState.SENT]),
    ]


def variant_keys(session: Session, edition_id: int) -> set[str]:
    """The keys of the variants that have been composed."""
    query = select(EditionVariant.key).where(EditionVariant.edition_id == edition_id)
    return set(session.scalars(query))


def waiting_keys(session: Session, edition_id: int) -> set[str]:
    """The keys of the variants of letters that have not left."""
    query = select(Delivery.variant).where(
        Delivery.edition_id == edition_id, Delivery.state.in_(WAITING)
    )
    return set(session.scalars(query.distinct()))


def keep_variants(
    session: Session, edition_id: int, made: Iterable[tuple[str, int, Mail, Sequence[str]]]
) -> None:
    """Keep composed variants (key, place in the change log, mail, shown) that are not there."""
    kept = variant_keys(session, edition_id)
    session.add_all(
        EditionVariant(
            edition_id=edition_id,
            key=key,
            position=position,
            subject=mail.subject,
            shown=list(shown),
            html=zlib.compress(mail.html.encode()),
            text=zlib.compress(mail.text.encode()),
        )
        for key, position, mail, shown in made
        if key not in kept
    )


def variant(session: Session, edition_id: int, key: str) -> Mail | None:
    """A composed variant; None if there is none, or if it was forgotten after the sending."""
    query = select(EditionVariant).where(
        EditionVariant.edition_id == edition_id, EditionVariant.key == key
    )
    found = session.scalar(query)
    if found is None or found.html is None or found.text is None:
        return None
    html, text = zlib.decompress(found.html).decode(), zlib.decompress(found.text).decode()
    return Mail(found.subject, html, text)


def variants(session: Session, edition_id: int) -> Sequence[EditionVariant]:
    """What each variant showed, without its text."""
    query = select(EditionVariant).where(EditionVariant.edition_id == edition_id)
    return session.scalars(
        query.options(defer(EditionVariant.html), defer(EditionVariant.text))
    ).all()


def forget_mails(session: Session, edition_id: int) -> None:
    """Forget the texts of the variants of an edition that is sent; what it said stays frozen."""
    sent = exists().where(Edition.id == edition_id, Edition.state == EditionState.SENT)
    session.execute(
        update(EditionVariant)
        .where(EditionVariant.edition_id == edition_id, sent)
        .values(html=None, text=None),
        execution_options={"synchronize_session": False},
    )


def notes_since(
    session: Session, edition_ids: Collection[int]
) -> dict[int, dict[str, tuple[Change, Article]]]:
    """Corrections and retractions of articles since their editions were cut: edition → uid → the
    last one."""
    query = (
        select(Edition.id, Change, Article)
        .join(EditionArticle, EditionArticle.edition_id == Edition.id)
        .join(Change, Change.article_id == EditionArticle.article_id)
        .join(Article, Article.id == Change.article_id)
        .where(
            Edition.id.in_(edition_ids),
            EditionArticle.shown,
            Change.kind.in_(TOLD),
            Change.position > Edition.position,
        )
        .order_by(Change.position)
    )
    notes: dict[int, dict[str, tuple[Change, Article]]] = {one: {} for one in edition_ids}
    for edition_id, change, article in session.execute(query):
        notes[edition_id][change.uid] = change, article
    return notes


def wrong_since(session: Session, edition: Edition, position: int | None) -> dict[str, Change]:
    """Articles that may not be said as they were at a place in the log: uid → its last change."""
    if position is None:
        return {}
    query = (
        select(Change)
        .where(
            Change.position > position,
            Change.kind.in_(WRONG),
            Change.article_id.in_(editions.shown(edition.id)),
        )
        .order_by(Change.position)
    )
    return {change.uid: change for change in session.scalars(query)}


def set_anew(
    session: Session, edition_id: int, keys: Mapping[str, str | None], after: int
) -> int | None:
    """Give the next part of the letters that have not left the variants of a newer text.

    `keys` maps old key → new one, or None where the variant holds nothing any more: such a letter
    is suppressed. Begins after the delivery `after`; where to go on, or None at the end.
    """
    query = select(Delivery.id, Delivery.variant).where(
        Delivery.edition_id == edition_id, Delivery.state.in_(WAITING), Delivery.id > after
    )
    # Locked, so that no sender takes them meanwhile.
    query = query.order_by(Delivery.id).limit(PART).with_for_update()
    rows = session.execute(query).all()
    moved = [
        {"id": row.id, "variant": new} for row in rows if (new := keys.get(row.variant)) is not None
    ]
    emptied = [row.id for row in rows if row.variant in keys and keys[row.variant] is None]
    if moved:
        session.execute(update(Delivery), moved)
    if emptied:
        reply = "all that it held was withdrawn"
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(emptied))
            .values(state=DeliveryState.SUPPRESSED, reply=reply)
        )
    return rows[-1].id if rows else None


def is_anew(session: Session, edition_id: int, position: int) -> None:
    """Say that all letters which have not left are from that place in the change log."""
    session.execute(update(Edition).where(Edition.id == edition_id).values(text_position=position))
