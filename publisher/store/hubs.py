"""Hubs elsewhere: what they are still to be told, and when they may be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Update, delete, exists, func, select, update
from sqlalchemy.orm import Session

from publisher.model import Hub, Ping
from publisher.store.websub import AT_ONCE, NO_TROUBLE, Try


@dataclass(frozen=True, slots=True)
class HubStanding:
    """How things stand with one hub: of how many changed feeds it does not know yet, and why."""

    hub: Hub
    waiting: int


def _is_due(hubs: Collection[str], now: datetime) -> list[ColumnElement[bool]]:
    return [Hub.url.in_(hubs), Hub.due <= now, exists().where(Ping.hub == Hub.url)]


def is_anything_due(session: Session, hubs: Collection[str], now: datetime) -> bool:
    """Whether one of these hubs is to be told something now."""
    return session.scalar(select(Hub.url).where(*_is_due(hubs, now)).limit(1)) is not None


def claim(session: Session, hubs: Collection[str], now: datetime, until: datetime) -> Sequence[Hub]:
    """Those of these hubs that are to be told something now; nobody else tells them `until`."""
    found = session.scalars(select(Hub).where(*_is_due(hubs, now))).all()
    for hub in found:
        hub.due = until
    return found


def pings(session: Session, hub: str, limit: int) -> Sequence[Ping]:
    """What a hub is to be told, oldest first."""
    return session.scalars(select(Ping).where(Ping.hub == hub).order_by(Ping.id).limit(limit)).all()


def told(session: Session, hub: str, until: datetime, ids: Collection[int]) -> None:
    """The hub knows of these; what has changed again since then has a new row, and stays."""
    session.execute(delete(Ping).where(Ping.id.in_(ids)))
    session.execute(_ours(hub, until).values(due=AT_ONCE, **NO_TROUBLE))


def failed(session: Session, hub: str, until: datetime, tried: Try) -> None:
    """The hub did not take it; it is told again later, with all that changes until then."""
    session.execute(
        _ours(hub, until).values(
            due=tried.again,
            attempts=tried.attempts,
            failing_since=tried.failing_since,
            answer=tried.answer,
        )
    )


def put_off(session: Session, hub: str, until: datetime, later: datetime) -> None:
    """Tell it later; it has not been tried."""
    session.execute(_ours(hub, until).values(due=later))


def _ours(hub: str, until: datetime) -> Update:
    """The row, if it is still ours: who took too long has lost it to another."""
    return update(Hub).where(Hub.url == hub, Hub.due == until)


def forget_others(session: Session, hubs: Collection[str]) -> None:
    """Drop what hubs that the config does not name any more were to be told."""
    session.execute(delete(Ping).where(Ping.hub.not_in(hubs)))
    session.execute(delete(Hub).where(Hub.url.not_in(hubs)))


def standing(session: Session, hubs: Collection[str]) -> list[HubStanding]:
    """How things stand with each of these hubs."""
    query = select(Ping.hub, func.count()).where(Ping.hub.in_(hubs)).group_by(Ping.hub)
    waiting = {row[0]: row[1] for row in session.execute(query)}
    known = {hub.url: hub for hub in session.scalars(select(Hub).where(Hub.url.in_(hubs)))}
    new = {url: Hub(url=url, due=AT_ONCE, answer="") for url in hubs}
    return [HubStanding(hub, waiting.get(hub.url, 0)) for hub in (new | known).values()]
