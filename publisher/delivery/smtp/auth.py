"""Proving who we are (RFC 4954): which mechanism, and what it answers. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Collection, Iterator

from publisher.config.servers import Auth

# The best first. A password goes over TLS as it is; where there is none, only a proof of it does.
OVER_TLS: tuple[Auth, ...] = ("plain", "login", "cram-md5")
IN_THE_OPEN: tuple[Auth, ...] = ("cram-md5", "plain", "login")

Exchange = Iterator[bytes]


def mechanism(offered: Collection[str], wanted: Auth | None, *, tls: bool) -> Auth | None:
    """The mechanism to use, or None where the server offers none that fits.

    XOAUTH2 is used only where it is asked for, since its secret is no password.
    """
    choices = (wanted,) if wanted else OVER_TLS if tls else IN_THE_OPEN
    return next((one for one in choices if one.upper() in offered), None)


def first_command(kind: Auth, user: str, secret: str) -> bytes:
    """The AUTH command, with an initial response where the mechanism has one."""
    match kind:
        case "plain":
            initial = f"\0{user}\0{secret}".encode()  # RFC 4616
        case "xoauth2":
            initial = f"user={user}\1auth=Bearer {secret}\1\1".encode()
        case _:
            return b"AUTH %b\r\n" % kind.upper().encode()
    return b"AUTH %b %b\r\n" % (kind.upper().encode(), base64.b64encode(initial))


def answer(kind: Auth, user: str, secret: str, challenge: bytes, turn: int) -> bytes:
    """What answers the server's challenge of that turn (from 0). Raises ValueError on nonsense."""
    match kind, turn:
        case "login", 0:
            given = user.encode()
        case "login", 1:
            given = secret.encode()
        case "cram-md5", 0:  # RFC 2195
            asked = base64.b64decode(challenge, validate=True)
            given = f"{user} {hmac.new(secret.encode(), asked, hashlib.md5).hexdigest()}".encode()
        case "xoauth2", 0:
            given = b""  # the challenge is an error in JSON; an empty line fetches the refusal
        case _:
            raise ValueError(f"the server asks for more than {kind.upper()} has")
    return base64.b64encode(given) + b"\r\n"
