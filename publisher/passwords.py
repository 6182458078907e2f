"""Passwords of people: only what argon2 makes of them is ever kept (RFC 9106)."""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

# NIST SP 800-63B, 3.1.1.2: length is what counts; nothing is asked of the kinds of characters.
SHORTEST, LONGEST = 12, 500


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()  # argon2id, the second profile that RFC 9106, section 4, recommends


def weakness(password: str, name: str) -> str:
    """Why a password is not good enough for somebody of that name; nothing if it is."""
    if not SHORTEST <= len(password) <= LONGEST:
        return f"a password has {SHORTEST} to {LONGEST} characters; a sentence is easy to remember"
    if len(set(password)) < 5 or (name and name in password.lower()):
        return "it is easy to guess: it repeats a few characters, or holds the name"
    return ""


def hashed(password: str) -> str:
    """What is kept of a password. It takes some 50 ms and 64 MiB on purpose."""
    return _hasher().hash(_plain(password))


def fits(password: str, kept: str | None) -> bool:
    """Whether it is the password of which that was kept; it takes as long where there is none."""
    try:
        return _hasher().verify(kept or _nobodys(), _plain(password)) and kept is not None
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether it was made with less effort than is usual now."""
    return _hasher().check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return _hasher().hash(secrets.token_urlsafe(32))


def _plain(password: str) -> str:
    """The same password, whichever way a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", password[: LONGEST + 1])
