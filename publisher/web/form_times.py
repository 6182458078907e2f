"""When a form was made: a person needs some seconds to fill it in, a program none."""

from __future__ import annotations

from datetime import datetime, timedelta

from publisher.errors import LinkError
from publisher.model import KeyUse
from publisher.pipeline.newsroom import Newsroom
from publisher.store import keys
from publisher.tokens import Purpose, Scope, Tokens

SOONEST, LATEST = timedelta(seconds=2), timedelta(days=1)


class FormTimes:
    """Signs moments, with the key that all machines of a site share."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom

    def made(self, now: datetime) -> str:
        """The moment as a field of a form; empty as long as the site has no key (it gets its first
        with the first mail, and a GET makes none)."""
        tokens = self._tokens()
        return tokens.sign(Purpose.FORM, Scope(0, "", now)) if tokens else ""

    def is_human(self, field: str, now: datetime) -> bool:
        """Whether a form with that field was made by us, not just now, and not days ago."""
        tokens = self._tokens()
        if tokens is None:
            return True
        try:
            made = tokens.read(Purpose.FORM, field, now, LATEST).signed
        except LinkError:
            return False
        return made is not None and now - made >= SOONEST

    def _tokens(self) -> Tokens | None:
        with self._newsroom.store.read() as session:
            found = [key.secret for key in keys.valid(session, KeyUse.LINKS)]
        return Tokens(found) if found else None
