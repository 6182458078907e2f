"""Which mail to whom: a short text that only we can make, for addresses and Message-IDs.

A bounce goes to the envelope's sender, so a token in that address names the delivery whatever the
bounce looks like (a variable envelope return path, VERP). Anybody can write a mail that looks like
a bounce; without the code at the token's end it changes nothing.

They are small letters, digits and hyphens, since mail servers may change the case of an address,
and at most `LONGEST` characters (the part before the @ may have 64: RFC 5321, 4.5.3.1.1).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
CODE_BYTES = 10
_SIGNS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _SIGNS for second in _SIGNS]
_PLACES = range(8 * CODE_BYTES - 10, -1, -10)
LONGEST = 1 + 13 + 1 + 13 + 1 + 16
# A mail can hold any number of things that look like a token, and each costs a little.
MOST = 200
_token = re.compile(
    r"(?<![a-z0-9])"
    r"(?:([en])([0-9a-z]{1,13})-([0-9a-z]{1,13})|u([0-9a-z]{1,13}))-([a-z2-7]{16})"
    r"(?![a-z0-9])"
)


class TokenKind(StrEnum):
    """What a token names; its first letter."""

    EDITION = "e"
    NOTICE = "n"
    UNSUBSCRIBE = "u"


@dataclass(frozen=True, slots=True)
class MailToken:
    """The edition (or notice) of that number to a reader; or that a reader leaves a list."""

    kind: TokenKind
    subscriber_id: int
    number: int = 0
    list_name: str = ""


class MailTokens:
    """Makes tokens with the last key, and knows those that were made with any of the keys.

    `lists` are the names of the lists that a reader can ask to leave.
    """

    def __init__(self, keys: Sequence[bytes], lists: Sequence[str] = ()) -> None:
        self._keys, self._lists = tuple(keys), tuple(lists)

    def edition(self, edition_id: int, subscriber_id: int) -> str:
        """The token of one edition to one subscriber."""
        return self._coded(f"e{base36(edition_id)}-{base36(subscriber_id)}")

    def notice(self, notice_id: int, subscriber_id: int) -> str:
        """The token of one notice to one subscriber."""
        return self._coded(f"n{base36(notice_id)}-{base36(subscriber_id)}")

    def unsubscribe(self, list_name: str, subscriber_id: int) -> str:
        """The token by which a subscriber leaves a list."""
        name = f"u{base36(subscriber_id)}"
        return f"{name}-{_code(self._keys[-1], f'{name}/{list_name}')}"

    def found(self, text: str) -> Iterator[MailToken]:
        """The tokens of ours in a text, in their order; what only looks like one is passed over."""
        for match in islice(_token.finditer(text.lower()), MOST):
            token = self._read(match)
            if token is not None:
                yield token

    def first(self, text: str) -> MailToken | None:
        """The first token of ours in a text."""
        return next(self.found(text), None)

    def _coded(self, name: str) -> str:
        return f"{name}-{_code(self._keys[-1], name)}"

    def _read(self, match: re.Match[str]) -> MailToken | None:
        kind, number, who, leaver, code = match.groups()
        if leaver is None:
            if self._fits(f"{kind}{number}-{who}", code):
                return MailToken(TokenKind(kind), int(who, 36), int(number, 36))
            return None
        for name in self._lists:
            if self._fits(f"u{leaver}/{name}", code):
                return MailToken(TokenKind.UNSUBSCRIBE, int(leaver, 36), list_name=name)
        return None

    def _fits(self, name: str, code: str) -> bool:
        return any(hmac.compare_digest(_code(key, name), code) for key in self._keys)


def base36(number: int) -> str:
    """A number from zero on in digits and small letters, as `int(…, 36)` reads it."""
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
        if not number:
            return digits


def _code(key: bytes, name: str) -> str:
    """In base 32 (RFC 4648), small letters; two signs at once, as each letter has two codes."""
    number = int.from_bytes(hmac.digest(key, name.encode(), "sha256")[:CODE_BYTES])
    return "".join([_PAIRS[number >> bits & 1023] for bits in _PLACES])
