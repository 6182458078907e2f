"""Access tokens, and the requests that they have made under a key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from publisher.model import AccessToken, KeyedRequest


def by_handle(session: Session, handle: str) -> AccessToken | None:
    """The token of that handle, also one that is revoked."""
    return session.scalar(select(AccessToken).where(AccessToken.handle == handle))


def by_id(session: Session, token_id: int) -> AccessToken | None:
    """The token of that id."""
    return session.get(AccessToken, token_id)


def every(session: Session) -> Sequence[AccessToken]:
    """All tokens, oldest first."""
    return session.scalars(select(AccessToken).order_by(AccessToken.id)).all()


def used(session: Session, token_id: int, now: datetime) -> None:
    """Say when a token was used last."""
    query = update(AccessToken).where(AccessToken.id == token_id)
    session.execute(query.values(last_used=now))


def keyed(session: Session, token_id: int, key: str) -> KeyedRequest | None:
    """The request that a token has made under a key."""
    return session.get(KeyedRequest, (token_id, key))


def keep_key(session: Session, request: KeyedRequest) -> None:
    """Remember a request by its key."""
    session.add(request)


def forget_keys(session: Session, before: datetime) -> None:
    """Forget the requests from before that moment."""
    session.execute(delete(KeyedRequest).where(KeyedRequest.at < before))


def forget_key(session: Session, request: KeyedRequest) -> None:
    """Forget one request."""
    session.delete(request)
    session.flush()
