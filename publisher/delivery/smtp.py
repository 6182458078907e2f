"""Mail to a server by SMTP (RFC 5321), over one connection."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from publisher.delivery.transport import Letter, RefusedError, UnreachableError
from publisher.errors import DeliveryError

PORTS = {"smtp": 25, "smtps": 465}


class SmtpTransport:
    """Hands letters to the server of an address `smtp[s]://[user:password@]host[:port]`.

    `smtp` takes STARTTLS where it is offered and insists on it before it gives a password away.
    """

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        self._implicit_tls = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._timeout = timeout
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        self._connected()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._server.quit()
            self._server = None

    def send(self, letter: Letter) -> str:
        """See `Transport.send`."""
        server = self._connected()
        try:
            self._envelope(server, letter)
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            self._server = None
            raise UnreachableError(f"the mail server broke the connection: {error}") from error
        try:
            code, reply = server.data(letter.data)
        except smtplib.SMTPDataError as error:
            code, reply = error.smtp_code, _bytes(error.smtp_error)
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            self._server = None
            raise DeliveryError(f"the connection broke during the message: {error}") from error
        _agreed(server, code, reply)
        return f"{code} {reply.decode(errors='replace')}"

    def _envelope(self, server: smtplib.SMTP, letter: Letter) -> None:
        options = ["BODY=8BITMIME"] if server.has_extn("8bitmime") else []
        if not letter.recipient.isascii():
            if not server.has_extn("smtputf8"):
                raise RefusedError("the server takes no international address", permanent=True)
            options.append("SMTPUTF8")
        _agreed(server, *server.mail(letter.sender, options))
        _agreed(server, *server.rcpt(letter.recipient))

    def _connected(self) -> smtplib.SMTP:
        if self._server is None:
            try:
                self._server = self._connect()
            except (OSError, smtplib.SMTPException) as error:
                place = f"{self._host}:{self._port}"
                raise UnreachableError(
                    f"the mail server {place} cannot be used: {error}; see mail.transport"
                ) from error
        return self._server

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._implicit_tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout, context=context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
            server.ehlo_or_helo_if_needed()
            if server.has_extn("starttls"):
                server.starttls(context=context)
            elif self._user:
                raise smtplib.SMTPException("it offers no TLS, so no password is sent to it")
        server.ehlo_or_helo_if_needed()
        if self._user:
            server.login(self._user, self._password)
        return server


def _bytes(reply: bytes | str) -> bytes:
    return reply.encode() if isinstance(reply, str) else reply


def _agreed(server: smtplib.SMTP, code: int, reply: bytes) -> None:
    if 200 <= code < 300:
        return
    with contextlib.suppress(smtplib.SMTPServerDisconnected):
        server.rset()
    raise RefusedError(f"{code} {reply.decode(errors='replace')}", permanent=code >= 500)
