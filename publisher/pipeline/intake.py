"""From a source into the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from publisher.errors import RejectedError
from publisher.ingest.changes import Change, decide
from publisher.ingest.clean import clean
from publisher.ingest.documents import Piece
from publisher.ingest.markdown import Skipped
from publisher.ingest.raw import RawArticle
from publisher.model import Article, Content
from publisher.pipeline.newsroom import Newsroom
from publisher.store import articles
from publisher.store.engine import Session

# Large enough that a transaction costs little, small enough that others get their turn.
BATCH = 100


@dataclass
class Taken:
    """What became of all that was taken in so far."""

    counts: Counter[Change] = field(default_factory=Counter)
    rejects: list[RejectedError] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def take_in(newsroom: Newsroom, pieces: Iterable[Piece], now: datetime) -> Iterator[Taken]:
    """Clean and store what a source holds, a batch at a time; the same tally after each batch.

    A piece that cannot be used is set aside with its reason, and the rest goes on. Taking the
    same pieces in again changes nothing.
    """
    taken = Taken()
    stream = iter(pieces)
    seen: set[int] = set()
    while batch := list(islice(stream, BATCH)):
        skipped = [piece for piece in batch if isinstance(piece, Skipped)]
        good, bad = _cleaned(newsroom, batch, seen)
        with newsroom.store.write() as session:
            taken.counts.update(_store(newsroom, session, good, now))
            articles.mended(session, {one.origin for one in skipped})
            articles.mended(session, {raw.origin for raw, _ in good})
            for reject in bad:
                articles.set_aside(session, reject.origin, reject.line, reject.reason, now)
        taken.rejects += bad
        taken.skipped += skipped
        yield taken


def _cleaned(
    newsroom: Newsroom, batch: Iterable[Piece], seen: set[int]
) -> tuple[list[tuple[RawArticle, Content]], list[RejectedError]]:
    good, bad = [], []
    rules = newsroom.rules
    for piece in batch:
        if isinstance(piece, Skipped):
            continue
        try:
            if isinstance(piece, RejectedError):
                raise piece
            content = clean(piece, rules)
            _only_once(piece, seen)
            good.append((piece, content))
        except RejectedError as reject:
            bad.append(reject)
    return good, bad


def _only_once(piece: RawArticle, seen: set[int]) -> None:
    key = hash(piece.external_id)  # a number, so that a million of them stay small
    if key in seen:
        raise RejectedError(
            piece.origin,
            piece.line,
            f"the id {piece.external_id!r} stands twice in this import; give each article its own",
        )
    seen.add(key)


def _store(
    newsroom: Newsroom, session: Session, good: list[tuple[RawArticle, Content]], now: datetime
) -> Counter[Change]:
    counts: Counter[Change] = Counter()
    site = newsroom.config.site
    writer = articles.Writer(session, site.url, site.zone, now)
    known = articles.known(session, [raw.external_id for raw, _ in good])
    writer.expect([content for raw, content in good if raw.external_id not in known])
    for raw, given in good:
        content = writer.settled(given)
        article = known.get(raw.external_id) or _moved(writer, raw, content)
        change = decide(article.content if article else None, content)
        counts[change] += 1
        if article is None:
            writer.add(content, raw.external_id)
        elif change is not Change.SAME:
            writer.replace(article, content, significant=change is Change.CORRECTED)
    return counts


def _moved(writer: articles.Writer, raw: RawArticle, content: Content) -> Article | None:
    article = writer.twin(content)
    if article is not None:
        article.external_id = raw.external_id
    return article
