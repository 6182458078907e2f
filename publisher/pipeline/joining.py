"""Many people put on a list by the newsroom: with consent, or asked for it by mail.

Nobody who has left, bounced, complained or was erased comes back by this, whatever is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from publisher.config import MailingList
from publisher.model import (
    Cause,
    NoticeKind,
    Subscriber,
    SubscriberState,
    SubscriptionState,
)
from publisher.model.people import new_handle
from publisher.model.states import Standing
from publisher.pipeline.newsroom import Newsroom
from publisher.store import acts, articles, notices, subscribers, transitions
from publisher.store.acts import standing
from publisher.store.engine import Session
from publisher.store.subscribers import Place, Wish


class Joined(Enum):
    """What became of an address that was to be put on a list."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEFT = "left alone"  # it has left, bounced, complained or was erased


@dataclass(frozen=True, slots=True)
class Origin:
    """Where people come from. `consent` says where their consent does, if they have given it;
    `name` is the file or the command."""

    name: str
    consent: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done about one wish: where its address stood, where it will, and why."""

    wish: Wish
    place: Place
    before: Standing
    after: Standing
    cause: Cause

    @property
    def is_left_alone(self) -> bool:
        """Whether a wish to be on the list is not heard, since the address is not to be had."""
        if self.place.suppression is not None:
            return True  # not even its spelling is written down again
        if self.cause not in (Cause.ADDED, Cause.CONSENT) or self.before != self.after:
            return False
        left = self.before.subscription is SubscriptionState.UNSUBSCRIBED
        return left or self.before.address is not SubscriberState.DELIVERABLE


def decide(wish: Wish, place: Place, origin: Origin) -> Step:
    """What is to be done about a wish. Pure."""
    before = standing(place)
    cause = _cause(wish.state, origin)
    return Step(wish, place, before, before.after(cause), cause)


# A state that another program had somebody in stays with them, but for a yes without proof.
_KEPT: dict[str, Cause] = {
    SubscriptionState.PENDING: Cause.ADDED,
    SubscriptionState.UNSUBSCRIBED: Cause.TAKEN_OFF,
    SubscriberState.BOUNCED: Cause.BOUNCED,
    SubscriberState.COMPLAINED: Cause.COMPLAINED,
}


def _cause(state: str, origin: Origin) -> Cause:
    return _KEPT.get(state, Cause.CONSENT if origin.consent else Cause.ADDED)


def join(
    session: Session,
    list_name: str,
    wishes: Sequence[Wish],
    origin: Origin,
    now: datetime,
    *,
    dry: bool = False,
) -> list[Joined]:
    """Put addresses, all of them different, on a list; one outcome for each.

    With consent they are active at once, else pending, and a confirm mail is queued for those who
    are new. With `dry` nothing is written.
    """
    places = subscribers.places(session, list_name, [wish.email for wish in wishes])
    steps = [decide(wish, places[wish.email], origin) for wish in wishes]
    outcomes = [_outcome(step) for step in steps]
    if not dry:
        _write(session, list_name, steps, origin, now)
    return outcomes


def _outcome(step: Step) -> Joined:
    if step.is_left_alone:
        return Joined.LEFT
    place = step.place
    if place.subscriber is None or (place.subscription is None and step.after.subscription):
        return Joined.NEW
    changed = step.before != step.after or (place.subscription is not None and _differs(step))
    return Joined.CHANGED if changed else Joined.UNCHANGED


def _differs(step: Step) -> bool:
    """Whether the wish says anything else than is stored."""
    person, found = step.place.subscriber, step.place.subscription
    return any(
        value != getattr(person if name == "name" else found, name)
        for name, value in _wanted(step.wish).items()
    )


def _wanted(wish: Wish) -> dict[str, Any]:
    """What the wish does say."""
    wanted = {
        "name": wish.name, "categories": list(wish.categories), "language": wish.language,
        "timezone": wish.timezone, "format": wish.format,
    }  # fmt: skip
    return {name: value for name, value in wanted.items() if value}


def _write(
    session: Session, list_name: str, steps: Sequence[Step], origin: Origin, now: datetime
) -> None:
    heard = [step for step in steps if not step.is_left_alone]
    ids = _people(session, heard)
    fresh: list[dict[str, Any]] = []
    log: list[dict[str, Any]] = []
    asked: list[int] = []
    for step in heard:
        number, person = ids[step.wish.email], step.place.subscriber
        if person is not None and step.cause in (Cause.BOUNCED, Cause.COMPLAINED):
            acts.stop(session, number, step.cause, now, origin.name)  # on all of its lists
            continue
        if person is not None:
            _update(step, person, now)
        if step.place.subscription is None and step.after.subscription is not None:
            fresh.append(_subscription(list_name, number, step, now))
        log += _log(list_name, number, step, origin, now)
        if step.cause is Cause.ADDED and step.before != step.after:
            asked.append(number)
    subscribers.subscribe(session, fresh)
    transitions.add(session, log)
    notices.queue(session, NoticeKind.CONFIRM, list_name, asked, now, key=now.isoformat())


def _people(session: Session, steps: Sequence[Step]) -> dict[str, int]:
    """Ids by address, of those who were there and of those who are new."""
    new = [
        {
            "email": step.wish.email, "name": step.wish.name, "state": step.after.address,
            "handle": new_handle(),
        }
        for step in steps
        if step.place.subscriber is None
    ]  # fmt: skip
    known = {s.place.subscriber.email: s.place.subscriber.id for s in steps if s.place.subscriber}
    return known | subscribers.create(session, new)


def _subscription(list_name: str, subscriber_id: int, step: Step, now: datetime) -> dict[str, Any]:
    wish = step.wish
    return {
        "list": list_name, "subscriber_id": subscriber_id, "state": step.after.subscription,
        "since": now, "categories": list(wish.categories), "language": wish.language,
        "timezone": wish.timezone, "format": wish.format or "html",
    }  # fmt: skip


def _update(step: Step, person: Subscriber, now: datetime) -> None:
    found = step.place.subscription
    for name, value in _wanted(step.wish).items():
        target = person if name == "name" else found
        if target is not None and getattr(target, name) != value:
            setattr(target, name, value)
    if found is not None and step.after != step.before:
        found.state, found.since = str(step.after.subscription), now


def _log(
    list_name: str, subscriber_id: int, step: Step, origin: Origin, now: datetime
) -> Iterator[dict[str, Any]]:
    note = origin.consent if step.cause is Cause.CONSENT else origin.name
    log = {"subscriber_id": subscriber_id, "at": now, "cause": step.cause, "note": note}
    before, after = step.before, step.after
    if after.address != before.address:
        yield {**log, "list": "", "before": before.address, "after": after.address}
    if after.subscription != before.subscription:
        states = {"before": before.subscription or "", "after": after.subscription or ""}
        yield {**log, "list": list_name, **states}


def known_categories(newsroom: Newsroom, one: MailingList) -> frozenset[str]:
    """The paths of the categories that readers of a list can choose: those of the list, and what
    is below them; all of the newsroom's, where the list carries all."""
    with newsroom.store.read() as session:
        paths = articles.category_paths(session)
    if not one.categories:
        return frozenset(paths)
    below = tuple(f"{path}/" for path in one.categories)
    return frozenset(one.categories) | {path for path in paths if path.startswith(below)}
