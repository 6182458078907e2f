"""Joining and leaving by readers, and by the newsroom for them: each act is one transaction.

Whoever holds a link of a mail has read that mail, so a link proves whose act it is. Looking
(`look`) changes nothing, since mail scanners open links too; the acts are for POST.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from publisher.config import MailingList
from publisher.errors import ExpiredLinkError, UsageError
from publisher.model import Cause, NoticeKind, Subscriber, SubscriptionState
from publisher.pipeline.forgetting import known
from publisher.pipeline.links import reader_of, token_for
from publisher.pipeline.newsroom import Newsroom
from publisher.store import acts, notices, subscribers
from publisher.store.acts import act, standing
from publisher.store.engine import Session
from publisher.store.subscribers import Place, Wish
from publisher.tokens import Purpose


@dataclass(frozen=True, slots=True)
class Reader:
    """What a page shows to whoever has followed a link: their address on a list, and the choices
    made. `state` is one of the five that a list shows (`publisher.model.states`)."""

    email: str
    list_name: str
    state: str
    categories: tuple[str, ...]
    language: str | None
    timezone: str | None
    format: str


@dataclass(frozen=True, slots=True)
class Choices:
    """How a reader wants a list: checked by `publisher.newsletter.subscriptions.wish_of`."""

    categories: tuple[str, ...] = ()
    language: str | None = None
    timezone: str | None = None
    format: str = "html"


def sign_up(newsroom: Newsroom, one: MailingList, wish: Wish, now: datetime) -> None:
    """Somebody has typed an address into a form: ask by mail whether it was its owner.

    It says the same whoever is meant: an address that has asked within `ask_again_hours` gets no
    second mail, one that is on the list gets the welcome again, and one that has complained none.
    """
    with newsroom.store.write() as session:
        place = _place_for(session, one.name, wish, now)
        if place.subscription_state is SubscriptionState.PENDING:
            _choose(place, Choices(wish.categories, wish.language, wish.timezone, wish.format))
        _ask(session, newsroom, one, place, now)


def _place_for(session: Session, list_name: str, wish: Wish, now: datetime) -> Place:
    place = subscribers.places(session, list_name, [wish.email])[wish.email]
    if not standing(place).takes_confirmation:
        return place
    if place.subscriber is None:
        person = Subscriber(email=wish.email, name=wish.name)
        session.add(person)
        session.flush()
        place = Place(person, None, place.suppression)
    return act(session, list_name, place, Cause.SIGNED_UP, now)


def _ask(
    session: Session, newsroom: Newsroom, one: MailingList, place: Place, now: datetime
) -> bool:
    """Queue a confirm mail, or a welcome to who is on the list; whether one may be sent now."""
    where, person = standing(place), place.subscriber
    if person is None or not (where.takes_confirmation or where.gets_editions):
        return False
    kind = NoticeKind.WELCOME if where.gets_editions else NoticeKind.CONFIRM
    last = notices.last_due(session, kind, one.name, person.id)
    if last is not None and not _has_left_since(place, last):
        pause = timedelta(hours=newsroom.config.subscribers.ask_again_hours)
        if abs(now - last) < pause:  # also where the clock has jumped back
            return False
    notices.queue(session, kind, one.name, [person.id], now, key=now.isoformat())
    return True


def _has_left_since(place: Place, moment: datetime) -> bool:
    """Whether the reader has left after that: then they may want to come back at once."""
    found = place.subscription
    left = place.subscription_state is SubscriptionState.UNSUBSCRIBED
    return found is not None and left and found.since > moment


def ask_again(newsroom: Newsroom, one: MailingList, email: str, now: datetime) -> bool:
    """Send a pending address of a list another confirm mail; whether one may be sent now."""
    with newsroom.store.write() as session:
        place = subscribers.places(session, one.name, [email])[email]
        pending = place.subscription_state is SubscriptionState.PENDING
        return pending and _ask(session, newsroom, one, place, now)


def look(newsroom: Newsroom, purpose: Purpose, token: str, now: datetime) -> Reader:
    """Whom a link is for, and where they stand. Changes nothing. Raises LinkError."""
    with newsroom.store.read() as session:
        return _reader(*_linked(session, newsroom, purpose, token, now))


def confirm(newsroom: Newsroom, token: str, now: datetime) -> Reader:
    """The owner of the address says yes. Raises LinkError; a link from before they last left
    counts as expired."""
    with newsroom.store.write() as session:
        person, scope = reader_of(session, newsroom, Purpose.CONFIRM, token, now)
        place = subscribers.place_of(session, person, scope.list_name)
        found = place.subscription
        if found is None or scope.signed is None:
            raise ExpiredLinkError
        left = found.state == SubscriptionState.UNSUBSCRIBED
        if left and scope.signed < found.since.replace(microsecond=0):
            raise ExpiredLinkError
        place = act(session, scope.list_name, place, Cause.CONFIRMED, now)
        return _reader(scope.list_name, place)


def unsubscribe(
    newsroom: Newsroom, token: str, now: datetime, cause: Cause = Cause.UNSUBSCRIBE_LINK
) -> Reader:
    """The reader leaves the list, by a page's button, with one click (RFC 8058) or by mail.

    Again is the same. Raises LinkError.
    """
    return _by_link(newsroom, Purpose.UNSUBSCRIBE, token, cause, now)


def resubscribe(newsroom: Newsroom, token: str, now: datetime) -> Reader:
    """The reader, who had left, comes back. Raises LinkError."""
    return _by_link(newsroom, Purpose.RESUBSCRIBE, token, Cause.RESUBSCRIBED, now)


def way_back(newsroom: Newsroom, token: str, now: datetime) -> str:
    """The token that brings back who has just left the list by this one. Raises LinkError."""
    with newsroom.store.read() as session:
        _, scope = reader_of(session, newsroom, Purpose.UNSUBSCRIBE, token, now)
        return token_for(session, Purpose.RESUBSCRIBE, scope)


def prefer(newsroom: Newsroom, token: str, choices: Choices, now: datetime) -> Reader:
    """The reader chooses anew; from the next edition on. Raises LinkError."""
    with newsroom.store.write() as session:
        list_name, place = _linked(session, newsroom, Purpose.PREFERENCES, token, now)
        _choose(place, choices)
        return _reader(list_name, place)


def _by_link(
    newsroom: Newsroom, purpose: Purpose, token: str, cause: Cause, now: datetime
) -> Reader:
    with newsroom.store.write() as session:
        list_name, place = _linked(session, newsroom, purpose, token, now)
        return _reader(list_name, act(session, list_name, place, cause, now))


def _linked(
    session: Session, newsroom: Newsroom, purpose: Purpose, token: str, now: datetime
) -> tuple[str, Place]:
    person, scope = reader_of(session, newsroom, purpose, token, now)
    place = subscribers.place_of(session, person, scope.list_name)
    if place.subscription is None:
        raise ExpiredLinkError
    return scope.list_name, place


def _choose(place: Place, choices: Choices) -> None:
    found = place.subscription
    if found is None:
        return
    found.categories = list(choices.categories)
    found.language, found.timezone = choices.language, choices.timezone
    found.format = choices.format or found.format


def _reader(list_name: str, place: Place) -> Reader:
    person, found = place.subscriber, place.subscription
    if person is None or found is None:
        raise ExpiredLinkError
    return Reader(
        email=person.email,
        list_name=list_name,
        state=standing(place).shown,
        categories=tuple(found.categories),
        language=found.language,
        timezone=found.timezone,
        format=found.format,
    )


def unsubscribe_address(
    newsroom: Newsroom,
    email: str,
    list_name: str | None,
    cause: Cause,
    now: datetime,
    note: str = "",
) -> list[str]:
    """Take an address off a list, or off all with None: because its owner has written a mail
    (MAILTO) or the newsroom does it (TAKEN_OFF). The lists that it was on. Raises UsageError."""
    with newsroom.store.write() as session:
        person = known(session, email)
        left = []
        for found in subscribers.subscriptions_of(session, person.id):
            if list_name in (None, found.list_name):
                place = subscribers.place_of(session, person, found.list_name)
                before = standing(place)
                place = act(session, found.list_name, place, cause, now, note)
                left += [found.list_name] if standing(place) != before else []
        return left


def restore(
    newsroom: Newsroom, email: str, list_name: str | None, note: str, now: datetime
) -> list[str]:
    """The newsroom reverses what stopped the mail to an address (`publisher.store.acts.restore`).

    Raises UsageError where there is nothing to reverse, and for an address that was erased: only
    its owner can bring it back.
    """
    with newsroom.store.write() as session:
        person = known(session, email)
        restored = acts.restore(session, person, list_name, now, note)
        if not restored:
            lists = [one.list_name for one in subscribers.subscriptions_of(session, person.id)]
            raise UsageError(_nothing_to_restore(person.email, lists, list_name))
        return restored


def _nothing_to_restore(email: str, lists: list[str], list_name: str | None) -> str:
    if list_name is not None and list_name not in lists:
        return f"{email} has never been on {list_name}"
    if list_name is not None:
        return f"{email} has not left {list_name}"
    there = ", ".join(lists) or "none"
    return f"the mail to {email} was not stopped; name a list that it has left: --list ({there})"
