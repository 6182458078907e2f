"""Users of the desk, their sessions, and how often somebody has tried to sign in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from publisher.model import DeskSession, SignInTries, User


def by_name(session: Session, name: str) -> User | None:
    """The user of that name, which is in small letters."""
    return session.scalar(select(User).where(User.name == name))


def every(session: Session) -> Sequence[User]:
    """All users, by name."""
    return session.scalars(select(User).order_by(User.name)).all()


def add(session: Session, user: User) -> None:
    """A new user."""
    session.add(user)
    session.flush()


def remove(session: Session, user: User) -> None:
    """A user goes, and is signed out everywhere."""
    end_sessions(session, user.id)
    session.flush()
    session.delete(user)


def begin(session: Session, one: DeskSession) -> None:
    """A browser has signed in."""
    session.add(one)


def session_of(session: Session, sha256: bytes) -> DeskSession | None:
    """The session whose secret has that hash."""
    return session.get(DeskSession, sha256)


def seen(session: Session, sha256: bytes, now: datetime) -> None:
    """Say that a session is in use."""
    session.execute(update(DeskSession).where(DeskSession.sha256 == sha256).values(seen=now))


def end(session: Session, sha256: bytes) -> None:
    """Sign one browser out."""
    session.execute(delete(DeskSession).where(DeskSession.sha256 == sha256))


def end_sessions(session: Session, user_id: int, but: bytes = b"") -> int:
    """Sign a user out everywhere, but for one session; how many those were."""
    found = session.execute(
        delete(DeskSession)
        .where(DeskSession.user_id == user_id, DeskSession.sha256 != but)
        .returning(DeskSession.user_id)
    )
    return len(found.all())


def count_sessions(session: Session, user_id: int) -> int:
    """In how many browsers a user is signed in."""
    query = select(func.count()).select_from(DeskSession).where(DeskSession.user_id == user_id)
    return session.scalar(query) or 0


def forget_old(
    session: Session, seen_before: datetime, made_before: datetime, tried_before: datetime
) -> None:
    """Remove sessions that are over, and tries that do not count any more."""
    over = or_(DeskSession.seen < seen_before, DeskSession.created < made_before)
    session.execute(delete(DeskSession).where(over))
    session.execute(delete(SignInTries).where(SignInTries.at < tried_before))


def tries(session: Session, keys: Collection[str]) -> dict[str, SignInTries]:
    """What is known of those keys."""
    query = select(SignInTries).where(SignInTries.key.in_(keys))
    return {one.key: one for one in session.scalars(query)}


def count_try(session: Session, key: str, known: SignInTries | None, now: datetime) -> None:
    """One more try under that key."""
    if known is None:
        session.add(SignInTries(key=key, number=1, at=now))
    else:
        known.number, known.at = known.number + 1, now


def forget_tries(session: Session, key: str) -> None:
    """Begin anew under that key: somebody has signed in."""
    session.execute(delete(SignInTries).where(SignInTries.key == key))
