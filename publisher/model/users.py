"""Who may use the desk, and what the desk keeps for them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.model.base import NEVER_REUSE_AN_ID, Base


class Role(StrEnum):
    """What somebody may do at the desk: an editor writes and sends, an operator also sees readers
    and mends what is wrong."""

    EDITOR = "editor"
    OPERATOR = "operator"


class User(Base):
    """Somebody who may sign in. `name` is in small letters; of the password only a hash is kept."""

    __tablename__ = "desk_user"
    __table_args__ = (NEVER_REUSE_AN_ID,)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str]
    created: Mapped[datetime]
    last_sign_in: Mapped[datetime | None]

    @property
    def is_operator(self) -> bool:
        """Whether readers and their mail are this user's business."""
        return self.role == Role.OPERATOR


class DeskSession(Base):
    """That a browser is signed in. It shows a secret of which only the SHA-256 is kept; `seen` is
    right to the minute."""

    __tablename__ = "desk_session"
    __table_args__ = (Index("ix_desk_session_user", "user_id"),)

    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("desk_user.id", ondelete="CASCADE"))
    created: Mapped[datetime]
    seen: Mapped[datetime]

    user: Mapped[User] = relationship(lazy="joined")


class SignInTries(Base):
    """How often signing in was tried without success, by one name or from one network."""

    __tablename__ = "sign_in_tries"

    key: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    at: Mapped[datetime]


class Manuscript(Base):
    """The Markdown that an article was written in; it holds as long as the article's body has the
    SHA-256 that it had then."""

    __tablename__ = "manuscript"

    article_id: Mapped[int] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"), primary_key=True
    )
    body_sha256: Mapped[str]
    text: Mapped[str]


class ImportReport(Base):
    """What became of an import: `kind` is "articles" or "people", `counts` how many of each outcome
    there were, `by` who did it at the desk (empty: by command)."""

    __tablename__ = "import_report"
    __table_args__ = (NEVER_REUSE_AN_ID,)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    origin: Mapped[str]
    by: Mapped[str] = mapped_column(default="")
    counts: Mapped[dict[str, Any]]


class Upload(Base):
    """A file of people that was looked at, and waits for the word that it is to be taken in."""

    __tablename__ = "upload"
    __table_args__ = (NEVER_REUSE_AN_ID,)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("desk_user.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    list_name: Mapped[str] = mapped_column("list")
    consent: Mapped[str]
    name: Mapped[str]
    data: Mapped[bytes]
