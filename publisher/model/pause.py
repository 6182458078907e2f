"""Lists that wait for an operator's word."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import Base


class ListPause(Base):
    """No edition of the list is made or sent by itself until an operator says how to go on.

    `since` is the moment up to which the ledger is known to be complete (that of the backup, after
    a restore); `reason` says in words why the list waits.
    """

    __tablename__ = "list_pause"

    list_name: Mapped[str] = mapped_column("list", primary_key=True)
    since: Mapped[datetime]
    reason: Mapped[str]
