"""What an edition says: its articles and corrections as values, from the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from publisher.config import MailingList
from publisher.ingest.clean import legal
from publisher.model import Article, Change, ChangeKind, Edition, seal
from publisher.newsletter.compose import Composer
from publisher.newsletter.corrections import Correction
from publisher.newsletter.edition import Contents, Dates
from publisher.newsletter.frozen import thaw
from publisher.pipeline.newsroom import Newsroom
from publisher.render.view import ArticleView, article_url, view
from publisher.store import articles, corrections, edition_texts, editions
from publisher.store.engine import Session

# A correction that no digest could tell its readers within this time is not told any more.
CORRECTIONS_FOR = timedelta(days=60)


def clean_views(newsroom: Newsroom, found: Iterable[Article]) -> tuple[ArticleView, ...]:
    """The articles as templates see them. One that another program has just written to, and that
    is not cleaned yet, is left for later."""
    return tuple(view(one, site=newsroom.config.site) for one in found if _is_clean(one))


def _is_clean(article: Article) -> bool:
    try:
        return article.seal == seal(article.content)
    except ValueError:  # it cannot be understood, and the sequencer sets it aside
        return False


def corrections_for(
    newsroom: Newsroom, session: Session, one: MailingList, cut_at: datetime
) -> tuple[Correction, ...]:
    """The corrections that an edition cut now has to carry."""
    found = (
        correction_of(newsroom, untold.change, untold.article, untold.told)
        for untold in corrections.untold(session, one.name, cut_at - CORRECTIONS_FOR)
    )
    known = [correction for correction in found if correction is not None]
    if one.empty == "corrections":  # then whoever had the article got the first one that told
        return tuple(correction for correction in known if not correction.told)
    return tuple(correction for correction in known if not correction.is_done)


def correction_of(
    newsroom: Newsroom, change: Change, article: Article, told: tuple[tuple[str, ...], ...] = ()
) -> Correction | None:
    """A change as readers are told it; None if it has been taken back since."""
    retracted = change.kind == ChangeKind.RETRACTED
    note = article.retraction or "" if retracted else article.correction
    if note is None or retracted != (article.retracted is not None):
        return None
    # Not by its content: another program may have left a retracted article in any shape.
    site = newsroom.config.site
    return Correction(
        article_id=article.id,
        uid=article.uid or "",
        title=legal(article.title),
        url=article_url(site, article),
        path=article.category.path,
        language=article.language or site.language,
        kind="retraction" if retracted else "correction",
        note=legal(note),
        change=change.position,
        at=change.at,
        told=told,
    )


def composer_of(
    newsroom: Newsroom,
    session: Session,
    one: MailingList,
    edition: Edition,
    *,
    as_cut: bool = False,
) -> Composer:
    """Composes the variants of an edition: for letters that have not left yet, or `as_cut`."""
    dates = Dates(edition.first_date or edition.local_date, edition.local_date)
    contents = contents_of(newsroom, session, one, edition, as_cut=as_cut)
    return Composer(one, dates, contents, newsroom.templates, newsroom.config)


def contents_of(
    newsroom: Newsroom, session: Session, one: MailingList, edition: Edition, *, as_cut: bool
) -> Contents:
    """What was frozen when the edition was cut; unless `as_cut`, with what has been corrected
    since, and without what has been withdrawn."""
    kept = edition_texts.frozen(session, edition.id)
    if kept is None:  # an early version of the software did not keep it
        found = editions.articles(session, edition.id)
        return Contents(clean_views(newsroom, found), (), one.content)
    contents = thaw(kept.data)
    if as_cut:
        return contents
    wrong = edition_texts.wrong_since(session, edition, edition.position)
    return replace(contents, articles=_righted(newsroom, session, contents.articles, wrong))


def _righted(
    newsroom: Newsroom,
    session: Session,
    frozen: tuple[ArticleView, ...],
    wrong: Mapping[str, Change],
) -> tuple[ArticleView, ...]:
    corrected = [c.article_id for c in wrong.values() if c.kind == ChangeKind.CORRECTED]
    found = articles.by_ids(session, corrected).values()
    now = {one.uid: one for one in clean_views(newsroom, found)}
    kept = (one for one in frozen if one.uid in now or one.uid not in wrong)
    return tuple(now.get(one.uid, one) for one in kept)
