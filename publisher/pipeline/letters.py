"""An edition as letters: each variant rendered once, then filled in for reader after reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlsplit

from publisher.config import MailingList
from publisher.delivery import message
from publisher.delivery.transport import Letter
from publisher.model import Edition, Subscription
from publisher.newsletter.compose import ComposedMail, Variant
from publisher.newsletter.compose import compose as compose_mail
from publisher.pipeline.newsroom import Newsroom
from publisher.render.view import ArticleView
from publisher.store.deliveries import Due


class Composer:
    """The variants of one edition, each rendered once whatever the number of its readers."""

    def __init__(
        self, newsroom: Newsroom, one: MailingList, day: date, views: Sequence[ArticleView]
    ) -> None:
        self._newsroom, self._list, self._day, self._views = newsroom, one, day, views
        self._mails: dict[Variant, ComposedMail | None] = {}

    def variant_of(self, subscription: Subscription) -> Variant:
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
    """Fills a variant's message in for one reader after the other."""

    def __init__(
        self, newsroom: Newsroom, one: MailingList, edition: Edition, composer: Composer
    ) -> None:
        self._composer, self._edition = composer, edition
        self._frame = frame(newsroom, one)
        self._templates: dict[str, message.Template] = {}

    def write(self, due: Due) -> Letter:
        """The letter for one row of the ledger."""
        key = message.message_id(self._edition.id, due.subscriber_id, self._frame.domain)
        head = {message.TO: message.to_header(due.email, due.name), message.MESSAGE_ID: key}
        data = message.fill(self._template(due.variant), head, links(self._frame))
        return Letter(key, self._frame.sender, due.email, data)

    def _template(self, key: str) -> message.Template:
        if key not in self._templates:
            variant = Variant.of(key)
            mail = self._composer.mail(variant)
            if mail is None:
                raise ValueError("nothing of this edition is left for this reader")
            html = mail.html if variant.format == "html" else None
            self._templates[key] = message.build(
                self._frame, mail.subject, html, mail.text, self._edition.cut_at
            )
        return self._templates[key]


def frame(newsroom: Newsroom, one: MailingList) -> message.Frame:
    """What every mail of the list has in common."""
    mail, site = newsroom.config.mail, newsroom.config.site
    return message.Frame(
        list_title=one.title,
        list_id=f"{one.name}.{urlsplit(site.url).hostname or 'localhost'}",
        sender=one.sender or mail.sender,
        sender_name=mail.sender_name or site.title,
        reply_to=one.reply_to or "",
        archive=f"{site.url}/editions/{one.name}/",
    )


def links(frame: message.Frame) -> dict[str, str]:
    """What stands for the markers in the body of a mail."""
    return {"@@UNSUBSCRIBE@@": message.unsubscribe_link(frame)}
