"""The way out over HTTP: no address that a stranger gives leads into the local network.

Every host is resolved once, all its addresses are checked, and the connection goes to the address
that was checked, so that no name can turn into a private address on the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import httptools

from publisher import __version__
from publisher.errors import FetchError, PrivateAddressError

USER_AGENT = f"publisher/{__version__}"
CHUNK = 65536
# So much may come before the body of an answer.
MAX_HEAD = 65536
# What a path and a query may hold (RFC 3986), and what is escaped already.
_AS_IT_IS = "/?:@!$&'()*+,;=-._~%[]|"
# IPv6 addresses that carry an IPv4 address in their last 32 bits: mapped, NAT64 (RFC 6052), and
# the compatible ones of old. Such an address is what it carries.
_CARRIERS = tuple(ipaddress.IPv6Network(one) for one in ("::ffff:0:0/96", "64:ff9b::/96", "::/96"))


@dataclass(frozen=True, slots=True)
class Target:
    """Where an http(s) address leads. `authority` is the Host header, `path` has the query."""

    scheme: str
    host: str
    port: int
    authority: str
    path: str

    @property
    def url(self) -> str:
        """The address, all in ASCII, without credentials and fragment."""
        return f"{self.scheme}://{self.authority}{self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, and as much of the body as was wanted."""

    status: int
    body: bytes = b""

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def echoes(self, text: str) -> bool:
        """Whether it is a success whose body is this text and nothing else."""
        return self.is_success and self.body == text.encode()


def target_of(url: str) -> Target:
    """Take an address apart. Raises FetchError if it is not an http or https address."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        raise FetchError(f"{url} is not an address") from None
    if parts.scheme not in ("http", "https") or not host:
        raise FetchError(f"{url} is not an http or https address")
    named = f"[{host}]" if ":" in host else host
    path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_AS_IT_IS)
    return Target(
        scheme=parts.scheme,
        host=host,
        port=port or (443 if parts.scheme == "https" else 80),
        authority=f"{named}:{port}" if port else named,
        path=path,
    )


def resolve(target: Target, *, private: bool, setting: str) -> str:
    """The IP address to connect to; with `private`, it may be one of the local network.

    One private address among many is enough to refuse. Raises FetchError if there is none,
    PrivateAddressError if it is refused; `setting` is what would allow it.
    """
    return _checked(target, 0, private, setting)


def refuse_private(target: Target, *, setting: str) -> None:
    """Refuse a host that is written as a private IP address, in whichever spelling, without
    asking a name server. Raises PrivateAddressError."""
    with contextlib.suppress(_NotFoundError):
        _checked(target, socket.AI_NUMERICHOST, False, setting)


class _NotFoundError(FetchError):
    """The name leads nowhere."""


def _checked(target: Target, flags: int, private: bool, setting: str) -> str:
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError) as error:
        raise _NotFoundError(f"{target.host} cannot be found: {error}") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not private and not is_public(address):
            raise PrivateAddressError(
                f"{target.host} is {address}, an address of the local network; refused. "
                f"Set {setting} if you trust it"
            )
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet at large."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if any(ip in network for network in _CARRIERS):
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        elif ip.is_site_local:
            return False
        else:
            ip = ip.sixtofour or ip
    return ip.is_global and not ip.is_multicast


async def exchange(
    method: str,
    url: str,
    *,
    seconds: float,
    private: bool,
    setting: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    wanted: int = 0,
) -> Answer:
    """One request, and its answer up to `wanted` bytes of the body; the rest is not read.

    All of it takes `seconds` at most, whatever the other side does. Redirects are not followed.
    Raises FetchError, whose text does not name the address: it may be a secret.
    """
    target = target_of(url)
    try:
        async with asyncio.timeout(seconds):
            address = await _resolved(target, private, setting)
            head = _head(target, method, headers, len(body))
            return await _exchange(target, address, head, body, wanted)
    except TimeoutError:
        raise FetchError(f"did not answer within {seconds:g} s") from None
    except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
        raise FetchError(f"does not speak HTTP: {error}") from error
    except OSError as error:
        raise FetchError(f"cannot be reached: {error.strerror or error}") from error


async def _resolved(target: Target, private: bool, setting: str) -> str:
    """`resolve` in a thread of its own: a name server may keep a pool of threads waiting, for
    whoever has nothing to do with it."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[str] = loop.create_future()

    def settle(address: str, error: Exception | None) -> None:
        if not found.done():
            found.set_exception(error) if error else found.set_result(address)

    def look() -> None:
        address, trouble = "", None
        try:
            address = resolve(target, private=private, setting=setting)
        except FetchError as error:
            trouble = error
        with contextlib.suppress(RuntimeError):  # nobody waits any more: the loop has ended
            loop.call_soon_threadsafe(settle, address, trouble)

    threading.Thread(target=look, name=f"resolve {target.host}", daemon=True).start()
    return await found


def _head(target: Target, method: str, more: Mapping[str, str] | None, size: int) -> bytes:
    headers = {
        "Host": target.authority,
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Connection": "close",
        **(more or {}),
    }
    if method == "POST":
        headers["Content-Length"] = str(size)
    lines = [f"{method} {target.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


async def _exchange(target: Target, address: str, head: bytes, body: bytes, wanted: int) -> Answer:
    secure = target.scheme == "https"
    reader, writer = await asyncio.open_connection(
        address,
        target.port,
        ssl=_tls() if secure else None,
        server_hostname=target.host if secure else None,
    )
    try:
        # Not drained: who answers before everything has arrived is heard all the same.
        writer.write(head)
        if body:
            writer.write(body)
        return await _read(reader, wanted)
    finally:
        writer.transport.abort()


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


async def _read(reader: asyncio.StreamReader, wanted: int) -> Answer:
    seen = _Seen(wanted)
    size = 0
    while not seen.enough and (data := await reader.read(CHUNK)):
        size += len(data)
        seen.parser.feed_data(data)
        if not seen.status and size > MAX_HEAD:
            raise httptools.HttpParserError("the head of the answer has no end")
    if not seen.status:
        raise ConnectionResetError("it closed the connection without an answer")
    return Answer(seen.status, bytes(seen.body[:wanted]))


class _Seen:
    """What the parser has met so far."""

    def __init__(self, wanted: int) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.body = bytearray()
        self.enough = False
        self._wanted = wanted

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if status >= 200:  # what is below only announces the answer
            self.status = status
            self.enough = not self._wanted

    def on_body(self, data: bytes) -> None:
        self.body += data
        self.enough = self.enough or len(self.body) >= self._wanted

    def on_message_complete(self) -> None:
        self.enough = bool(self.status)
