"""A ledger, as a sender works on it: rows are taken, and what became of each is written down.

Whole groups go in and out as one statement each, since a statement for each row would cost more
than its letter: the group is a JSON array, which both databases read as a table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    Text,
    Update,
    bindparam,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from publisher.model import Cause, Delivery, DeliveryState, Fault, Notice, Subscriber, UtcDateTime
from publisher.store.acts import stop
from publisher.store.json_rows import json_cells
from publisher.store.prepared import Prepared

BEFORE_ALL = (datetime(1, 1, 1, tzinfo=UTC), 0)
IN_DOUBT = "its sender ended while it was being sent; it may have arrived"
UNSUBSCRIBED = "not sent: the reader has left since the edition was made"


class Outcome(NamedTuple):
    """What became of one row, with the words of whoever took or refused its letter.

    `due` is the next try of what was deferred, or the place in the queue of what has to wait;
    None leaves it as it is.
    """

    id: int
    state: DeliveryState
    reply: str
    fault: Fault = Fault.NONE
    attempts: int = 0
    due: datetime | None = None


Row = TypeVar("Row")


class Ledger(Generic[Row]):
    """The rows of one ledger for one sender, whose name (`owner`) stands in what it has taken.

    `work` says what it sends, `scope` which rows of the table that is, and `going` whether any of
    them may be taken at all. A reader for whom `barred` holds gets nothing. `make` makes a row of
    its `columns`.
    """

    def __init__(
        self,
        table: type[Delivery | Notice],
        *,
        owner: str,
        work: str,
        scope: ColumnElement[bool],
        going: ColumnElement[bool],
        barred: ColumnElement[bool],
        columns: Sequence[ColumnElement[Any]],
        make: Callable[..., Row],
    ) -> None:
        self.owner, self.work = owner, work
        self._table: Table = table.__table__  # type: ignore[assignment]
        self._scope, self._going, self._columns = scope, going, tuple(columns)
        self._barred, self._make = barred, make
        self._after: tuple[Any, int] = BEFORE_ALL
        self._prepared: tuple[Prepared, Prepared, Prepared] | None = None

    def claim(self, connection: Connection, limit: int, now: datetime) -> list[Row]:
        """Take the next rows that are due, and mark them as being sent.

        Those that were never tried come first, in the order of their moments. A row whose reader
        has left meanwhile is marked as suppressed instead.
        """
        taken, found = self._take(connection, DeliveryState.PENDING, limit, self._after, now)
        if found == limit:
            return taken
        # The queue was read to its end: what came back into it, and what is to be tried again.
        self._after = BEFORE_ALL
        for state in (DeliveryState.PENDING, DeliveryState.DEFERRED):
            more, number = self._take(connection, state, limit - found, BEFORE_ALL, now)
            taken, found = taken + more, found + number
        return taken

    def record(self, connection: Connection, outcomes: Iterable[Outcome], now: datetime) -> None:
        """Write down what became of rows that were being sent; twice is the same as once.

        An address that does not exist gets no more mail.
        """
        at_once, later = [], []
        for one in outcomes:
            if one.due is None:
                at_once.append((one.id, one.state, one.reply, one.fault, one.attempts))
            else:
                later.append(one)
            if one.fault is Fault.ADDRESS and one.state is DeliveryState.FAILED:
                self._suppress(connection, one, now)
        if at_once:
            rows = json.dumps(at_once, ensure_ascii=False)
            self._statements(connection)[2].run(connection, rows=rows, now=now)
        for one in later:
            connection.execute(
                self._mine(one.id).values(
                    state=one.state, reply=one.reply, fault=one.fault, attempts=one.attempts,
                    due=one.due, changed=now, owner=None,
                )
            )  # fmt: skip

    def forget(self, connection: Connection, held: Collection[int], now: datetime) -> None:
        """Put back what was taken in a transaction whose end we never heard of.

        `held` are the ids that the sender really has.
        """
        mine = self._table.c
        query = select(mine.id).where(
            self._scope, mine.state == DeliveryState.SENDING, mine.owner == self.owner
        )
        lost = [one for one in connection.scalars(query) if one not in held]
        if lost:
            self._set(connection, lost, DeliveryState.PENDING, None, now)

    def recover(
        self,
        connection: Connection,
        is_dead: Callable[[str], bool],
        state: DeliveryState,
        now: datetime,
    ) -> int:
        """Give every row that a dead sender was sending this state; how many there were.

        They keep their owner: one that is alive after all can still say what became of them.
        """
        columns = self._table.c
        sending = (self._scope, columns.state == DeliveryState.SENDING)
        owners = connection.scalars(select(columns.owner).where(*sending).distinct())
        number = 0
        for owner in [one for one in owners if one is None or is_dead(one)]:
            theirs = columns.owner.is_(None) if owner is None else columns.owner == owner
            query = (
                update(self._table)
                .where(*sending, theirs)
                .values(state=state, reply=IN_DOUBT, changed=now)
            )
            number += connection.execute(query).rowcount
        return number

    def next_due(self, connection: Connection) -> datetime | None:
        """When the next row that was never tried falls due; None if all were."""
        columns = self._table.c
        query = select(func.min(columns.due)).where(
            self._scope, columns.state == DeliveryState.PENDING
        )
        found: datetime | None = connection.scalar(query)
        return found

    def _take(
        self,
        connection: Connection,
        state: DeliveryState,
        limit: int,
        after: tuple[Any, int],
        now: datetime,
    ) -> tuple[list[Row], int]:
        """Rows of that state behind that place, and how many were found before some were barred."""
        if limit <= 0:
            return [], 0
        cursor = self._statements(connection)[0].run(
            connection, state=state, limit=limit, now=now, due=after[0], id=after[1]
        )
        rows = cursor.fetchall()
        if len(rows) == 1 and len(rows[0]) == 1:
            rows = json.loads(rows[0][0])
        if rows and state is DeliveryState.PENDING:
            self._after = max((row[1], row[2]) for row in rows)
        barred = [row[2] for row in rows if row[0]]
        if barred:
            self._set(connection, barred, DeliveryState.SUPPRESSED, None, now)
            rows = [row for row in rows if not row[0]]
        if rows:
            self._set(connection, [row[2] for row in rows], DeliveryState.SENDING, self.owner, now)
        return [self._make(*row[2:]) for row in rows], len(rows) + len(barred)

    def _set(
        self,
        connection: Connection,
        ids: Sequence[int],
        state: DeliveryState,
        owner: str | None,
        now: datetime,
    ) -> None:
        said = UNSUBSCRIBED if state is DeliveryState.SUPPRESSED else None
        rows = json.dumps([[one] for one in ids])
        self._statements(connection)[1].run(
            connection, rows=rows, to=state, by=owner, said=said, now=now
        )

    def _suppress(self, connection: Connection, one: Outcome, now: datetime) -> None:
        columns = self._table.c
        who = connection.scalar(select(columns.subscriber_id).where(columns.id == one.id))
        if who is not None:
            with Session(connection) as session:
                stop(session, who, Cause.BOUNCED, now, one.reply)
                session.flush()

    def _mine(self, number: int) -> Update:
        columns = self._table.c
        return update(self._table).where(columns.id == number, *self._still_mine())

    def _still_mine(self) -> tuple[ColumnElement[bool], ...]:
        columns = self._table.c
        sending = columns.state == DeliveryState.SENDING
        return columns.owner == self.owner, sending | (columns.state == DeliveryState.UNCERTAIN)

    def _statements(self, connection: Connection) -> tuple[Prepared, Prepared, Prepared]:
        """What is done for each group: find, mark, record."""
        if self._prepared is None:
            dialect = connection.dialect
            sqlite = dialect.name == "sqlite"
            number, state, reply, fault, attempts = json_cells(
                sqlite, Integer(), Text(), Text(), Text(), Integer()
            )
            self._prepared = (
                Prepared(self._find(sqlite), dialect),
                Prepared(self._mark(sqlite), dialect),
                Prepared(
                    update(self._table)
                    .where(self._table.c.id == number, *self._still_mine())
                    .values(
                        state=state, reply=reply, fault=fault, attempts=attempts,
                        changed=bindparam("now"), owner=None,
                    ),
                    dialect,
                ),
            )  # fmt: skip
        return self._prepared

    def _find(self, sqlite: bool) -> Select[Any]:
        mine, reader = self._table.c, Subscriber.__table__.c
        after = tuple_(_bind("due", UtcDateTime()), _bind("id", Integer()))
        query = (
            select(self._barred.label("barred"), mine.due, mine.id, *self._columns)
            .join_from(self._table, Subscriber.__table__, reader.id == mine.subscriber_id)
            .where(self._scope, self._going, mine.state == bindparam("state"))
            .where(mine.due <= bindparam("now"), tuple_(mine.due, mine.id) > after)
            .order_by(mine.due, mine.id)
            .limit(bindparam("limit"))
        )
        if not sqlite:
            return query.with_for_update(of=self._table, skip_locked=True)
        # As one value: for each row that it fetches, sqlite3 lets other threads run, and waits.
        rows = query.subquery()
        return select(func.json_group_array(func.json_array(*rows.c)))

    def _mark(self, sqlite: bool) -> Update:
        (number,) = json_cells(sqlite, Integer())
        columns = self._table.c
        return (
            update(self._table)
            .where(columns.id == number)
            .values(
                state=bindparam("to"),
                owner=bindparam("by"),
                reply=func.coalesce(_bind("said", Text()), columns.reply),
                changed=bindparam("now"),
            )
        )


def _bind(name: str, kind: Any) -> BindParameter[Any]:
    return bindparam(name, type_=kind)
