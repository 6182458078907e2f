"""An edition as letters: each variant rendered once, then filled in for reader after reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlsplit

from publisher.config import MailingList
from publisher.delivery import message
from publisher.delivery.mail_tokens import MailTokens
from publisher.delivery.transport import Letter
from publisher.model import Edition
from publisher.newsletter.compose import ComposedMail, Variant
from publisher.newsletter.compose import compose as compose_mail
from publisher.pipeline.links import Links
from publisher.pipeline.newsroom import Newsroom
from publisher.render.view import ArticleView
from publisher.store import mail_keys
from publisher.store.deliveries import Due
from publisher.store.subscribers import Recipient

ONE_CLICK = message.Unsubscribe.ONE_CLICK


class Composer:
    """The variants of one edition, each rendered once whatever the number of its readers."""

    def __init__(
        self, newsroom: Newsroom, one: MailingList, day: date, views: Sequence[ArticleView]
    ) -> None:
        self._newsroom, self._list, self._day, self._views = newsroom, one, day, views
        self._mails: dict[Variant, ComposedMail | None] = {}

    def variant_of(self, subscription: Recipient) -> Variant:
        """The variant that a subscription gets."""
        return Variant(
            categories=tuple(sorted(subscription.categories)),
            language=subscription.language or self._newsroom.config.language_of(self._list),
            format=subscription.format,
        )

    @property
    def default(self) -> Variant:
        """The variant of a reader who has chosen nothing."""
        return Variant((), self._newsroom.config.language_of(self._list), "html")

    def mail(self, variant: Variant) -> ComposedMail | None:
        """The rendered mail, or None where the variant holds nothing."""
        if variant not in self._mails:
            self._mails[variant] = compose_mail(
                self._list,
                self._day,
                self._views,
                variant,
                self._newsroom.templates,
                self._newsroom.config,
            )
        return self._mails[variant]


class Letters:
    """Fills a variant's message in for one reader after the other, each with tokens of its own."""

    def __init__(
        self, newsroom: Newsroom, one: MailingList, edition: Edition, composer: Composer
    ) -> None:
        self._composer, self._edition, self._list = composer, edition, one
        self._frame = frame(newsroom, one)
        self._key, *_ = mail_keys.all_keys(newsroom.store)
        self._tokens = MailTokens([self._key])
        self._links = Links(newsroom, edition.cut_at)
        self._templates: dict[str, message.Template] = {}

    def write(self, due: Due) -> Letter:
        """The letter for one row of the ledger."""
        who, made = due.subscriber_id, self._edition.id
        leave = message.unsubscribe_link(
            self._frame, self._tokens.unsubscribe(self._list.name, who)
        )
        key = message.message_id(made, who, self._frame.domain, self._key)
        head = {
            message.TO: message.to_header(due.email, due.name),
            message.MESSAGE_ID: key,
            message.UNSUBSCRIBE_MAIL: leave,
        }
        data = message.fill(self._template(due.variant), head, self.links(due))
        sender = self._frame.return_path(self._tokens.edition(made, who))
        return Letter(key, sender, message.wire(due.email), data)

    def links(self, due: Due) -> dict[str, str]:
        """What stands for the markers of a mail to this reader."""
        return self._links.of(due.handle, self._edition.list_name)

    def _template(self, key: str) -> message.Template:
        if key not in self._templates:
            variant = Variant.of(key)
            mail = self._composer.mail(variant)
            if mail is None:
                raise ValueError("nothing of this edition is left for this reader")
            html = mail.html if variant.format == "html" else None
            self._templates[key] = message.build(
                self._frame,
                mail.subject,
                html,
                mail.text,
                self._edition.cut_at,
                language=variant.language,
                campaign=self._edition.local_date.isoformat(),
            )
        return self._templates[key]


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
