"""The mails that are no editions: whether one may still be sent, and what it says. Pure but for
the templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from publisher.config import Config, MailingList
from publisher.model import NoticeKind, SubscriberState, SubscriptionState
from publisher.model.states import Standing
from publisher.newsletter.markers import without_markers
from publisher.render.dates import direction, long_date
from publisher.render.environment import Templates
from publisher.render.mail import inline
from publisher.render.plain import columns, shorten, tidy, wrap
from publisher.render.translations import words
from publisher.render.view import ArticleView

SUBJECT_TITLE = 70


@dataclass(frozen=True, slots=True)
class NoticeMail:
    """A notice with markers (@@CONFIRM@@) where readers differ."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class CorrectedArticle:
    """What a correction mail is about; `note` says what was wrong."""

    article: ArticleView
    note: str
    is_retraction: bool


def obstacle(kind: NoticeKind, where: Standing) -> str:
    """Why a notice must not be sent to who stands there now; empty where it may be."""
    if kind is NoticeKind.CONFIRM:
        if where.subscription is None or where.gets_editions:
            return "there is nothing left to confirm"
        return "" if where.takes_confirmation else f"the address has {where.shown}"
    if kind is NoticeKind.GOODBYE:
        left = where.subscription is SubscriptionState.UNSUBSCRIBED
        may = left and where.address is SubscriberState.DELIVERABLE
        return "" if may else f"the reader is {where.shown or 'not on the list'}"
    if kind is NoticeKind.DATA:  # who has asked may have it, whether they get editions or not
        is_known = where.subscription is not None
        may = is_known and where.address is SubscriberState.DELIVERABLE
        return "" if may else f"the reader is {where.shown or 'not on the list'}"
    return "" if where.gets_editions else f"the reader is {where.shown or 'not on the list'}"


def compose_notice(
    kind: NoticeKind,
    one: MailingList,
    language: str,
    templates: Templates,
    config: Config,
    *,
    latest: date | None = None,
    corrected: CorrectedArticle | None = None,
) -> NoticeMail:
    """The mail of a kind, once for all readers of that list and language.

    `latest` is the date of the latest edition, which a welcome links to. Raises TemplateError.
    """
    around = words(language)
    context: dict[str, Any] = {
        "list": one,
        "site": config.site,
        "language": language,
        "direction": direction(language),
        "_": around.text,
        "ngettext": around.number,
        "wrap": lambda text: wrap(text, 72),
        "underline": lambda text, mark: mark * min(columns(text), 72),
        "archive": f"{config.site.url}/",
        "days": config.subscribers.confirm_days,
        "latest": _edition_link(one, latest, language, config),
        **_correction(corrected),
    }
    subject = " ".join(templates.render(f"{kind}/subject.txt", **context).split())
    html = inline(templates.render(f"{kind}/body.html", **context, subject=subject))
    text = templates.render(f"{kind}/body.txt", **context, subject=subject)
    return NoticeMail(subject, html, tidy(text))


def _edition_link(
    one: MailingList, latest: date | None, language: str, config: Config
) -> dict[str, str] | None:
    if latest is None:
        return None
    url = f"{config.site.url}/editions/{one.name}/{latest.isoformat()}/"
    return {"url": url, "date": long_date(latest, language)}


def _correction(corrected: CorrectedArticle | None) -> dict[str, Any]:
    if corrected is None:
        return {}
    safe = without_markers(corrected)
    title = shorten(safe.article.title, SUBJECT_TITLE)
    return {
        "article": safe.article, "note": safe.note, "is_retraction": safe.is_retraction,
        "title": title,
    }  # fmt: skip
