"""The mails that are no editions, from their ledger to the inboxes, by the clock's tick."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from publisher.config import MailingList
from publisher.delivery import message
from publisher.delivery.owner import new_name
from publisher.delivery.sender import Progress, deliver
from publisher.delivery.transport import Letter, NotYetError, WithheldError
from publisher.errors import TemplateError
from publisher.model import (
    Article,
    NoticeKind,
    SubscriberState,
    SubscriptionState,
    seal,
)
from publisher.model.states import Standing
from publisher.newsletter.notices import CorrectedArticle, compose_notice, obstacle
from publisher.pipeline.letters import frame, mail_tokens
from publisher.pipeline.links import Links
from publisher.pipeline.newsroom import Newsroom
from publisher.render.view import view
from publisher.store import articles, notice_ledger, notices
from publisher.store.notice_ledger import DueNotice

log = logging.getLogger(__name__)


def send_notices(
    newsroom: Newsroom,
    now: Callable[[], datetime],
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Progress]:
    """Send what is due, as editions are sent (`delivery.sender`), until nothing is.

    Raises UnreachableError if mail cannot leave now; what was not taken is pending.
    """
    with newsroom.store.read() as session:
        if not notice_ledger.is_work(session, now()):
            return
    ledger, writer = notice_ledger.ledger_of(new_name()), Writer(newsroom, now())
    yield from deliver(
        newsroom.store, ledger, writer.letter, newsroom.transport, now, stopping, newsroom.policy
    )


def _standing(one: DueNotice) -> Standing:
    state = one.subscription_state
    return Standing(SubscriberState(one.address_state), SubscriptionState(state) if state else None)


@dataclass(frozen=True, slots=True)
class Variant:
    """What notices have in common that are rendered once."""

    kind: NoticeKind
    list_name: str
    language: str
    format: str
    details: str

    @property
    def subject_matter(self) -> Mapping[str, Any]:
        """The details, as they were queued."""
        found: Mapping[str, Any] = json.loads(self.details)
        return found


class Writer:
    """Renders each variant once, and fills it in for reader after reader."""

    def __init__(self, newsroom: Newsroom, now: datetime) -> None:
        self._newsroom, self._now = newsroom, now
        self._links = Links(newsroom, now)
        self._tokens = mail_tokens(newsroom, now)
        self._templates: dict[Variant, message.Template] = {}
        self._broken: dict[Variant, str] = {}
        self._latest: dict[str, date | None] = {}

    def letter(self, one: DueNotice) -> Letter:
        """The letter for one row.

        Raises WithheldError where its reader is not to get it, NotYetError where its template is
        broken or its article unclean, and ValueError where it never can be.
        """
        kind = NoticeKind(one.kind)
        if reason := obstacle(kind, _standing(one)):
            raise WithheldError(reason)
        mailing_list = self._list(one.list_name)
        around = self._frame(kind, mailing_list)
        variant = Variant(
            kind,
            one.list_name,
            one.language or self._newsroom.config.language_of(mailing_list),
            one.format or "html",
            json.dumps(one.details, sort_keys=True),
        )
        token = self._tokens.notice(one.id, one.subscriber_id)
        leave = self._tokens.unsubscribe(one.list_name, one.subscriber_id)
        # A stranger may have typed the name: the mail that asks must not carry words of theirs.
        name = "" if kind is NoticeKind.CONFIRM else one.name
        key = message.message_id(token, around.domain)
        head = {
            message.TO: message.to_header(one.email, name),
            message.MESSAGE_ID: key,
            message.UNSUBSCRIBE_MAIL: message.unsubscribe_link(around, leave),
        }
        links = self._links.of_notice(one.handle, one.list_name, one.due)
        data = message.fill(self._template(variant, mailing_list, around), head, links)
        return Letter(key, around.return_path(token), message.wire(one.email), data)

    def _frame(self, kind: NoticeKind, one: MailingList) -> message.Frame:
        """That of the list; but who is asked, or has just left, has nothing to leave."""
        around = frame(self._newsroom, one)
        if kind in (NoticeKind.CONFIRM, NoticeKind.GOODBYE, NoticeKind.DATA):
            return replace(around, unsubscribe=message.Unsubscribe.NONE)
        return around

    def _list(self, name: str) -> MailingList:
        found = self._newsroom.config.list_named(name)
        if found is None:
            raise ValueError(f"the config has no list {name!r}")
        return found

    def _template(
        self, variant: Variant, one: MailingList, around: message.Frame
    ) -> message.Template:
        if variant in self._broken:
            raise NotYetError(self._broken[variant])
        if variant not in self._templates:
            try:
                self._templates[variant] = self._build(variant, one, around)
            except TemplateError as error:
                log.error("the %s mail of %s waits: %s", variant.kind, one.name, error)
                self._broken[variant] = str(error)
                raise NotYetError(str(error)) from error
        return self._templates[variant]

    def _build(self, variant: Variant, one: MailingList, around: message.Frame) -> message.Template:
        mail = compose_notice(
            variant.kind,
            one,
            variant.language,
            self._newsroom.templates,
            self._newsroom.config,
            latest=self._latest_edition(one.name),
            corrected=self._corrected(variant),
        )
        html = mail.html if variant.format == "html" else None
        return message.build(
            around,
            mail.subject,
            html,
            mail.text,
            self._now,
            language=variant.language,
            kind=variant.kind,
        )

    def _latest_edition(self, list_name: str) -> date | None:
        if list_name not in self._latest:
            with self._newsroom.store.read() as session:
                self._latest[list_name] = notices.latest_edition(session, list_name)
        return self._latest[list_name]

    def _corrected(self, variant: Variant) -> CorrectedArticle | None:
        if variant.kind is not NoticeKind.CORRECTION:
            return None
        details = variant.subject_matter
        with self._newsroom.store.read() as session:
            article = articles.by_ids(session, [details["article_id"]]).get(details["article_id"])
            if article is None:
                raise ValueError("the article is no longer stored")
            if not _is_clean(article):
                raise NotYetError("the article waits to be cleaned")
            shown = view(article, site=self._newsroom.config.site)
        return CorrectedArticle(shown, details["note"], details["kind"] == "retraction")


def _is_clean(article: Article) -> bool:
    """Whether the row is as the publisher left it; another program may have written to it."""
    try:
        return article.seal is not None and article.seal == seal(article.content)
    except ValueError:
        return False
