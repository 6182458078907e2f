"""What we say to a server: extensions, envelopes, and what it cannot take. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from publisher.delivery.lines import MailText
from publisher.delivery.smtp.replies import Reply

# A line break would be a command of the address's own, a bracket would end it early.
_unfit = re.compile(r"[\x00-\x20\x7f<>]")
LONGEST_PATH = 320


@dataclass(frozen=True, slots=True)
class Features:
    """What a server offers (its answer to EHLO); nothing, if it only knows HELO."""

    pipelining: bool = False
    chunking: bool = False
    eight_bit: bool = False
    utf8: bool = False
    starttls: bool = False
    size: int = 0
    has_size: bool = False
    auth: frozenset[str] = field(default_factory=frozenset)


def features_of(reply: Reply) -> Features:
    """What an answer to EHLO offers; lines that we do not know are passed over."""
    words: dict[str, str] = {}
    for line in reply.raw.decode("ascii", "replace").upper().split("\n")[1:]:
        # Some old servers write AUTH=LOGIN, beside the line that the standard has.
        keyword, _, rest = line.strip().replace("=", " ").partition(" ")
        words[keyword] = f"{words.get(keyword, '')} {rest}".strip()
    size = words.get("SIZE", "")
    return Features(
        pipelining="PIPELINING" in words,
        chunking="CHUNKING" in words,
        eight_bit="8BITMIME" in words,
        utf8="SMTPUTF8" in words,
        starttls="STARTTLS" in words,
        size=int(size) if size.isdecimal() and len(size) < 19 else 0,
        has_size="SIZE" in words,
        auth=frozenset(words.get("AUTH", "").split()),
    )


class Envelope(NamedTuple):
    """MAIL and RCPT for one letter, as lines."""

    mail: bytes
    rcpt: bytes


class UnfitError(ValueError):
    """The letter cannot go to this server, or to any."""


def envelope(sender: str, recipient: str, text: MailText, features: Features) -> Envelope:
    """The envelope of a letter. Raises UnfitError where the letter cannot be taken."""
    size = len(text)
    if features.size and size > features.size:
        raise UnfitError(f"the server takes at most {features.size:,} bytes, and it has {size:,}")
    options = b" SIZE=%d" % size if features.has_size else b""
    if not (text.isascii() and sender.isascii() and recipient.isascii()):
        sender, recipient, more = _international(sender, recipient, text, features)
        options += more
    return Envelope(
        b"MAIL FROM:<%b>%b\r\n" % (_path_again(sender), options),
        b"RCPT TO:<%b>\r\n" % path(recipient),
    )


def path(address: str) -> bytes:
    """An address as it stands between brackets. Raises UnfitError."""
    if _unfit.search(address) or len(address) > LONGEST_PATH:
        raise UnfitError(f"{address!r} is no address that an envelope can hold")
    return address.encode()


# The same sender comes with every letter, or a new one with each.
_path_again = lru_cache(maxsize=16)(path)


def _international(
    sender: str, recipient: str, text: MailText, features: Features
) -> tuple[str, str, bytes]:
    """Addresses and options where not all is ASCII (RFC 6152, RFC 6531)."""
    sender, recipient = _ascii_domain(sender), _ascii_domain(recipient)
    head = text[: text.find(b"\r\n\r\n")]
    options = b""
    if not (sender.isascii() and recipient.isascii() and head.isascii()):
        if not features.utf8:
            raise UnfitError("the server takes no international address (it offers no SMTPUTF8)")
        options += b" SMTPUTF8"
    if not text.isascii():
        if not features.eight_bit:
            raise UnfitError("the server takes no 8-bit mail (it offers no 8BITMIME)")
        options += b" BODY=8BITMIME"
    return sender, recipient, options


def _ascii_domain(address: str) -> str:
    """An international domain in the form that every server knows; the rest stays as it is."""
    if address.isascii():
        return address
    try:
        found = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise UnfitError(f"{address!r} is no address: {error}") from None
    return f"{found.local_part}@{found.ascii_domain}"
