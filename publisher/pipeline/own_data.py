"""What a reader can do about all that is stored of them: ask for it, have it, have it erased.

A digest is passed on with its links, so a link in it only has another mail sent, to the address
itself; what that one leads to works for two days.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from publisher.model import NoticeKind, SubscriberState
from publisher.pipeline import forgetting, subscribing
from publisher.pipeline.links import reader_of
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.subscribing import Reader
from publisher.store import about, notices
from publisher.tokens import Purpose


def ask(newsroom: Newsroom, token: str, now: datetime) -> Reader:
    """Have a mail sent with a link to everything, at most one a day. Raises LinkError."""
    who = subscribing.look(newsroom, Purpose.PREFERENCES, token, now)
    with newsroom.store.write() as session:
        person, scope = reader_of(session, newsroom, Purpose.PREFERENCES, token, now)
        day = now.date().isoformat()
        notices.queue(session, NoticeKind.DATA, scope.list_name, [person.id], now, key=day)
    return who


def everything(newsroom: Newsroom, token: str, now: datetime) -> dict[str, Any]:
    """All that is stored about the reader of a link. Raises LinkError."""
    with newsroom.store.read() as session:
        person, _ = reader_of(session, newsroom, Purpose.DATA, token, now)
        return about.everything(session, person)


def erase(newsroom: Newsroom, token: str, now: datetime) -> Reader:
    """Forget the reader of a link for good. Raises LinkError, also the second time."""
    who = subscribing.look(newsroom, Purpose.DATA, token, now)
    if who.state != SubscriberState.ERASED:
        forgetting.erase(newsroom, who.email, now)
    return who
