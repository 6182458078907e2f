"""The mails that are no editions, from their ledger to the inboxes, by the clock's tick."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from publisher.config import MailingList
from publisher.delivery import message
from publisher.delivery.mail_tokens import MailTokens
from publisher.delivery.smtp.replies import Reply
from publisher.delivery.transport import Answer, Fate, Letter, Outlet
from publisher.errors import TemplateError
from publisher.model import (
    Article,
    DeliveryState,
    NoticeKind,
    SubscriberState,
    SubscriptionState,
    seal,
)
from publisher.model.states import Standing
from publisher.newsletter.notices import CorrectedArticle, compose_notice, obstacle
from publisher.pipeline.letters import frame
from publisher.pipeline.links import Links
from publisher.pipeline.newsroom import Newsroom
from publisher.render.view import view
from publisher.store import articles, mail_keys, notices
from publisher.store.notices import DueNotice, NoticeOutcome

log = logging.getLogger(__name__)

# So many notices, and no more, can be in doubt after a crash.
GROUP = 100
# Longer than any group takes: what has been "sending" longer was cut off by a crash.
LEASE = timedelta(minutes=15)
# While mails leave, how often to look whether to stop, in seconds.
LINGER = 0.2
# When a notice that was put off is tried again; after the last time it has failed.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (5, 30, 120, 480, 1440))


class NotYetError(Exception):
    """A notice that cannot be written now: its template is broken, or its article unclean."""


def send_notices(
    newsroom: Newsroom,
    now: Callable[[], datetime],
    stopping: Callable[[], bool] = lambda: False,
) -> Generator[Sequence[NoticeOutcome]]:
    """Send what is due, group by group, until nothing is or `stopping()` says so.

    A row is marked as being sent before its mail may leave, and its outcome is written after the
    answer. Raises UnreachableError if mail cannot leave now; what was not taken is pending.
    """
    with newsroom.store.read() as session:
        if not notices.is_work(session, now(), now() - LEASE):
            return
    with newsroom.store.write() as session:
        notices.doubt(session, now() - LEASE, now())
    writer, ready = Writer(newsroom, now()), dict[int, Letter]()
    with newsroom.transport.open(lambda one: ready[one.id]) as outlet:
        while not stopping():
            with newsroom.store.write() as session:
                due = notices.claim(session, GROUP, now())
            if not due:
                return
            outcomes = _write_all(writer, due, ready, now())
            outcomes |= _send_all(outlet, [one for one in due if one.id in ready], now, stopping)
            ready.clear()
            with newsroom.store.write() as session:
                notices.record(session, outcomes.values(), now())
            told = [outcomes[one.id] for one in due]
            yield [one for one in told if one.state is not DeliveryState.PENDING]
            if outlet.trouble is not None:
                raise outlet.trouble


def _write_all(
    writer: Writer, due: Sequence[DueNotice], ready: dict[int, Letter], now: datetime
) -> dict[int, NoticeOutcome]:
    """Write what can be sent into `ready`; what becomes of the others."""
    kept: dict[int, NoticeOutcome] = {}
    for one in due:
        reason = obstacle(NoticeKind(one.kind), _standing(one))
        try:
            if reason:
                kept[one.id] = NoticeOutcome(one.id, DeliveryState.SUPPRESSED, reason)
            else:
                ready[one.id] = writer.letter(one)
        except NotYetError as error:
            later = now + PAUSES[0]
            kept[one.id] = NoticeOutcome(one.id, DeliveryState.PENDING, str(error), later)
        except ValueError as error:  # no list, no article, an address that no header can hold
            kept[one.id] = NoticeOutcome(one.id, DeliveryState.FAILED, str(error))
    return kept


def _send_all(
    outlet: Outlet,
    due: Sequence[DueNotice],
    now: Callable[[], datetime],
    stopping: Callable[[], bool],
) -> dict[int, NoticeOutcome]:
    outlet.hand([(one, 0.0) for one in due])
    outcomes: dict[int, NoticeOutcome] = {}
    while len(outcomes) < len(due):
        if stopping():
            outlet.recall()
        for answer in outlet.collect(len(due) - len(outcomes), LINGER):
            outcomes[answer.item.id] = _judged(answer, now())
    return outcomes


def _judged(answer: Answer, now: datetime) -> NoticeOutcome:
    one: DueNotice = answer.item
    if answer.fate is Fate.REFUSED and answer.reply is not None:
        return _refused(one, answer.reply, now)
    said = answer.reply.text if answer.reply is not None else answer.said
    return NoticeOutcome(one.id, _STATES[answer.fate], said)


_STATES = {
    Fate.TAKEN: DeliveryState.ACCEPTED,
    Fate.UNFIT: DeliveryState.FAILED,
    Fate.KEPT: DeliveryState.PENDING,
    Fate.LOST: DeliveryState.UNCERTAIN,
}


def _refused(one: DueNotice, reply: Reply, now: datetime) -> NoticeOutcome:
    if reply.permanent or one.attempts >= len(PAUSES):
        return NoticeOutcome(one.id, DeliveryState.FAILED, reply.text)
    return NoticeOutcome(one.id, DeliveryState.DEFERRED, reply.text, now + PAUSES[one.attempts])


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
        key, *_ = mail_keys.all_keys(newsroom.store)
        self._tokens = MailTokens([key])
        self._templates: dict[Variant, message.Template] = {}
        self._broken: dict[Variant, str] = {}
        self._latest: dict[str, date | None] = {}

    def letter(self, one: DueNotice) -> Letter:
        """The letter for one row. Raises NotYetError, or ValueError where it never can be."""
        kind, mailing_list = NoticeKind(one.kind), self._list(one.list_name)
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
        if kind in (NoticeKind.CONFIRM, NoticeKind.GOODBYE):
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
