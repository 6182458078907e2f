"""The personal links of mails: whom they are for is in a signed token (`publisher.tokens`)."""

from __future__ import annotations

from datetime import datetime, timedelta

from publisher.errors import BadLinkError
from publisher.model import KeyUse, Subscriber
from publisher.pipeline.newsroom import Newsroom
from publisher.store import keys, subscribers
from publisher.store.engine import Session
from publisher.tokens import Purpose, Scope, Tokens

# What stands in templates → what it is good for, and under which address of the site.
MARKERS = {
    "@@UNSUBSCRIBE@@": (Purpose.UNSUBSCRIBE, "unsubscribe"),
    "@@PREFERENCES@@": (Purpose.PREFERENCES, "preferences"),
}
NOTICE_MARKERS = {
    **MARKERS,
    "@@CONFIRM@@": (Purpose.CONFIRM, "confirm"),
    "@@RESUBSCRIBE@@": (Purpose.RESUBSCRIBE, "subscribe"),
    "@@DATA@@": (Purpose.DATA, "data"),
}
EXAMPLE = "example"
# What leads to all that is stored about somebody should not lie about in a mailbox.
DATA_AGE = timedelta(days=2)


class Links:
    """Makes the links of letter after letter; open it anew for each edition, since keys change."""

    def __init__(self, newsroom: Newsroom, now: datetime) -> None:
        self._tokens = Tokens(keys.secrets_of(newsroom.store, KeyUse.LINKS, now))
        self._site = newsroom.config.site.url

    def of(self, handle: int, list_name: str) -> dict[str, str]:
        """What stands for the markers of an edition's mail to that subscriber."""
        return self._addresses(MARKERS, Scope(handle, list_name))

    def of_notice(self, handle: int, list_name: str, signed: datetime) -> dict[str, str]:
        """The same for the other mails; a confirm link is good for some days after `signed`."""
        return self._addresses(NOTICE_MARKERS, Scope(handle, list_name, signed))

    def _addresses(self, markers: dict[str, tuple[Purpose, str]], scope: Scope) -> dict[str, str]:
        return {
            marker: f"{self._site}/{folder}/{self._tokens.sign(purpose, scope)}"
            for marker, (purpose, folder) in markers.items()
        }


def token_for(session: Session, purpose: Purpose, scope: Scope) -> str:
    """A token to be put on a page that a link has led to, so there is a key."""
    found = keys.valid(session, KeyUse.LINKS)
    return Tokens([key.secret for key in found]).sign(purpose, scope)


def example(newsroom: Newsroom) -> dict[str, str]:
    """Addresses that stand for the markers in a preview, which is for nobody."""
    site = newsroom.config.site.url
    return {marker: f"{site}/{folder}/{EXAMPLE}" for marker, (_, folder) in MARKERS.items()}


def reader_of(
    session: Session, newsroom: Newsroom, purpose: Purpose, token: str, now: datetime
) -> tuple[Subscriber, Scope]:
    """The subscriber that a link is for. Raises LinkError."""
    found = keys.valid(session, KeyUse.LINKS)
    if not found:
        raise BadLinkError
    age = good_for(newsroom, purpose)
    scope = Tokens([key.secret for key in found]).read(purpose, token, now, age)
    person = subscribers.by_handle(session, scope.handle)
    if person is None:
        raise BadLinkError
    return person, scope


def good_for(newsroom: Newsroom, purpose: Purpose) -> timedelta | None:
    """How long a link works after it was made; None for one that does as long as its key."""
    if purpose is Purpose.CONFIRM:
        return timedelta(days=newsroom.config.subscribers.confirm_days)
    return DATA_AGE if purpose is Purpose.DATA else None
