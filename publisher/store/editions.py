"""Editions: what each list has had, and what it has not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Select, delete, exists, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from publisher.model import (
    Article,
    Category,
    CorrectionMail,
    Delivery,
    DeliveryState,
    Edition,
    EditionArticle,
    EditionCorrection,
    EditionState,
    EditionVariant,
    Feed,
    FeedArticle,
    FrozenEdition,
)
from publisher.store import log

# The kind of feed that has a list's editions as its entries; its key is the list's name.
FEED = "editions"


def find(session: Session, list_name: str, day: date) -> Edition | None:
    """The edition of a list for one of its local dates."""
    return session.scalar(
        select(Edition).where(Edition.list_name == list_name, Edition.local_date == day)
    )


def latest_date(session: Session, list_name: str) -> date | None:
    """The local date of the list's latest edition that was cut, or None before the first one."""
    query = select(func.max(Edition.local_date)).where(Edition.list_name == list_name)
    return session.scalar(query.where(Edition.frozen_at.is_not(None)))


def stopped_dates(session: Session, list_name: str) -> set[date]:
    """The dates that a person has stopped before their edition was cut."""
    query = select(Edition.local_date).where(
        Edition.list_name == list_name,
        Edition.state == EditionState.STOPPED,
        Edition.frozen_at.is_(None),
    )
    return set(session.scalars(query))


def in_state(session: Session, list_name: str, *states: EditionState) -> Sequence[Edition]:
    """The list's editions in these states, oldest first."""
    query = select(Edition).where(Edition.list_name == list_name, Edition.state.in_(states))
    return session.scalars(query.order_by(Edition.local_date)).all()


def put(session: Session, list_name: str, day: date, cut_at: datetime) -> Edition:
    """The edition of that date as it is; a new one, which is held, if there is none."""
    found = find(session, list_name, day)
    if found is None:
        found = Edition(list_name=list_name, local_date=day, cut_at=cut_at, state=EditionState.HELD)
        session.add(found)
        session.flush()
    return found


def drop_held(session: Session, list_name: str, keep: Collection[date]) -> None:
    """Forget held editions of other dates: nothing was settled in them."""
    session.execute(
        delete(Edition).where(
            Edition.list_name == list_name,
            Edition.state == EditionState.HELD,
            Edition.local_date.not_in(keep),
        )
    )


def not_had(list_name: str, categories: Sequence[str], cut_at: datetime) -> Select[int]:
    """Ids of the public articles, published by `cut_at`, that the list has not had.

    It asks the feed of everything, which holds what is public and clean, and nothing else.
    """
    had = select(EditionArticle.article_id).where(
        EditionArticle.list_name == list_name, EditionArticle.article_id == FeedArticle.article_id
    )
    query = (
        select(FeedArticle.article_id)
        .join(Feed, Feed.id == FeedArticle.feed_id)
        .where(Feed.kind == "everything", FeedArticle.published <= cut_at, ~had.exists())
    )
    if categories:
        below = [
            or_(Category.path == path, Category.path.startswith(f"{path}/", autoescape=True))
            for path in categories
        ]
        query = (
            query.join(Article, Article.id == FeedArticle.article_id)
            .join(Category, Category.id == Article.category_id)
            .where(or_(*below))
        )
    return query


def candidates(
    session: Session, list_name: str, categories: Sequence[str], oldest: datetime, cut_at: datetime
) -> Sequence[Article]:
    """The articles that an edition cut at `cut_at` would hold; see `cut` for `oldest`."""
    query = not_had(list_name, categories, cut_at)
    if latest_date(session, list_name) is None:
        query = query.where(FeedArticle.published >= oldest)
    return session.scalars(select(Article).where(Article.id.in_(query))).all()


def first_date(session: Session, list_name: str, day: date) -> date:
    """The first local date that the edition of `day` stands for: the day after the one before."""
    before = session.scalar(
        select(func.max(Edition.local_date)).where(
            Edition.list_name == list_name,
            Edition.local_date < day,
            Edition.frozen_at.is_not(None),
        )
    )
    return before + timedelta(days=1) if before else day


def cut(
    session: Session,
    edition: Edition,
    categories: Sequence[str],
    oldest: datetime,
    cut_at: datetime,
    now: datetime,
) -> Sequence[Article]:
    """Settle what is in an edition: every article that the list has not had. Returns them.

    The list's first edition takes those from `oldest` on; what is older counts as had,
    since nobody who joins a list today expects the whole archive by mail.
    """
    first = latest_date(session, edition.list_name) is None
    rows = not_had(edition.list_name, categories, cut_at).add_columns(
        literal(edition.list_name),
        literal(edition.id),
        (FeedArticle.published >= oldest) if first else literal(True),
    )
    edition.first_date = first_date(session, edition.list_name, edition.local_date)
    edition.cut_at, edition.frozen_at, edition.state = cut_at, now, EditionState.CUT
    edition.position = edition.text_position = log.last_position(session)
    edition.trouble = ""
    columns = ["article_id", "list", "edition_id", "shown"]
    session.execute(insert(EditionArticle.__table__).from_select(columns, rows))  # type: ignore[arg-type]
    return articles(session, edition.id)


def articles(session: Session, edition_id: int) -> Sequence[Article]:
    """The articles of an edition as they are now, if they are still public; in no order."""
    public = select(FeedArticle.article_id).join(Feed).where(Feed.kind == "everything")
    query = select(Article).where(Article.id.in_(shown(edition_id)), Article.id.in_(public))
    return session.scalars(query).all()


def shown(edition_id: int) -> Select[int]:
    """The ids of the articles that an edition shows."""
    return select(EditionArticle.article_id).where(
        EditionArticle.edition_id == edition_id, EditionArticle.shown
    )


def unsettle(session: Session, edition: Edition) -> bool:
    """Take a cut edition back, as if it were held, unless a letter has left; whether it was."""
    # Locked first, so that no sender takes a letter meanwhile.
    ours = select(Delivery.id).where(Delivery.edition_id == edition.id).with_for_update()
    session.scalar(select(func.count()).select_from(ours.subquery()))
    begun = select(Delivery.id).where(
        Delivery.edition_id == edition.id,
        Delivery.state.not_in([DeliveryState.PENDING, DeliveryState.SUPPRESSED]),
    )
    if session.scalar(begun.limit(1)) is not None:
        return False
    for table in (
        CorrectionMail, Delivery, EditionVariant, EditionCorrection, EditionArticle, FrozenEdition
    ):  # fmt: skip
        session.execute(delete(table).where(table.edition_id == edition.id))
    edition.frozen_at = edition.prepared_at = edition.first_date = None
    edition.position = edition.text_position = None
    touch_feeds(session, [edition.list_name])
    return True


def touch_feeds(session: Session, list_names: Collection[str]) -> None:
    """Say that the feeds of these lists' editions are out of date."""
    session.execute(
        update(Feed)
        .where(Feed.kind == FEED, Feed.key.in_(list_names))
        .values(version=Feed.version + 1)
    )


def touch_feeds_of(session: Session, article_ids: Collection[int]) -> None:
    """The same, of every list that has had one of these articles."""
    had = select(EditionArticle.list_name).where(
        EditionArticle.article_id.in_(article_ids), EditionArticle.shown
    )
    touch_feeds(session, list(session.scalars(had.distinct())))


def unknown_categories(session: Session, paths: Collection[str]) -> list[str]:
    """Those of the category paths that no category has, nor has one below them."""
    return [path for path in paths if not session.scalar(select(exists(_below(path))))]


def category_paths(session: Session) -> list[str]:
    """The paths of all categories."""
    return list(session.scalars(select(Category.path).order_by(Category.path)))


def _below(path: str) -> Select[int]:
    below = Category.path.startswith(f"{path}/", autoescape=True)
    return select(Category.id).where(or_(Category.path == path, below))
