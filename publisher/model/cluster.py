"""What many processes share beside the newsroom itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Double, Index
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import Base


class Pace(Base):
    """How far the letters of all senders have used up one limit (publisher/delivery/shared.py).

    Moments are seconds since 1970 by the database's own clock, since every machine has another one:
    `free_at` is when the next letter may leave, `line` the place of the last one that waits in the
    ledger. A domain that said "too fast" at `slowed_at` has the `rate`, in letters a second, that
    grew last at `grown_at`.
    """

    __tablename__ = "pace"

    name: Mapped[str] = mapped_column(primary_key=True)
    rate: Mapped[float] = mapped_column(Double)
    free_at: Mapped[float] = mapped_column(Double)
    line: Mapped[float] = mapped_column(Double)
    slowed_at: Mapped[float | None] = mapped_column(Double)
    grown_at: Mapped[float] = mapped_column(Double)


class FeedFile(Base):
    """One file below `feeds/`, for every machine that serves them (publisher/pipeline/shelf.py).

    `sha256` names its content, which is kept compressed, as it goes out: the same bytes everywhere.
    `modified` is when it got this content. `position` grows with each change of the table; a file
    that was taken away stays as a row without content.
    """

    __tablename__ = "feed_file"
    __table_args__ = (Index("ix_feed_file_position", "position", unique=True),)

    path: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    modified: Mapped[datetime]
    sha256: Mapped[str | None]
    gzip: Mapped[bytes | None] = mapped_column(deferred=True)
    brotli: Mapped[bytes | None] = mapped_column(deferred=True)
