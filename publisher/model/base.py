"""What every table has in common."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Date, DateTime, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime; kept in UTC, since SQLite knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# A deleted article's id must not come back: the ledger of editions goes by it.
NEVER_REUSE_AN_ID = {"sqlite_autoincrement": True}

JsonList = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    """Maps Python's types to columns once, for every table."""

    type_annotation_map = {
        datetime: UtcDateTime(),
        date: Date(),
        str: Text(),
        list[str]: JsonList,
        list[dict[str, Any]]: JsonList,
        dict[str, Any]: JsonList,
    }
