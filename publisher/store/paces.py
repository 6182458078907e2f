"""How far limits are used up that hold for every process that sends (PostgreSQL alone)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, Double, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from publisher.model import Pace

# A limit that nobody has used for so long, in seconds, has nothing left to be remembered.
FORGOTTEN = 3600.0
_clock = cast(func.extract("epoch", func.clock_timestamp()), Double)
State = tuple[float, float, float, float | None, float]


def lock(connection: Connection, names: Collection[str]) -> tuple[float, dict[str, State]]:
    """The database's time, and how these limits stand: rate, free_at, line, slowed_at, grown_at.

    Until the end of the transaction nobody else gets them. All take them in the same order.
    """
    ordered = sorted(names)
    blank = {"rate": 0.0, "free_at": 0.0, "line": 0.0, "grown_at": 0.0}
    rows = [{"name": name, **blank} for name in ordered]
    connection.execute(insert(Pace).values(rows).on_conflict_do_nothing())
    query = select(Pace.name, Pace.rate, Pace.free_at, Pace.line, Pace.slowed_at, Pace.grown_at)
    query = query.where(Pace.name.in_(ordered)).order_by(Pace.name).with_for_update()
    found: dict[str, State] = {row[0]: (*row[1:],) for row in connection.execute(query)}
    return connection.execute(select(_clock)).scalar_one(), found


def keep(connection: Connection, states: Mapping[str, State]) -> None:
    """Write down how limits stand that were locked."""
    keys = ("rate", "free_at", "line", "slowed_at", "grown_at")
    for name, state in states.items():
        values = dict(zip(keys, state, strict=True))
        connection.execute(update(Pace).where(Pace.name == name).values(**values))


def reserve(connection: Connection, name: str, rate: float, number: int) -> float:
    """Take the next so many places, 1/rate seconds apart; how long until the first, in seconds."""
    now, found = lock(connection, [name])
    start = max(now, found[name][1])
    connection.execute(
        update(Pace).where(Pace.name == name).values(free_at=start + number / rate, rate=rate)
    )
    return start - now


def slowed(connection: Connection) -> set[str]:
    """The limits that somebody has slowed down."""
    return set(connection.scalars(select(Pace.name).where(Pace.slowed_at.is_not(None))))


def forget(connection: Connection) -> None:
    """Remove what is of no use any more."""
    old = func.greatest(Pace.free_at, Pace.line, Pace.grown_at) < _clock - FORGOTTEN
    idle = select(Pace.name).where(Pace.slowed_at.is_(None), old)
    free = idle.with_for_update(skip_locked=True)
    connection.execute(delete(Pace).where(Pace.name.in_(free)))
