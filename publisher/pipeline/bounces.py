"""From a mailbox to the store: who is written to no more, since their mail came back.

A mail is written down before it is moved away, and known again by its id, so a crash in between
counts nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from publisher.delivery.bounces.mailboxes import Mailbox, MaildirMailbox
from publisher.delivery.bounces.reading import Finding, Meaning, read
from publisher.delivery.mail_tokens import TokenKind
from publisher.model import ReportKind
from publisher.pipeline.letters import mail_tokens
from publisher.pipeline.newsroom import Newsroom
from publisher.store import bounces
from publisher.store.bounces import Patience, Told
from publisher.store.engine import Session

# So many mails are written down in one transaction.
GROUP = 50


@dataclass(frozen=True, slots=True)
class Handled:
    """A mail that was read: what it means, about whom, and the states before and after it."""

    finding: Finding
    email: str = ""
    before: str = ""
    after: str = ""

    @property
    def changed(self) -> bool:
        """Whether it changed a subscriber's state."""
        return self.before != self.after


def mailbox_of(newsroom: Newsroom, url: str) -> Mailbox:
    """The mailbox at an address of the config, with its own folder for what is done."""
    bounces = newsroom.config.bounces
    if url.startswith("maildir:"):
        folder = newsroom.config.path(url.removeprefix("maildir:"))
        return MaildirMailbox(folder, bounces.processed)
    from publisher.delivery.bounces.imap import ImapMailbox  # it takes a while to load

    return ImapMailbox(url, bounces.processed)


def read_mailbox(
    newsroom: Newsroom,
    mailbox: Mailbox,
    now: Callable[[], datetime],
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Handled]:
    """Deal with the mails that wait in a mailbox; each as it is dealt with.

    What is about a mail of ours is moved away; all else is left. Raises MailboxError.
    """
    tokens = mail_tokens(newsroom, now())
    with mailbox:
        waiting = mailbox.waiting()
        while not stopping() and (group := list(islice(waiting, GROUP))):
            findings = [read(one.data, tokens) for one in group]
            with newsroom.store.write() as session:
                handled = [_handle(newsroom, session, one, now()) for one in findings]
            for one, finding in zip(group, findings, strict=True):
                if finding.is_ours:
                    mailbox.done(one.name)
            yield from handled


def take_mail(newsroom: Newsroom, data: bytes, now: datetime) -> Handled:
    """Deal with one mail."""
    finding = read(data, mail_tokens(newsroom, now))
    with newsroom.store.write() as session:
        return _handle(newsroom, session, finding, now)


def _handle(newsroom: Newsroom, session: Session, finding: Finding, now: datetime) -> Handled:
    if finding.token is None:
        return Handled(finding)
    email = bounces.address_of(session, finding.token.subscriber_id)
    told = _told(session, finding)
    if told is None:
        return Handled(finding, email)
    rules = newsroom.config.bounces
    patience = Patience(rules.soft_editions, rules.soft_days)
    report = bounces.record(session, told, patience, now)
    if report is None:
        return Handled(finding, email)
    return Handled(finding, email, report.before, report.after)


def _told(session: Session, finding: Finding) -> Told | None:
    """The finding as the store writes it down; None where it is nothing to be remembered."""
    token = finding.token
    if token is None or finding.meaning not in _REMEMBERED:
        return None
    list_name, edition_id = token.list_name, None
    if token.kind is TokenKind.EDITION:
        list_name, edition_id = bounces.list_of_edition(session, token.number), token.number
    elif token.kind is TokenKind.NOTICE:
        list_name = bounces.list_of_notice(session, token.number)
    return Told(
        ReportKind(finding.meaning),
        token.subscriber_id,
        list_name,
        edition_id,
        finding.mail,
        finding.status,
        finding.diagnostic,
    )


_REMEMBERED = frozenset(Meaning(kind) for kind in ReportKind)
