"""Addresses that were erased: only a keyed hash says that they must not be written to again."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.model import KeyUse, SubscriberState, Suppression
from publisher.store import keys


def among(session: Session, emails: Sequence[str]) -> dict[str, Suppression]:
    """Those of the addresses that are suppressed."""
    if session.scalar(select(Suppression.hash).limit(1)) is None:
        return {}
    secret = _secret(session)
    hashes = {_hash(secret, email): email for email in emails}
    found = session.scalars(select(Suppression).where(Suppression.hash.in_(hashes)))
    return {hashes[one.hash]: one for one in found}


def add(session: Session, email: str, reason: SubscriberState, now: datetime) -> None:
    """Suppress an address. In a writing session."""
    keys.ensure(session, KeyUse.SUPPRESSIONS, now)
    session.merge(Suppression(hash=_hash(_secret(session), email), reason=reason, since=now))


def _secret(session: Session) -> bytes:
    return keys.valid(session, KeyUse.SUPPRESSIONS)[-1].secret


def _hash(secret: bytes, email: str) -> bytes:
    return hmac.digest(secret, email.encode(), "sha256")
