"""The variants of one edition: each composed once, kept in the store, and given to its readers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from publisher.config import MailingList
from publisher.model import Edition
from publisher.newsletter import calendar
from publisher.newsletter.compose import ComposedMail, Composer
from publisher.newsletter.variants import Variant, relevant
from publisher.pipeline import preflight
from publisher.pipeline.contents import composer_of
from publisher.pipeline.editions import default_variant
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.sequencer import mint_of
from publisher.store import edition_texts, readers
from publisher.store.edition_texts import Mail
from publisher.store.readers import Reader

# Categories (as JSON), language and format, as a subscription has them.
Choice = tuple[str, str | None, str]
# So many variants are composed before they are written down together.
AT_ONCE = 20


class Press:
    """Composes what is not composed yet, and remembers which variant is whose.

    `position` is the place in the change log that the text is from.
    """

    def __init__(
        self, newsroom: Newsroom, one: MailingList, edition: Edition, position: int | None = None
    ) -> None:
        self._newsroom, self._list, self._edition = newsroom, one, edition
        self._position = (edition.text_position or 0) if position is None else position
        with newsroom.store.read() as session:
            self._kept = edition_texts.variant_keys(session, edition.id)
        self._keys: dict[Choice, str | None] = {}
        self._moments: dict[str | None, datetime] = {}

    @cached_property
    def composer(self) -> Composer:
        """Composes variants of what the edition says now."""
        with self._newsroom.store.read() as session:
            return composer_of(self._newsroom, session, self._list, self._edition)

    def announce(self) -> None:
        """Settle what the edition is called; from then on it stands on the web.

        Raises TemplateError.
        """
        mail = self.composer.mail(default_variant(self._newsroom, self._list))
        with self._newsroom.store.write() as session:
            subject, mint = mail.subject if mail else "", mint_of(self._newsroom)
            edition_texts.set_subject(session, self._edition, self._list.title, subject, mint)

    def prepare(self, now: datetime) -> None:
        """Give every reader without one a row in the ledger, part by part. Raises TemplateError.

        Each variant is composed and looked over before its first row is written, and no letter
        leaves before the last row is: a broken template holds up the whole of an edition.
        """
        store, after = self._newsroom.store, 0
        while True:
            with store.write() as session:
                part = readers.without_row(session, self._edition, after)
                new = {_choice(reader) for reader in part} - self._keys.keys()
                if not new:
                    readers.add_rows(session, self._edition.id, self._rows(part), now)
                    if not part:
                        readers.prepared(session, self._edition.id, now)
                        return
                    after = part[-1].subscriber_id
            self.learn(new)  # not in the transaction, which others wait for

    def learn(self, choices: set[Choice]) -> None:
        """Find out which variant goes with each choice; compose those that are not composed yet."""
        variants = {choice: self._variant(choice) for choice in choices}
        full = self._compose({one for one in variants.values() if one is not None})
        for choice, variant in variants.items():
            self._keys[choice] = variant.key if variant in full and variant else None

    def mail(self, key: str) -> Mail | None:
        """A variant by its key; composed if it is not kept (any more). Raises TemplateError."""
        with self._newsroom.store.read() as session:
            kept = edition_texts.variant(session, self._edition.id, key)
        if kept is not None:
            return kept
        made = self.composer.mail(Variant.of(key))
        return _mail(made) if made else None

    def anew(self, keys: Iterable[str]) -> dict[str, str | None]:
        """Compose these variants from the present text: old key → new key, None if it is empty."""
        variants = {key: replace(Variant.of(key), position=self._position) for key in keys}
        full = self._compose(set(variants.values()))
        return {old: new.key if new in full else None for old, new in variants.items()}

    def _compose(self, variants: set[Variant]) -> set[Variant]:
        """Compose and keep those that are not kept; those that hold anything."""
        full = {one for one in variants if one.key in self._kept}
        new = iter(sorted(variants - full, key=lambda one: one.key))
        while part := list(islice(new, AT_ONCE)):
            made = {one: mail for one in part if (mail := self.composer.mail(one)) is not None}
            for mail in made.values():
                preflight.check(self._list.name, mail)
            with self._newsroom.store.write() as session:
                edition_texts.keep_variants(
                    session,
                    self._edition.id,
                    [(v.key, v.position, _mail(mail), mail.shown) for v, mail in made.items()],
                )
            full |= made.keys()
            self._kept |= {one.key for one in made}
        return full

    def _variant(self, choice: Choice) -> Variant | None:
        categories, language, form = choice
        which = relevant(json.loads(categories), self.composer.contents.paths)
        if which is None:
            return None
        language = language or self._newsroom.config.language_of(self._list)
        return Variant(which, language, form, self._position)

    def _rows(self, part: Sequence[Reader]) -> list[tuple[int, str, datetime]]:
        return [
            (reader.subscriber_id, key, self._moment(reader.timezone))
            for reader in part
            if (key := self._keys[_choice(reader)]) is not None
        ]

    def _moment(self, timezone: str | None) -> datetime:
        """When the copy of a reader in that zone may leave."""
        if timezone not in self._moments:
            self._moments[timezone] = self._edition.cut_at
            if self._list.subscriber_zones and (zone := _zone(timezone)):
                self._moments[timezone] = calendar.reader_moment(
                    self._edition.cut_at, self._list.send_at, zone
                )
        return self._moments[timezone]


def _choice(reader: Reader) -> Choice:
    return reader.categories, reader.language, reader.format


def _mail(made: ComposedMail) -> Mail:
    return Mail(made.subject, made.html, made.text)


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):  # the tz database has dropped it, or never had it
        return None
