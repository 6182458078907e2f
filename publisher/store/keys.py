"""The secrets of the site, which all of its machines share by the store."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.model import KeyUse, SigningKey
from publisher.store.engine import Store

SECRET_BYTES = 32


def valid(session: Session, use: KeyUse) -> Sequence[SigningKey]:
    """The keys that are believed, oldest first; the last one signs."""
    query = select(SigningKey).where(SigningKey.use == use, SigningKey.revoked.is_(None))
    return session.scalars(query.order_by(SigningKey.id)).all()


def secrets_of(store: Store, use: KeyUse, now: datetime) -> Sequence[bytes]:
    """The secrets that are believed, oldest first; the first of all is made if there is none."""
    with store.read() as session:
        found = valid(session, use)
    if not found:
        with store.write() as session:
            ensure(session, use, now)
            found = valid(session, use)
    return [key.secret for key in found]


def ensure(session: Session, use: KeyUse, now: datetime) -> None:
    """Make the first key, if there is none. In a writing session, where only one is at work."""
    if not valid(session, use):
        make(session, use, now)


def make(session: Session, use: KeyUse, now: datetime) -> SigningKey:
    """A new key, which signs from now on."""
    key = SigningKey(use=use, secret=secrets.token_bytes(SECRET_BYTES), created=now)
    session.add(key)
    session.flush()
    return key


def of_links(session: Session) -> Sequence[SigningKey]:
    """All keys of links, the revoked ones too, oldest first."""
    query = select(SigningKey).where(SigningKey.use == KeyUse.LINKS)
    return session.scalars(query.order_by(SigningKey.id)).all()
