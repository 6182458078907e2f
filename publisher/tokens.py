"""The part of a mail's links that says whom they are for: signed, and good for one thing only.

A token holds the subscriber's handle and the list, no address; whoever has it has read the mail.
It is made of letters, digits, `-`, `_` and one dot, and ends with a letter, so that no mail program
cuts its end off.
"""

from __future__ import annotations

import binascii
import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property

from itsdangerous import BadSignature, Signer
from itsdangerous.signer import SigningAlgorithm

from publisher.errors import BadLinkError, ExpiredLinkError, WrongLinkError

_HEAD = struct.Struct(">QI")  # the handle, and the moment of signing in seconds


class Purpose(StrEnum):
    """What a link is good for, or a form, which only says when it was made. A token for one purpose
    is worth nothing for another."""

    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    UNSUBSCRIBE = "unsubscribe"
    RESUBSCRIBE = "resubscribe"
    DATA = "data"
    FORM = "form"


@dataclass(frozen=True)
class Scope:
    """Whom a link is for: a subscriber, by its handle, on one list. `signed` is when it was made,
    to the second, for purposes whose links expire."""

    handle: int
    list_name: str
    signed: datetime | None = None

    @cached_property
    def payload(self) -> bytes:
        """The part of a token that says it."""
        seconds = int(self.signed.timestamp()) if self.signed else 0
        plain = _HEAD.pack(self.handle, seconds) + self.list_name.encode()
        return urlsafe_b64encode(plain).rstrip(b"=")


class Tokens:
    """Makes and reads tokens with the site's keys, oldest first. The last one signs, all are
    believed. Raises ValueError without a key."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets:
            raise ValueError("links cannot be signed without a key")
        self._signers = {purpose: _signer(secrets, purpose) for purpose in Purpose}

    def sign(self, purpose: Purpose, scope: Scope) -> str:
        """The token for a purpose and a scope; the same each time."""
        return self._signers[purpose].sign(scope.payload).decode()

    def read(
        self, purpose: Purpose, token: str, now: datetime, max_age: timedelta | None = None
    ) -> Scope:
        """Whom a token is for.

        Raises BadLinkError for one that we did not make, or whose key is revoked; WrongLinkError
        for one with another purpose; ExpiredLinkError for one older than `max_age`.
        """
        try:
            payload = self._signers[purpose].unsign(token.encode())
        except (BadSignature, UnicodeEncodeError):
            raise self._explained(purpose, token) from None
        scope = _scope(payload)
        if max_age is not None and (scope.signed is None or now - scope.signed > max_age):
            raise ExpiredLinkError
        return scope

    def _explained(self, purpose: Purpose, token: str) -> BadLinkError | WrongLinkError:
        for other, signer in self._signers.items():
            if other is not purpose and token.isascii() and signer.validate(token):
                return WrongLinkError(other, purpose)
        return BadLinkError()


class _Half(SigningAlgorithm):
    """HMAC-SHA-256, cut to 128 bits (RFC 2104, section 5), so that links stay short."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha256")[:16]


def _signer(secrets: Sequence[bytes], purpose: Purpose) -> Signer:
    # Keys of their own for each purpose; itsdangerous would derive them for each link anew.
    salt = f"publisher.{purpose}".encode()
    keys = [hmac.digest(secret, salt, "sha256") for secret in secrets]
    return Signer(keys, key_derivation="none", algorithm=_Half())


def _scope(payload: bytes) -> Scope:
    try:
        plain = urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))
        handle, seconds = _HEAD.unpack_from(plain)
        signed = datetime.fromtimestamp(seconds, UTC) if seconds else None
        return Scope(handle, plain[_HEAD.size :].decode(), signed)
    except (binascii.Error, struct.error, UnicodeDecodeError):
        raise BadLinkError from None
