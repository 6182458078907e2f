"""The address of a mail server, as one line: `smtp[s]://[user:password@]host[:port][?option=…]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

PORTS = {"smtp": 25, "smtps": 465}
Tls = Literal["implicit", "required", "opportunistic", "none"]
Auth = Literal["plain", "login", "cram-md5", "xoauth2"]
OPTIONS = ("tls", "auth", "password_file")


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server, and how we talk to it.

    `tls`: from the first byte (`implicit`), by STARTTLS or not at all (`required`), by STARTTLS
    where it is offered (`opportunistic`: against listeners only, so certificates are not looked
    at), or never. `auth` is the one mechanism to use; without it the best of those offered.
    `password_file` is read for each connection, so that what it holds may change.
    """

    host: str
    port: int
    tls: Tls
    user: str = ""
    password: str = ""
    password_file: str = ""
    auth: Auth | None = None

    @property
    def place(self) -> str:
        """Host and port, for messages; never the password."""
        return f"{self.host}:{self.port}"


def parse_server(url: str) -> Server:
    """The server of an address. Raises ValueError with what is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("not smtp://[user:password@]host[:port] or smtps://…")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(options) - set(OPTIONS)):
        raise ValueError(f"unknown option {unknown[0]!r}; there are {', '.join(OPTIONS)}")
    user = unquote(parts.username or "")
    return Server(
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        tls=_tls(parts.scheme, options.get("tls"), bool(user)),
        user=user,
        password=unquote(parts.password or ""),
        password_file=options.get("password_file", ""),
        auth=_auth(options.get("auth"), bool(user)),
    )


def _tls(scheme: str, wanted: str | None, has_user: bool) -> Tls:
    if scheme == "smtps":
        if wanted not in (None, "required"):
            raise ValueError("smtps:// is TLS from the first byte; write smtp:// for anything else")
        return "implicit"
    match wanted:
        case None:
            return "required" if has_user else "opportunistic"
        case "required" | "opportunistic" | "none":
            return wanted
    raise ValueError("tls is required, opportunistic or none")


def _auth(wanted: str | None, has_user: bool) -> Auth | None:
    if wanted is None:
        return None
    if wanted not in get_args(Auth):
        raise ValueError(f"auth is one of {', '.join(get_args(Auth))}")
    if not has_user:
        raise ValueError("auth needs a user: smtp://user:password@…")
    return wanted  # type: ignore[return-value]  # one of the literals, as was just seen
