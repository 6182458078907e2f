"""From the store into the logs of feeds: the one sequencer."""

from __future__ import annotations

from datetime import datetime

from publisher.errors import RejectedError
from publisher.ingest.clean import reclean
from publisher.model import Article, Change, ChangeKind, seal
from publisher.names import feed_id, is_category_path
from publisher.pipeline.newsroom import Newsroom
from publisher.store import (
    addresses,
    articles,
    editions,
    feeds,
    log,
    sitemap,
    stale,
    websub,
)
from publisher.store.edition_texts import TOLD
from publisher.store.engine import Session
from publisher.store.feeds import Place
from publisher.store.log import NewChange
from publisher.syndication.changes import kind_of_change, public_state, read_state
from publisher.syndication.document import FILES
from publisher.syndication.selection import EVERYTHING, feed_path, feeds_of

BATCH = 500
# Changes that move `updated`: a reader should look again.
SIGNIFICANT = (ChangeKind.PUBLISHED, ChangeKind.CORRECTED)


def sequence(newsroom: Newsroom, now: datetime) -> int:
    """Deal with the oldest part of the stale set; how many notes that were.

    Each article that really changed gets a row in the change log and in the log of every feed
    that it is or was in. Articles that cannot be understood are set aside and leave their feeds.
    """
    with newsroom.store.write() as session:
        _take_along(session, addresses.follow(session))
        notes = stale.take(session, now, BATCH)
        if not notes:
            # There is always a feed of everything, also where nothing is stored yet.
            feeds.ensure(session, {EVERYTHING: now}, mint_of(newsroom))
            return 0
        ids = {note.article_id for note in notes}
        _Round(newsroom, session, now).run(ids)
        stale.done(session, notes)
        return len(notes)


class _Round:
    """One turn of the sequencer, in one transaction."""

    def __init__(self, newsroom: Newsroom, session: Session, now: datetime) -> None:
        self._newsroom, self._session = newsroom, session
        # The log's time never goes back: a machine whose clock does so would withdraw articles.
        self._now = max(now, log.last_moment(session) or now)
        self._aside: set[int] = set()

    def run(self, ids: set[int]) -> None:
        found = articles.by_ids(self._session, ids)
        before = log.latest(self._session, ids)
        places = {one: self._place(article) for one, article in found.items()}
        articles.mended(self._session, [_origin(one) for one in found.keys() - self._aside])
        self._session.flush()
        changes = [
            change
            for one in sorted(ids, key=lambda one: _by_date(found.get(one), one))
            if (change := self._change(one, found.get(one), places.get(one), before.get(one)))
        ]
        changed = {change.article_id: places.get(change.article_id) for change in changes}
        moves = feeds.place(self._session, changed, mint_of(self._newsroom))
        positions = log.append(self._session, changes, moves, self._now)
        sitemap.note(self._session, moves, self._now)
        for change in changes:
            if change.kind in SIGNIFICANT:
                self._update(found[change.article_id], change.kind, positions)
        corrected = [c.article_id for c in changes if c.kind in TOLD]
        if corrected:
            editions.touch_feeds_of(self._session, corrected)
        moments = {a.id: moment for a in found.values() if (moment := a.next_change(self._now))}
        stale.remind(self._session, moments)

    def _update(self, article: Article, kind: ChangeKind, positions: dict[int, int]) -> None:
        article.updated_position = positions[article.id]
        if kind is ChangeKind.CORRECTED:
            article.updated = max(article.updated or article.published, self._now)

    def _change(
        self, article_id: int, article: Article | None, place: Place | None, last: Change | None
    ) -> NewChange | None:
        state = public_state(article) if article and place else None
        before = read_state(last.state) if last else None
        kind = kind_of_change(before, state, article, self._now)
        if kind is None:
            return None
        uid = (article.uid if article else None) or (last.uid if last else "")
        revision = article.revision if article else (last.revision if last else 0)
        return NewChange(article_id, uid, revision, kind, state.text if state else None)

    def _place(self, article: Article) -> Place | None:
        try:
            self._adopt(article)
        except (ValueError, RejectedError) as error:
            reason = error.reason if isinstance(error, RejectedError) else str(error)
            articles.set_aside(self._session, _origin(article.id), 0, reason, self._now)
            self._aside.add(article.id)
            return None
        if not article.is_public(self._now):
            return None
        return Place(article.published, feeds_of(article.content, article.category.paths))

    def _adopt(self, article: Article) -> None:
        if not is_category_path(article.category.path):
            raise ValueError(
                f"the path {article.category.path!r} of its category cannot be an address; "
                "use letters, digits and hyphens, and none of the site's own words"
            )
        content = article.content
        if article.seal == seal(content) and article.uid and article.slug:
            return
        site = self._newsroom.config.site
        writer = articles.Writer(self._session, site.url, site.zone, self._now)
        writer.adopt(article, reclean(content, self._newsroom.rules))


def _take_along(session: Session, moved: dict[str, str]) -> None:
    """Let partners who have subscribed to a feed of a renamed category go along with it."""
    folders = {feed_path("category", old): feed_path("category", new) for old, new in moved.items()}
    websub.move(
        session,
        {f"{old}{file}": f"{new}{file}" for old, new in folders.items() for file in FILES.values()},
    )


def mint_of(newsroom: Newsroom) -> feeds.Mint:
    """Makes the ids of new feeds."""
    site = newsroom.config.site

    def mint(kind: str, key: str, since: datetime) -> str:
        return feed_id(site.url, since.astimezone(site.zone).date(), kind, key)

    return mint


def _origin(article_id: int) -> str:
    """Where a piece that was set aside comes from."""
    return f"article {article_id}"


def _by_date(article: Article | None, article_id: int) -> tuple[float, int]:
    """Oldest first, so that a feed made of an archive begins with what is oldest."""
    return (article.published.timestamp() if article else 0.0, article_id)
