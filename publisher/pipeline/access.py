"""Who may use the API: access tokens are made, believed and revoked here.

A token is `pub_HANDLE_SECRET`. The handle finds its row; the secret has 256 random bits, so a plain
hash of it is enough, and it is compared in a time that does not depend on where it differs.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from publisher.errors import UsageError
from publisher.model import AccessToken, Scope
from publisher.pipeline.newsroom import Newsroom
from publisher.store import access

LONGEST_NAME = 100
# When a token was used last is written down so often: reading must not write all the time.
USED_AGAIN = timedelta(minutes=1)
_token = re.compile(r"pub_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)


def new_token(
    newsroom: Newsroom, name: str, scopes: Collection[str], now: datetime
) -> tuple[AccessToken, str]:
    """Make a token for a program that people know by `name`; the text of it is never seen again.

    Raises UsageError where the name is empty or too long, or a scope is not known.
    """
    plain = " ".join(name.split())
    if not plain or len(plain) > LONGEST_NAME or not plain.isprintable():
        raise UsageError(f"give the token a name of up to {LONGEST_NAME} characters")
    unknown = sorted(set(scopes) - set(Scope))
    if unknown or not scopes:
        wrong = f"{unknown[0]!r} is no scope" if unknown else "a token needs a scope"
        raise UsageError(f"{wrong}; there are: {', '.join(Scope)}")
    handle, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    made = AccessToken(
        handle=handle, sha256=_hash(secret), name=plain, created=now,
        scopes=[str(scope) for scope in Scope if scope in scopes],
    )  # fmt: skip
    with newsroom.store.write() as session:
        session.add(made)
        session.flush()
    return made, f"pub_{handle}_{secret}"


def tokens(newsroom: Newsroom) -> Sequence[AccessToken]:
    """All tokens, oldest first; the revoked ones too."""
    with newsroom.store.read() as session:
        return access.every(session)


def revoke(newsroom: Newsroom, token_id: int, now: datetime) -> AccessToken:
    """Believe a token no more, from this moment on. Again is the same. Raises UsageError."""
    with newsroom.store.write() as session:
        found = access.by_id(session, token_id)
        if found is None:
            raise UsageError(f"there is no token {token_id}; `publisher token list` names them")
        found.revoked = found.revoked or now
    return found


def token_of(newsroom: Newsroom, text: str, now: datetime) -> AccessToken | None:
    """The token that a request has shown; None where it is none of ours, or is revoked."""
    match = _token.fullmatch(text)
    if match is None:
        return None
    with newsroom.store.read() as session:
        found = access.by_handle(session, match[1])
    # Compared also where there is none, so that the time does not tell which handles there are.
    known = found.sha256 if found else b""
    if not hmac.compare_digest(known, _hash(match[2])) or found is None or found.revoked:
        return None
    if found.last_used is None or abs(now - found.last_used) >= USED_AGAIN:
        with newsroom.store.write() as session:
            access.used(session, found.id, now)
    return found


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
