"""Getting a connection ready for mail: greeting, EHLO, STARTTLS, AUTH."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from publisher.config.servers import Server
from publisher.delivery.smtp import auth
from publisher.delivery.smtp.channel import Channel, LostError, Patience
from publisher.delivery.smtp.commands import Features, features_of
from publisher.delivery.smtp.replies import Reply

# No mechanism has more; a server that goes on asking is not to be trusted.
MOST_TURNS = 4


class OpeningError(Exception):
    """No mail can go over this connection; `lasting` where a second try would end the same."""

    def __init__(self, reason: str, *, lasting: bool) -> None:
        self.lasting = lasting
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Manners:
    """How we behave towards every server.

    `hello` is our name in EHLO; if empty, that of this machine. Servers that must prove who they
    are do so by `verifying`; `believing` is for TLS that only keeps listeners out.
    """

    patience: Patience
    verifying: ssl.SSLContext
    believing: ssl.SSLContext
    hello: str = ""


async def opened(server: Server, manners: Manners) -> tuple[Channel, Features]:
    """A connection that is ready for MAIL. Raises OpeningError."""
    channel: Channel | None = None
    try:
        channel = await _connected(server, manners)
        return channel, await _ready(channel, server, manners)
    except ssl.SSLCertVerificationError as error:
        reason = f"its certificate is not good: {error.verify_message}; see mail.ca_file"
        raise OpeningError(reason, lasting=True) from error
    except ssl.SSLError as error:
        raise OpeningError(f"TLS failed: {error.reason or error}", lasting=True) from error
    except TimeoutError as error:
        raise OpeningError("it does not answer", lasting=False) from error
    except (OSError, LostError) as error:
        raise OpeningError(f"{error}", lasting=False) from error
    finally:
        if channel is not None and channel.lost:
            await channel.leave()


async def _connected(server: Server, manners: Manners) -> Channel:
    loop = asyncio.get_running_loop()
    tls = manners.verifying if server.tls == "implicit" else None
    async with asyncio.timeout(manners.patience.command):
        _, channel = await loop.create_connection(
            lambda: Channel(loop),
            server.host,
            server.port,
            ssl=tls,
            server_hostname=server.host if tls else None,
        )
    return channel


async def _ready(channel: Channel, server: Server, manners: Manners) -> Features:
    try:
        greeting = await channel.reply(manners.patience.command)
        _insist(greeting, "it greets with")
        features = await _hello(channel, manners)
        is_secret = server.tls == "implicit"
        if server.tls in ("required", "opportunistic"):
            is_secret = await _start_tls(channel, server, manners, features)
            if is_secret:  # what was said in the open counts no more (RFC 3207, 4.2)
                features = await _hello(channel, manners)
        if server.user:
            await _authenticate(channel, server, manners, features, is_secret)
        return features
    except BaseException:
        channel.fail("given up")
        raise


async def _hello(channel: Channel, manners: Manners) -> Features:
    name = manners.hello or _own_name(channel)
    reply = await channel.ask(b"EHLO %b\r\n" % name.encode(), manners.patience.command)
    if reply.ok:
        return features_of(reply)
    if reply.code == 421:
        _insist(reply, "it answers EHLO with")
    old = await channel.ask(b"HELO %b\r\n" % name.encode(), manners.patience.command)
    _insist(old, "it answers HELO with")
    return Features()


def _own_name(channel: Channel) -> str:
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    address = channel.local_address  # RFC 5321, 4.1.3
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


async def _start_tls(
    channel: Channel, server: Server, manners: Manners, features: Features
) -> bool:
    """Whether the connection is under TLS now."""
    must = server.tls == "required"
    if not features.starttls:
        if must:
            raise OpeningError("it offers no TLS, and nothing goes to it without", lasting=True)
        return False
    reply = await channel.ask(b"STARTTLS\r\n", manners.patience.command)
    _insist(reply, "it answers STARTTLS with")
    context = manners.verifying if must else manners.believing
    await channel.start_tls(context, server.host, manners.patience.command)
    return True


async def _authenticate(
    channel: Channel, server: Server, manners: Manners, features: Features, is_secret: bool
) -> None:
    kind = auth.mechanism(features.auth, server.auth, tls=is_secret)
    if kind is None:
        offered = ", ".join(sorted(features.auth)) or "none at all"
        wanted = server.auth or "plain, login or cram-md5"
        reason = f"it does not offer to log in by {wanted} (it offers {offered})"
        raise OpeningError(reason, lasting=True)
    secret = _secret(server)
    command = auth.first_command(kind, server.user, secret)
    for turn in range(MOST_TURNS):
        reply = await channel.ask(command, manners.patience.command)
        if reply.code != 334:
            break
        try:
            command = auth.answer(kind, server.user, secret, reply.raw, turn)
        except ValueError:
            command = b"*\r\n"  # RFC 4954: breaks it off
    _insist(reply, f"it does not let {server.user} in:")


def _secret(server: Server) -> str:
    if not server.password_file:
        return server.password
    try:
        return Path(server.password_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = f"password_file {server.password_file} cannot be read: {error}"
        raise OpeningError(reason, lasting=True) from error


def _insist(reply: Reply, said: str) -> None:
    if not reply.ok:
        raise OpeningError(f"{said} {reply.text}", lasting=reply.permanent)
