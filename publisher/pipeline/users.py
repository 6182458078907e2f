"""Who may use the desk: users are made, signed in and signed out here.

A browser shows a secret of 256 random bits, of which the store keeps the hash: so a session can be
ended at any moment, a copy of the store signs nobody in, and a signature would add nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from publisher import passwords
from publisher.errors import UsageError
from publisher.model import DeskSession, Role, SignInTries, User
from publisher.pipeline.newsroom import Newsroom
from publisher.store import users
from publisher.store.engine import Session

# However busy somebody is, after so long they sign in again.
LONGEST_SESSION = timedelta(days=14)
SEEN_AGAIN = timedelta(minutes=1)
# So many tries cost nothing; each one after that doubles the wait.
FREE_BY_NAME, FREE_BY_NETWORK = 5, 20
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=15)
TRIES_KEPT = timedelta(days=1)
_name = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,99}", re.ASCII)
_secret = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class SignInError(Exception):
    """Name or password are wrong; which of them is nobody's business."""


class SignInWaitError(Exception):
    """It was tried too often; `wait` is in seconds."""

    def __init__(self, wait: int) -> None:
        self.wait = wait
        super().__init__(f"try again in {wait} s")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody at work: who, and the secret that their browser shows."""

    user: User
    secret: str

    @property
    def form_token(self) -> str:
        """What each form of this session carries, and nobody else can know."""
        return hmac.new(self.secret.encode(), b"form", hashlib.sha256).hexdigest()

    def has_sent(self, token: str) -> bool:
        """Whether a form with that token is one of this session."""
        return hmac.compare_digest(self.form_token.encode(), token.encode())


def add(newsroom: Newsroom, name: str, role: Role, password: str, now: datetime) -> User:
    """A new user. Raises UsageError where there is one of that name, or the password is weak."""
    plain = _named(name)
    kept = _kept(password, plain)
    with newsroom.store.write() as session:
        if users.by_name(session, plain) is not None:
            raise UsageError(f"there is a user {plain!r} already")
        made = User(name=plain, role=role, password_hash=kept, created=now)
        users.add(session, made)
    return made


def every(newsroom: Newsroom) -> Sequence[User]:
    """All users, by name."""
    with newsroom.store.read() as session:
        return users.every(session)


def set_password(newsroom: Newsroom, name: str, password: str, stays: str = "") -> int:
    """Give a user another password, and sign them out everywhere but in the session whose secret is
    `stays`; how many sessions ended. Raises UsageError."""
    kept = _kept(password, name.lower())
    with newsroom.store.write() as session:
        user = _existing(session, name)
        user.password_hash = kept
        return users.end_sessions(session, user.id, _hash(stays) if stays else b"")


def remove(newsroom: Newsroom, name: str) -> None:
    """A user goes, and is signed out everywhere at once. Raises UsageError."""
    with newsroom.store.write() as session:
        users.remove(session, _existing(session, name))


def sign_in(newsroom: Newsroom, name: str, password: str, network: str, now: datetime) -> SignedIn:
    """Begin a session. Raises SignInError, and SignInWaitError where it was tried too often under
    that name or from that network."""
    plain = name.strip().lower()[:200]
    by_name = f"name {hashlib.sha256(plain.encode()).hexdigest()}"
    # Counted before the password is looked at, so that many tries at once are counted as well.
    with newsroom.store.write() as session:
        _count(session, {by_name: FREE_BY_NAME, f"network {network}": FREE_BY_NETWORK}, now)
        found = users.by_name(session, plain)
        kept = found.password_hash if found else None
    if not passwords.fits(password, kept) or found is None:
        raise SignInError
    secret = secrets.token_urlsafe(32)
    with newsroom.store.write() as session:
        user = users.by_name(session, plain)
        if user is None or user.password_hash != kept:
            raise SignInError
        if passwords.is_outdated(user.password_hash):
            user.password_hash = passwords.hashed(password)
        user.last_sign_in = now
        users.forget_tries(session, by_name)
        users.forget_tries(session, f"network {network}")
        users.forget_old(session, now - _idle(newsroom), now - LONGEST_SESSION, now - TRIES_KEPT)
        users.begin(
            session, DeskSession(sha256=_hash(secret), user_id=user.id, created=now, seen=now)
        )
    return SignedIn(user, secret)


def signed_in(newsroom: Newsroom, secret: str, now: datetime) -> SignedIn | None:
    """Who shows that secret; None where the session is over, or never was."""
    if not _secret.fullmatch(secret):
        return None
    with newsroom.store.read() as session:
        found = users.session_of(session, _hash(secret))
        if found is None or _is_over(found, now, _idle(newsroom)):
            return None
        user, seen = found.user, found.seen
    if abs(now - seen) >= SEEN_AGAIN:
        with newsroom.store.write() as session:
            users.seen(session, _hash(secret), now)
    return SignedIn(user, secret)


def sign_out(newsroom: Newsroom, who: SignedIn) -> None:
    """End the session."""
    with newsroom.store.write() as session:
        users.end(session, _hash(who.secret))


def sign_out_elsewhere(newsroom: Newsroom, who: SignedIn) -> int:
    """End all other sessions of the user; how many those were."""
    with newsroom.store.write() as session:
        return users.end_sessions(session, who.user.id, _hash(who.secret))


def change_password(newsroom: Newsroom, who: SignedIn, old: str, new: str) -> int:
    """Take another password for oneself; how many other sessions have ended.

    Raises SignInError where the old one is wrong, UsageError where the new one is weak.
    """
    if not passwords.fits(old, who.user.password_hash):
        raise SignInError
    return set_password(newsroom, who.user.name, new, stays=who.secret)


def wait(tries: SignInTries | None, free: int, now: datetime) -> timedelta:
    """How long nobody may try under a key, of which so many tries are free. Pure."""
    if tries is None or tries.number < free or now - tries.at > TRIES_KEPT:
        return timedelta(0)
    doubled: int = 2 ** min(tries.number - free, 10)
    length = min(FIRST_WAIT * doubled, LONGEST_WAIT)
    return max(timedelta(0), tries.at + length - now)


def _count(session: Session, keys: dict[str, int], now: datetime) -> None:
    known = users.tries(session, keys)
    longest = max(wait(known.get(key), free, now) for key, free in keys.items())
    if longest:
        raise SignInWaitError(int(longest.total_seconds()) + 1)
    for key in keys:
        found = known.get(key)
        if found is not None and now - found.at > TRIES_KEPT:
            found.number = 0
        users.count_try(session, key, found, now)


def _is_over(one: DeskSession, now: datetime, idle: timedelta) -> bool:
    return now - one.seen > idle or now - one.created > LONGEST_SESSION


def _idle(newsroom: Newsroom) -> timedelta:
    return timedelta(hours=newsroom.config.desk.session_hours)


def _existing(session: Session, name: str) -> User:
    user = users.by_name(session, name.strip().lower())
    if user is None:
        raise UsageError(f"there is no user {name!r}; `publisher user list` names them")
    return user


def _named(name: str) -> str:
    plain = name.strip().lower()
    if not _name.fullmatch(plain):
        raise UsageError(
            f"{name!r} is no name for a user: take 2 to 100 letters, digits and . _ @ + -"
        )
    return plain


def _kept(password: str, name: str) -> str:
    weak = passwords.weakness(password, name)
    if weak:
        raise UsageError(weak)
    return passwords.hashed(password)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
