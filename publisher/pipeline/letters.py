"""An edition as letters: each variant built once, then filled in for reader after reader."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import uuid4

from publisher.config import MailingList
from publisher.delivery import message
from publisher.delivery.mail_tokens import MailTokens
from publisher.delivery.transport import Letter, hand_over
from publisher.errors import UsageError
from publisher.model import Edition, KeyUse
from publisher.newsletter.addresses import normalised
from publisher.newsletter.compose import ComposedMail
from publisher.newsletter.variants import Variant
from publisher.pipeline.links import Links, example
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.press import Press
from publisher.store import keys
from publisher.store.deliveries import Due

ONE_CLICK = message.Unsubscribe.ONE_CLICK

# So many variants are kept ready to be filled in; a hundred kilobytes each.
TEMPLATES = 500


class Letters:
    """Fills a variant's message in for one reader after the other, each with tokens of its own."""

    def __init__(
        self, newsroom: Newsroom, one: MailingList, edition: Edition, press: Press
    ) -> None:
        self._press, self._edition = press, edition
        self._edition_id, self._list_name = edition.id, edition.list_name
        self._frame = frame(newsroom, one)
        self._tokens = mail_tokens(newsroom, edition.cut_at)
        self._links = Links(newsroom, edition.cut_at)
        self._template = lru_cache(TEMPLATES)(self._built)

    def write(self, due: Due) -> Letter:
        """The letter for one row of the ledger."""
        around, who = self._frame, due.subscriber_id
        token = self._tokens.edition(self._edition_id, who)
        leave = self._tokens.unsubscribe(self._list_name, who)
        key = message.message_id(token, around.domain)
        head = {
            message.TO: message.to_header(due.email, due.name),
            message.MESSAGE_ID: key,
            message.UNSUBSCRIBE_MAIL: message.unsubscribe_link(around, leave),
        }
        data = message.fill(self._template(due.variant), head, self.links(due))
        return Letter(key, around.return_path(token), message.wire(due.email), data)

    def links(self, due: Due) -> dict[str, str]:
        """What stands for the markers of a mail to this reader."""
        return self._links.of(due.handle, self._list_name)

    def _built(self, key: str) -> message.Template:
        mail = self._press.mail(key)
        if mail is None:
            raise ValueError("nothing of this edition is left for this reader")
        html = mail.html if Variant.of(key).format == "html" else None
        return message.build(
            self._frame,
            mail.subject,
            html,
            mail.text,
            self._edition.cut_at,
            language=Variant.of(key).language,
            campaign=self._edition.local_date.isoformat(),
        )


def proof(
    newsroom: Newsroom, one: MailingList, mail: ComposedMail, email: str, now: datetime
) -> str:
    """Mail what an edition would say to one address, outside of the ledger; the server's answer.

    Raises UsageError where it is no address, DeliveryError where mail cannot leave.
    """
    try:
        address = normalised(email)
    except ValueError as error:
        raise UsageError(f"{email!r} is no address: {error}") from None
    around = frame(newsroom, one)
    built = message.build(around, f"[Preview] {mail.subject}", mail.html, mail.text, now)
    key = message.message_id(uuid4().hex, around.domain)  # each proof is another mail
    head = {
        message.TO: address,
        message.MESSAGE_ID: key,
        message.UNSUBSCRIBE_MAIL: message.unsubscribe_link(around),
    }
    data = message.fill(built, head, example(newsroom))
    letter = Letter(key, around.sender, message.wire(address), data)
    return hand_over(newsroom.transport, letter)


def mail_tokens(newsroom: Newsroom, now: datetime) -> MailTokens:
    """What the tokens of the site's mails are made with, and known by."""
    lists = [one.name for one in newsroom.config.lists]
    return MailTokens(keys.secrets_of(newsroom.store, KeyUse.MAILS, now), lists)


def list_id(newsroom: Newsroom, one: MailingList) -> str:
    """The name by which mail programs know the list (RFC 2919)."""
    host = urlsplit(newsroom.config.site.url).hostname or "localhost"
    return f"{one.name}.{message.wire(f'x@{host}').partition('@')[2]}"


def frame(newsroom: Newsroom, one: MailingList) -> message.Frame:
    """What every mail of the list has in common."""
    mail, site = newsroom.config.mail, newsroom.config.site
    return message.Frame(
        list_title=one.title,
        list_id=list_id(newsroom, one),
        sender=one.sender or mail.sender,
        sender_name=mail.sender_name or site.title,
        reply_to=one.reply_to or "",
        archive=f"{site.url}/editions/{one.name}/",
        bounces=mail.bounce_address,
        delimiter=mail.bounce_delimiter,
        signer=newsroom.signer,
        # One click must not be seen on its way (RFC 8058, section 3.1), so it needs https.
        unsubscribe=ONE_CLICK if site.url.startswith("https://") else message.Unsubscribe.WEB,
    )
