"""The secrets that the tokens of mails are made with."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import select

from publisher.model import MailKey
from publisher.store.engine import Session, Store

BYTES = 32


def all_keys(store: Store) -> Sequence[bytes]:
    """The keys, newest first; the first of all is made when somebody asks for it."""
    with store.read() as session:
        found = _read(session)
    if found:
        return found
    with store.write() as session:
        if not _read(session):  # another process may have been faster
            session.add(MailKey(secret=secrets.token_hex(BYTES)))
            session.flush()
        return _read(session)


def _read(session: Session) -> Sequence[bytes]:
    query = select(MailKey.secret).order_by(MailKey.id.desc())
    return [bytes.fromhex(secret) for secret in session.scalars(query)]
