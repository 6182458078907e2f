"""Former addresses: where they lead now, and what follows for feeds when a category moves.

Triggers note each slug and path that is given up, in the transaction of the change itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from publisher.model import (
    Article,
    Category,
    Feed,
    FeedArticle,
    FormerPath,
    FormerPathState,
    FormerSlug,
)


@dataclass(frozen=True, slots=True)
class Former:
    """What has become of an address: `to` is where it leads now; None if it is gone for good."""

    to: str | None


def former_article(session: Session, slug: str) -> Former | None:
    """Where an article went that had this slug; None if no article ever had it."""
    row = session.get(FormerSlug, slug)
    if row is None:
        return None
    return Former(session.scalar(select(Article.slug).where(Article.id == row.article_id)))


def former_category(session: Session, path: str) -> Former | None:
    """Where a category went that had this path; None if no category ever had it."""
    row = session.get(FormerPath, path)
    if row is None:
        return None
    return Former(_current_paths(session, [row]).get(row.category_id or 0))


def follow(session: Session) -> dict[str, str]:
    """Let feeds go by the paths that their categories have now, and end those of removed ones.

    A feed keeps its id, its log and its archive documents under its new path. The old and the new
    paths of those that moved are returned.
    """
    noted = _in_state(session, FormerPathState.NOTED)
    if not noted:
        return {}
    now_at = _current_paths(session, noted)
    feeds = _category_feeds(session, {row.path for row in noted} | set(now_at.values()))
    moves: dict[Feed, str] = {}
    for row in noted:
        feed, target = feeds.get(row.path), now_at.get(row.category_id or 0)
        if target == row.path:  # it has come back to where it was
            session.delete(row)
            continue
        if feed is not None and target is not None:
            moves[feed] = target
        elif feed is not None:
            if _is_used(session, feed):
                continue  # looked at again, until its last article has left
            feed.gone = True
        row.state = FormerPathState.PLACED
    _move(session, feeds, moves)
    return {path: feed.key for path, feed in feeds.items() if feed in moves}


def _move(session: Session, feeds: dict[str, Feed], moves: dict[Feed, str]) -> None:
    """Give feeds their new keys. A path may be another one's old path, so all leave theirs first.

    Where a feed that is in use has the path already, what was in the old one joins it there.
    """
    for target in list(moves.values()):
        holder = feeds.get(target)
        if holder is None or holder in moves:
            continue
        if _has_articles(session, holder):
            joining = next(feed for feed, path in moves.items() if path == target)
            joining.gone = True
            del moves[joining]
        else:
            holder.gone, holder.key = True, f"{holder.key}~{holder.id}"
    for feed in moves:
        feed.key = f"~{feed.id}"
    session.flush()
    for feed, target in moves.items():
        feed.key, feed.built = target, 0
        feed.version += 1
    session.flush()


def to_sweep(session: Session) -> Sequence[FormerPath]:
    """Former paths whose files still lie in their old folders."""
    return _in_state(session, FormerPathState.PLACED)


def swept(session: Session, paths: Iterable[str]) -> None:
    """The old folders of these paths hold no files any more."""
    query = update(FormerPath).where(
        FormerPath.path.in_(list(paths)), FormerPath.state == FormerPathState.PLACED
    )
    session.execute(query.values(state=FormerPathState.SWEPT))


def joined_another(session: Session, path: str) -> bool:
    """Whether the feed of a former path ended because its articles joined another feed.

    Its archive documents stay where they are, since the other feed's are not a continuation.
    """
    row = session.get(FormerPath, path)
    ended = select(Feed.id).where(Feed.kind == "category", Feed.key == path, Feed.gone)
    return row is not None and row.category_id is not None and bool(session.scalar(ended))


def all_former_paths(session: Session) -> dict[str, str | None]:
    """Every former path that no feed has taken over → the path it leads to, None if gone."""
    rows = session.scalars(
        select(FormerPath)
        .where(FormerPath.state != FormerPathState.NOTED)
        .where(~exists().where(Feed.kind == "category", Feed.key == FormerPath.path, ~Feed.gone))
        .order_by(FormerPath.path)
    ).all()
    now_at = _current_paths(session, rows)
    return {row.path: now_at.get(row.category_id or 0) for row in rows}


def _in_state(session: Session, state: FormerPathState) -> Sequence[FormerPath]:
    # Not swept is written out, since the index is for just that.
    query = select(FormerPath).where(
        FormerPath.state != FormerPathState.SWEPT, FormerPath.state == state
    )
    return session.scalars(query.order_by(FormerPath.path)).all()


def _current_paths(session: Session, rows: Iterable[FormerPath]) -> dict[int, str]:
    ids = {row.category_id for row in rows if row.category_id is not None}
    query = select(Category.id, Category.path).where(Category.id.in_(ids))
    return {row[0]: row[1] for row in session.execute(query)}


def _category_feeds(session: Session, paths: set[str]) -> dict[str, Feed]:
    query = select(Feed).where(Feed.kind == "category", Feed.key.in_(paths))
    return {feed.key: feed for feed in session.scalars(query)}


def _is_used(session: Session, feed: Feed) -> bool:
    """Whether articles are in it, or a category has its path again."""
    category = select(Category.id).where(Category.path == feed.key)
    return _has_articles(session, feed) or session.scalar(category.limit(1)) is not None


def _has_articles(session: Session, feed: Feed) -> bool:
    member = select(FeedArticle.article_id).where(FeedArticle.feed_id == feed.id).limit(1)
    return session.scalar(member) is not None
