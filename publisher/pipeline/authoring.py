"""Articles written one at a time by a program or a person, cleaned like imported ones."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from publisher.errors import RejectedError
from publisher.ingest.changes import Change, decide
from publisher.ingest.clean import clean, reclean
from publisher.ingest.raw import RawArticle
from publisher.ingest.removed import Removed, removed
from publisher.model import Article, Category, Content, KeyedRequest, seal
from publisher.model.article import DEEPEST
from publisher.pipeline.newsroom import Newsroom
from publisher.store import access, articles
from publisher.store.engine import Session

# Told what is stored (None: nothing yet) before it is written over; raises where it should not be.
Check = Callable[[Article | None], None]


class ReusedKeyError(Exception):
    """An Idempotency-Key that has come before, with a request that said something else."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of an article: as it is stored now, and what cleaning took out of it."""

    article: Article
    change: Change
    removed: tuple[Removed, ...]


@dataclass(frozen=True, slots=True)
class OnceOnly:
    """That a request must not make a second article: whose it is, its key, and what it says."""

    token_id: int
    key: str
    fingerprint: str


def put(newsroom: Newsroom, key: str, raw: RawArticle, now: datetime, check: Check) -> Written:
    """Store an article as the one that `key` names (its external id, or `~` and its number).

    What `raw` does not say of date, category, language and correction stays as it is. The same
    again changes nothing. Raises RejectedError, and what `check` does.
    """
    content = _cleaned(newsroom, raw, now)
    with newsroom.store.write() as session:
        article = find(session, key)
        check(article)
        stored, change = _write(newsroom, session, article, raw, content, now)
    return Written(stored, change, removed(raw, content))


def add(
    newsroom: Newsroom, raw: RawArticle, now: datetime, check: Check, once: OnceOnly | None
) -> Written:
    """Store a new article; one without an external id gets one.

    The same request again (`once`) gives what the first one made, as it is now. Raises
    RejectedError, ReusedKeyError, and what `check` does where there is such an article.
    """
    raw = replace(raw, external_id=raw.external_id or f"api:{secrets.token_hex(8)}")
    content = _cleaned(newsroom, raw, now)
    with newsroom.store.write() as session:
        before = _made_before(newsroom, session, once, now) if once else None
        if before is not None:
            _load(session, before)
            return Written(before, Change.SAME, removed(raw, content))
        check(find(session, raw.external_id))
        article, change = _write(newsroom, session, None, raw, content, now)
        if once is not None:
            access.keep_key(
                session,
                KeyedRequest(
                    token_id=once.token_id, key=once.key, fingerprint=once.fingerprint,
                    article_id=article.id, at=now,
                ),
            )  # fmt: skip
    return Written(article, change, removed(raw, content))


def find(session: Session, key: str) -> Article | None:
    """The article that a key names: by its external id, or by `~` and its number."""
    if key.startswith("~"):
        number = int(key[1:])
        return articles.by_ids(session, [number]).get(number)
    return articles.known(session, [key]).get(key)


def shown(article: Article, newsroom: Newsroom) -> tuple[Content | None, str]:
    """What an article says, safe to be shown also where another program wrote it and nobody has
    cleaned it yet; None and the reason where it cannot be understood."""
    try:
        content = article.content
        if article.seal != seal(content):
            content = reclean(content, newsroom.rules)
    except (ValueError, RejectedError) as error:
        return None, error.reason if isinstance(error, RejectedError) else str(error)
    return content, ""


def _cleaned(newsroom: Newsroom, raw: RawArticle, now: datetime) -> Content:
    return clean(raw if raw.published else replace(raw, published=now), newsroom.rules)


def _write(
    newsroom: Newsroom,
    session: Session,
    article: Article | None,
    raw: RawArticle,
    content: Content,
    now: datetime,
) -> tuple[Article, Change]:
    site = newsroom.config.site
    writer = articles.Writer(session, site.url, site.zone, now)
    if article is None:
        made = writer.add(writer.settled(content), raw.external_id)
        _load(session, made)
        return made, Change.NEW
    content = writer.settled(_kept(article, raw, content))
    stored = shown(article, newsroom)[0]
    if stored is None:  # what another program left there cannot be kept as a revision
        writer.adopt(article, content)
    change = decide(stored, content)
    if change is Change.NEW:
        change = Change.EDITED
    if change is not Change.SAME:
        writer.replace(article, content, significant=change is Change.CORRECTED)
    _load(session, article)
    return article, change


def _load(session: Session, article: Article) -> None:
    """Read all of it, also what is above its category: it is looked at after the session."""
    session.flush()
    session.refresh(article)
    above: Category | None = article.category
    for _ in range(DEEPEST):  # parents may go round in a circle
        above = above.parent if above else None


def _kept(article: Article, raw: RawArticle, content: Content) -> Content:
    """The content, with what an editor must not lose by leaving it out."""
    return replace(
        content,
        published=content.published if raw.published else article.published,
        category=content.category if raw.category else article.category.titles,
        language=content.language if raw.language else article.language or content.language,
        correction=content.correction if raw.correction else article.correction,
    )


def _made_before(
    newsroom: Newsroom, session: Session, once: OnceOnly, now: datetime
) -> Article | None:
    access.forget_keys(session, now - timedelta(hours=newsroom.config.api.idempotency_hours))
    found = access.keyed(session, once.token_id, once.key)
    if found is None:
        return None
    if found.fingerprint != once.fingerprint:
        raise ReusedKeyError
    article = articles.by_ids(session, [found.article_id]).get(found.article_id)
    if article is None:  # it was deleted since, so it may be made again
        access.forget_key(session, found)
    return article
