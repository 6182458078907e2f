"""Which feeds there are, what is in them, and which of their files are out of date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from publisher.model import Feed, FeedArticle
from publisher.names import numbered


@dataclass(frozen=True, slots=True)
class FeedName:
    """What tells one feed from another; `title` is its own, for people."""

    kind: str
    key: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an article belongs: its time, and its feeds (none for one that is not public)."""

    published: datetime
    feeds: tuple[FeedName, ...]


def find(session: Session, names: Iterable[FeedName]) -> dict[tuple[str, str], Feed]:
    """The feeds of these names that there are, by kind and key."""
    found: dict[tuple[str, str], Feed] = {}
    keys = [(name.kind, name.key) for name in names]
    for start in range(0, len(keys), 400):
        query = select(Feed).where(tuple_(Feed.kind, Feed.key).in_(keys[start : start + 400]))
        found |= {(feed.kind, feed.key): feed for feed in session.scalars(query)}
    return found


# Makes the id that a new feed keeps for ever, from its kind, its key and when its news begins.
Mint = Callable[[str, str, datetime], str]


def ensure(
    session: Session, since: Mapping[FeedName, datetime], mint: Mint
) -> dict[tuple[str, str], Feed]:
    """The feeds of these names, made where they are new, retitled where the title has changed.

    `since` says when the news of each begins. A feed that was gone is there again, with its id
    and its log.
    """
    wanted = {(name.kind, name.key): name for name in since}
    found = find(session, wanted.values())
    for key, name in wanted.items():
        if key not in found:
            found[key] = Feed(kind=name.kind, key=name.key, title=name.title)
            session.add(found[key])
        elif name.kind == "category" and found[key].title != name.title:
            found[key].title, found[key].built = name.title, 0
    for key, feed in found.items():
        if feed.uid is None:
            feed.uid = _free_uid(session, mint(*key, since[wanted[key]]))
        if feed.gone:
            feed.gone, feed.built = False, 0
    session.flush()
    return found


def _free_uid(session: Session, wanted: str) -> str:
    """A category may take a path whose first feed has gone on elsewhere, with its id."""
    with session.no_autoflush:
        like = Feed.uid.startswith(wanted, autoescape=True)
        taken = session.scalars(select(Feed.uid).where(like)).all()
    return numbered(wanted, [uid for uid in taken if uid])


@dataclass(frozen=True, slots=True)
class Moves:
    """The feeds that an article was in, and those that it is in now, by id."""

    before: frozenset[int]
    after: frozenset[int]

    @property
    def concerned(self) -> frozenset[int]:
        """Every feed whose readers see a difference."""
        return self.before | self.after


def place(session: Session, places: Mapping[int, Place | None], mint: Mint) -> dict[int, Moves]:
    """Put articles into their feeds and out of all others (article id → its moves).

    A place of None means that the article is in no feed. Each feed concerned is counted up.
    """
    feeds = ensure(session, _beginnings(places), mint)
    before = _memberships(session, places)
    after = {
        (feeds[name.kind, name.key].id, article_id): p.published
        for article_id, p in places.items()
        if p
        for name in p.feeds
    }
    gone = [key for key, published in before.items() if after.get(key) != published]
    new = [
        {"feed_id": feed_id, "article_id": article_id, "published": published}
        for (feed_id, article_id), published in after.items()
        if before.get((feed_id, article_id)) != published
    ]
    for start in range(0, len(gone), 400):
        key = tuple_(FeedArticle.feed_id, FeedArticle.article_id)
        session.execute(delete(FeedArticle).where(key.in_(gone[start : start + 400])))
    if new:
        session.execute(insert(FeedArticle), new)
    old, now = _by_article(before), _by_article(after)
    moves = {one: Moves(frozenset(old[one]), frozenset(now[one])) for one in places}
    _count_up(session, {feed for move in moves.values() for feed in move.concerned})
    return moves


def _beginnings(places: Mapping[int, Place | None]) -> dict[FeedName, datetime]:
    """The feeds of all these places, in a steady order, with the oldest moment in each."""
    found: dict[FeedName, datetime] = {}
    for place in filter(None, places.values()):
        for name in place.feeds:
            found[name] = min(found.get(name, place.published), place.published)
    return found


def _by_article(memberships: Iterable[tuple[int, int]]) -> defaultdict[int, set[int]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    for feed_id, article_id in memberships:
        found[article_id].add(feed_id)
    return found


def _count_up(session: Session, feed_ids: Collection[int]) -> None:
    if feed_ids:
        session.execute(
            update(Feed).where(Feed.id.in_(feed_ids)).values(version=Feed.version + 1),
            execution_options={"synchronize_session": False},
        )


def _memberships(session: Session, article_ids: Collection[int]) -> dict[tuple[int, int], datetime]:
    query = select(FeedArticle.feed_id, FeedArticle.article_id, FeedArticle.published).where(
        FeedArticle.article_id.in_(article_ids)
    )
    return {(feed_id, article_id): when for feed_id, article_id, when in session.execute(query)}


def stale(session: Session, kinds: Collection[str]) -> Sequence[Feed]:
    """The published feeds whose files are out of date."""
    query = select(Feed).where(Feed.built < Feed.version, Feed.kind.in_(kinds), ~Feed.gone)
    return session.scalars(query.order_by(Feed.id)).all()


def exists(session: Session, kind: str, key: str) -> bool:
    """Whether there is such a feed."""
    query = select(Feed.id).where(Feed.kind == kind, Feed.key == key)
    return session.scalar(query) is not None


def published(session: Session, kinds: Collection[str]) -> Sequence[Feed]:
    """All published feeds."""
    return session.scalars(
        select(Feed).where(Feed.kind.in_(kinds), ~Feed.gone).order_by(Feed.kind, Feed.key)
    ).all()


def first(session: Session, kinds: Collection[str], limit: int) -> Sequence[Feed]:
    """The feed of everything, and after it those that were made first, at most so many."""
    query = select(Feed).where(Feed.kind.in_(kinds), ~Feed.gone)
    return session.scalars(query.order_by(Feed.kind != "everything", Feed.id).limit(limit)).all()


def count(session: Session, kinds: Collection[str]) -> int:
    """How many feeds are published."""
    query = select(func.count()).select_from(Feed).where(Feed.kind.in_(kinds), ~Feed.gone)
    return session.scalar(query) or 0


def every(session: Session) -> Sequence[Feed]:
    """All feeds that are kept, published or not."""
    return session.scalars(select(Feed).where(~Feed.gone).order_by(Feed.id)).all()


def sizes(session: Session, kinds: Collection[str]) -> list[tuple[Feed, int]]:
    """Each published feed with the number of its articles."""
    query = (
        select(Feed, func.count(FeedArticle.article_id))
        .outerjoin(FeedArticle, FeedArticle.feed_id == Feed.id)
        .where(Feed.kind.in_(kinds), ~Feed.gone)
        .group_by(Feed.id)
        .order_by(Feed.kind, Feed.key)
    )
    return [(feed, number) for feed, number in session.execute(query)]


def members(session: Session, feed_id: int, article_ids: Collection[int]) -> set[int]:
    """Those of the articles that are in the feed now."""
    query = select(FeedArticle.article_id).where(
        FeedArticle.feed_id == feed_id, FeedArticle.article_id.in_(article_ids)
    )
    return set(session.scalars(query))


def of_articles(session: Session, article_ids: Collection[int]) -> dict[int, set[int]]:
    """The feeds that each of these articles is in, by id; nothing for one that is in none."""
    return dict(_by_article(_memberships(session, article_ids)))


def newest(session: Session, feed_id: int, size: int) -> list[int]:
    """The ids of the newest `size` articles of a feed, newest first.

    They come from one index in order, so the time does not depend on what is stored.
    """
    query = (
        select(FeedArticle.article_id)
        .where(FeedArticle.feed_id == feed_id)
        .order_by(FeedArticle.published.desc(), FeedArticle.article_id.desc())
        .limit(size)
    )
    return list(session.scalars(query))


def not_overtaken(session: Session, versions: Mapping[int, int]) -> list[int]:
    """Those feeds of which nobody has built a later version than this (feed id → version)."""
    ids, found = list(versions), []
    for start in range(0, len(ids), 400):
        query = select(Feed.id, Feed.built).where(Feed.id.in_(ids[start : start + 400]))
        found += [one for one, built in session.execute(query) if built <= versions[one]]
    return found


def mark_built(session: Session, versions: Mapping[int, int]) -> None:
    """Say which version each feed's files now hold (feed id → version).

    Where another process has meanwhile built a later one, nobody knows whose files stand there:
    they are written once more.
    """
    for feed_id, version in versions.items():
        session.execute(
            update(Feed).where(Feed.id == feed_id, Feed.built > version).values(built=0)
        )
        session.execute(
            update(Feed).where(Feed.id == feed_id, Feed.built < version).values(built=version)
        )
