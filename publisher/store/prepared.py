"""A statement that is compiled once, for work that is done many thousand times a minute.

SQLAlchemy looks a statement up, binds and converts its values one by one each time it is run,
which can take longer than the statement itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect
from sqlalchemy.exc import DBAPIError

from publisher.model import UtcDateTime


class Prepared:
    """Runs one statement with other values each time; moments are converted, all else is not."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self._sql, self._error = str(compiled), dialect.loaded_dbapi.Error
        self._order: Sequence[str] | None = compiled.positiontup if dialect.positional else None
        moments = UtcDateTime().dialect_impl(dialect)
        convert: Callable[[datetime], Any] | None = moments.bind_processor(dialect)
        self._moment = convert or (lambda moment: moment)
        self._fixed = {
            name: self._moment(value) if isinstance(value, datetime) else value
            for name, value in compiled.params.items()
        }

    def run(self, connection: Connection, **values: Any) -> Any:
        """The cursor, after the statement has been run; its rows are plain tuples."""
        for name, value in values.items():
            if isinstance(value, datetime):
                values[name] = self._moment(value)
        values = self._fixed | values
        order = self._order
        given = values if order is None else tuple([values[name] for name in order])
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._sql, given)
        except self._error as error:
            raise DBAPIError(self._sql, None, error) from error
        return cursor
