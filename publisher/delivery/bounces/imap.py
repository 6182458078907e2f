"""A folder of an IMAP server (RFC 3501) as the place where mail comes back."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from publisher.delivery.bounces.mail import LIMIT
from publisher.delivery.bounces.mailboxes import Waiting
from publisher.errors import MailboxError

TIMEOUT_SECONDS = 20.0


class ImapMailbox:
    """A folder at `imap[s]://user:password@host[:port][/FOLDER]`; INBOX, if none is named.

    `imap` takes STARTTLS where it is offered, and insists on it before it gives a password to
    another machine.
    """

    def __init__(self, url: str, processed: str) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "imaps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (993 if self._tls else 143)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._folder = unquote(parts.path.strip("/")) or "INBOX"
        self._processed, self._target = processed, ""
        self._connection: IMAPClient | None = None
        self._era, self._last = 0, 0  # UIDVALIDITY, and the highest UID that was shown

    def __enter__(self) -> Self:
        with self._explained():
            self._connection = self._connect()
            try:
                self._connection.login(self._user, self._password)
                era = int(self._connection.select_folder(self._folder)[b"UIDVALIDITY"])
            except BaseException:
                self._leave()
                raise
        if era != self._era:
            self._era, self._last = era, 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    def waiting(self) -> Iterator[Waiting]:
        """See `Mailbox.waiting`."""
        with self._explained():
            found = self._client.search(["UID", f"{self._last + 1}:*", "UNDELETED"])
        for uid in sorted(one for one in found if one > self._last):
            with self._explained():
                # Peeking leaves a mail unread.
                answer = self._client.fetch([uid], [f"BODY.PEEK[]<0.{LIMIT}>"]).get(uid, {})
            self._last = uid
            data = next((v for k, v in answer.items() if k.startswith(b"BODY[]")), None)
            if isinstance(data, bytes):  # else somebody has just deleted it
                yield Waiting(str(uid), data)

    def done(self, name: str) -> None:
        """See `Mailbox.done`."""
        uid = int(name)
        with self._explained():
            target = self._made_target()
            if self._client.has_capability("MOVE"):
                self._client.move([uid], target)
                return
            self._client.copy([uid], target)
            self._client.delete_messages([uid])  # marked so, it is not looked at again
            if self._client.has_capability("UIDPLUS"):
                self._client.uid_expunge([uid])

    def _made_target(self) -> str:
        if not self._target:
            prefix = ""
            if self._client.has_capability("NAMESPACE"):
                personal = self._client.namespace().personal
                prefix = personal[0][0] if personal else ""
            target = f"{prefix}{self._processed}"
            if not self._client.folder_exists(target):
                self._client.create_folder(target)
            self._target = target
        return self._target

    @property
    def _client(self) -> IMAPClient:
        if self._connection is None:
            raise MailboxError("it is not open")
        return self._connection

    def _connect(self) -> IMAPClient:
        context = ssl.create_default_context()
        client = IMAPClient(
            self._host, self._port, ssl=self._tls, ssl_context=context, timeout=TIMEOUT_SECONDS
        )
        if not self._tls:
            if client.has_capability("STARTTLS"):
                client.starttls(context)
            elif not _is_here(self._host):
                client.shutdown()
                raise MailboxError("it offers no TLS, so no password is sent to it")
        return client

    def _leave(self) -> None:
        client, self._connection = self._connection, None
        if client is not None:
            # The work is done, or it has failed for a reason of its own.
            with contextlib.suppress(IMAPClientError, OSError):
                client.logout()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (IMAPClientError, OSError, ValueError, MailboxError) as error:
            raise MailboxError(
                f"the mailbox {self._folder} at {self._host}:{self._port} cannot be used: "
                f"{_reason(error)}; see bounces.mailbox"
            ) from error


def _reason(error: Exception) -> str:
    """The server's words; the library gives bytes the look of a literal of Python."""
    text = str(error)
    return text[2:-1] if text[:2] in ("b'", 'b"') else text


def _is_here(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"
