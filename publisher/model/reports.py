"""What mail that comes back says of readers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import Base


class ReportKind(StrEnum):
    """What a mail says of the reader that it is about.

    HARD: the address does not exist; SOFT: it takes nothing now; POLICY: we were refused, not the
    reader; COMPLAINT: the reader called our mail spam; UNSUBSCRIBE: the reader wants no more.
    """

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"


class MailReport(Base):
    """One mail that told something of a reader, and what changed by it.

    `mail` is the id of that mail; `before` and `after` are the reader's states, equal where
    nothing changed; `undone` is when somebody took the change back.
    """

    __tablename__ = "mail_report"
    __table_args__ = (
        UniqueConstraint("mail", "kind", "subscriber_id"),
        Index("ix_mail_report_subscriber", "subscriber_id", "id"),
        Index("ix_mail_report_edition", "edition_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    list_name: Mapped[str] = mapped_column("list", default="")
    edition_id: Mapped[int | None]
    at: Mapped[datetime]
    mail: Mapped[str]
    status: Mapped[str] = mapped_column(default="")
    diagnostic: Mapped[str] = mapped_column(default="")
    before: Mapped[str]
    after: Mapped[str]
    undone: Mapped[datetime | None]
