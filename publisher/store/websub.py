"""What of the feeds was announced, and which callbacks are still to be sent it by our hub."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    ScalarSelect,
    Update,
    case,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from publisher.model import Hub, HubSubscription, Ping, Topic, UtcDateTime

PART = 400
# Wakes up who sends; the tables are the truth.
CHANNEL = "publisher_websub"
# Due at once, also after the machine's clock has jumped back.
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
# What is loaded in the session is not asked whether an update concerns it.
UNSEEN: dict[str, Any] = {"execution_options": {"synchronize_session": False}}
NO_TROUBLE: dict[str, Any] = {"attempts": 0, "failing_since": None, "answer": ""}


@dataclass(frozen=True, slots=True)
class Try:
    """What became of a try that failed: how often and since when it has, and when it is tried
    again (None: not any more)."""

    again: datetime | None
    attempts: int
    failing_since: datetime | None
    answer: str


@dataclass(frozen=True, slots=True)
class Push:
    """One document that is due to one callback; ours to send until `until`, once it is claimed."""

    id: int
    topic: str
    callback: str
    host: str
    secret: str | None = field(repr=False)
    sent: str | None
    attempts: int
    failing_since: datetime | None
    sha256: str
    until: datetime | None = None


def announce(session: Session, documents: Mapping[str, str], hubs: Collection[str]) -> int:
    """Note who is to be told of these live documents (path → SHA-256), where they have changed.

    How many have. A callback that is being sent an earlier state, or whose next try is later, gets
    the newest then.
    """
    changed = _changed(session, documents)
    for start in range(0, len(changed), PART):
        part = changed[start : start + PART]
        session.execute(delete(Topic).where(Topic.path.in_(part)))
        session.execute(insert(Topic), [{"path": p, "sha256": documents[p]} for p in part])
        waiting = update(HubSubscription).where(HubSubscription.topic.in_(part))
        session.execute(waiting.where(HubSubscription.due.is_(None)).values(due=AT_ONCE))
        if hubs:
            session.execute(delete(Ping).where(Ping.topic.in_(part), Ping.hub.in_(hubs)))
            session.execute(insert(Ping), [{"hub": h, "topic": p} for p in part for h in hubs])
    if changed:
        _ensure_hubs(session, hubs)
        wake(session)
    return len(changed)


def _changed(session: Session, documents: Mapping[str, str]) -> list[str]:
    known: dict[str, str] = {}
    paths = list(documents)
    for start in range(0, len(paths), PART):
        query = select(Topic.path, Topic.sha256).where(Topic.path.in_(paths[start : start + PART]))
        known |= {row[0]: row[1] for row in session.execute(query)}
    return [path for path, sha256 in documents.items() if known.get(path) != sha256]


def _ensure_hubs(session: Session, hubs: Collection[str]) -> None:
    known = set(session.scalars(select(Hub.url).where(Hub.url.in_(hubs))))
    session.add_all(Hub(url=url, due=AT_ONCE) for url in hubs if url not in known)


def wake(session: Session) -> None:
    """Tell whoever waits, once this transaction is committed (SQLite needs no telling)."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))


def subscription(session: Session, topic: str, callback: str) -> HubSubscription | None:
    """What a callback has subscribed to."""
    query = select(HubSubscription).where(
        HubSubscription.topic == topic, HubSubscription.callback == callback
    )
    return session.scalar(query)


def _is_due(
    now: datetime, busy: Collection[str], callback: str | None
) -> list[ColumnElement[bool]]:
    found = [
        HubSubscription.due <= now,
        HubSubscription.expires > now,
        HubSubscription.host.not_in(busy),
    ]
    return [*found, HubSubscription.callback == callback] if callback else found


def is_anything_due(
    session: Session, now: datetime, *, busy: Collection[str] = (), callback: str | None = None
) -> bool:
    """Whether any callback (or that one) is to be sent something now, but for `busy` hosts."""
    query = select(HubSubscription.id).where(*_is_due(now, busy, callback))
    return session.scalar(query.limit(1)) is not None


def due(
    session: Session,
    now: datetime,
    limit: int,
    *,
    busy: Collection[str] = (),
    callback: str | None = None,
) -> list[Push]:
    """What is due, longest waiting first, without the hosts that are `busy`; `claim` makes it ours.

    A callback that has got the newest state in the meantime is due nothing any more.
    """
    session.execute(
        update(HubSubscription)
        .where(HubSubscription.due <= now, HubSubscription.sent == _current())
        .values(due=None, **NO_TROUBLE),
        **UNSEEN,
    )
    query = (
        select(HubSubscription, Topic.sha256)
        .join(Topic, Topic.path == HubSubscription.topic)
        .where(*_is_due(now, busy, callback))
        .order_by(HubSubscription.due, HubSubscription.id)
        .limit(limit)
    )
    return [
        Push(
            one.id, one.topic, one.callback, one.host, one.secret, one.sent, one.attempts,
            one.failing_since, sha256,
        )
        for one, sha256 in session.execute(query)
    ]  # fmt: skip


def _current() -> ScalarSelect[str]:
    return select(Topic.sha256).where(Topic.path == HubSubscription.topic).scalar_subquery()


def claim(session: Session, pushes: Collection[Push], until: datetime) -> list[Push]:
    """Keep everybody else from sending these until then."""
    ids = [push.id for push in pushes]
    session.execute(
        update(HubSubscription).where(HubSubscription.id.in_(ids)).values(due=until), **UNSEEN
    )
    return [replace(push, until=until) for push in pushes]


def delivered(session: Session, push: Push, sha256: str, later: datetime | None = None) -> None:
    """The callback has the document of this SHA-256. If the topic has changed again, that is due
    `later` (at once, if not said)."""
    following = literal(later or AT_ONCE, UtcDateTime())
    values = {"sent": sha256, "due": case((_current() == sha256, null()), else_=following)}
    session.execute(_ours(push).values(**values, **NO_TROUBLE), **UNSEEN)


def put_off(session: Session, push: Push, later: datetime) -> None:
    """Send it later; it has not been tried."""
    session.execute(_ours(push).values(due=later))


def failed(session: Session, push: Push, tried: Try) -> None:
    """It did not arrive; `tried` says when it is tried again, if it is."""
    session.execute(
        _ours(push).values(
            due=tried.again,
            attempts=tried.attempts,
            failing_since=tried.failing_since,
            answer=tried.answer,
        )
    )


def _ours(push: Push) -> Update:
    """The row, if it is still ours: who took too long has lost it to another, or to its end."""
    return update(HubSubscription).where(
        HubSubscription.id == push.id, HubSubscription.due == push.until
    )


def move(session: Session, moves: Mapping[str, str]) -> None:
    """Let subscribers go along with documents whose address has changed (old path → new path).

    A callback that has subscribed to the new one already keeps that. Two documents may change
    places, so all leave their addresses before any takes another.
    """
    for old, new in moves.items():
        _rename(session, old, f"~{new}")
    for new in moves.values():
        there = select(HubSubscription.callback).where(HubSubscription.topic == new)
        both = HubSubscription.callback.in_(there.scalar_subquery())
        leaving = HubSubscription.topic == f"~{new}"
        session.execute(delete(HubSubscription).where(leaving, both), **UNSEEN)
        _rename(session, f"~{new}", new)


def _rename(session: Session, old: str, new: str) -> None:
    query = update(HubSubscription).where(HubSubscription.topic == old).values(topic=new)
    session.execute(query, **UNSEEN)


def end(session: Session, subscriptions: Iterable[int]) -> None:
    """End subscriptions."""
    ids = list(subscriptions)
    for start in range(0, len(ids), PART):
        part = ids[start : start + PART]
        session.execute(delete(HubSubscription).where(HubSubscription.id.in_(part)))


def topics(session: Session) -> Sequence[str]:
    """Every topic that somebody has subscribed to."""
    return session.scalars(select(HubSubscription.topic).distinct()).all()


def of_topic(session: Session, topic: str) -> Sequence[HubSubscription]:
    """All subscriptions to a topic."""
    return session.scalars(select(HubSubscription).where(HubSubscription.topic == topic)).all()


def expire(session: Session, now: datetime) -> int:
    """Remove the subscriptions whose lease has ended; how many."""
    over = delete(HubSubscription).where(HubSubscription.expires <= now)
    return cast(CursorResult[Any], session.execute(over)).rowcount


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand with our subscribers: how many there are, for how many something waits,
    and which do not take what they are sent."""

    subscriptions: int
    waiting: int
    troubled: list[HubSubscription]


def standing(session: Session, now: datetime) -> Standing:
    """Count them, and name those in trouble."""
    active = HubSubscription.expires > now
    number, waiting = session.execute(
        select(func.count(), func.count(HubSubscription.due)).where(active)
    ).one()
    troubled = select(HubSubscription).where(active, HubSubscription.answer != "")
    return Standing(number, waiting, list(session.scalars(troubled.order_by(HubSubscription.id))))
