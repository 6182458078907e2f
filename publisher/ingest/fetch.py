"""Gets a remote document, without being led into the local network."""

from __future__ import annotations

import ipaddress
import socket
import time
from urllib.parse import urljoin, urlsplit

import urllib3

from publisher import __version__
from publisher.config import Ingest
from publisher.errors import FetchError

MAX_REDIRECTS = 5
CHUNK = 65536
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def fetch(url: str, limits: Ingest) -> bytes:
    """The body of an http(s) address.

    Every host is resolved once, all its addresses are checked, and the connection goes to the
    address that was checked, so that no name can turn into a private address on the way.
    Raises FetchError: refused, unreachable, too large or too slow.
    """
    deadline = time.monotonic() + limits.fetch_seconds
    for _ in range(MAX_REDIRECTS + 1):
        response = _request(url, limits, deadline)
        try:
            if response.status in _REDIRECTS and response.headers.get("location"):
                url = urljoin(url, response.headers["location"])
                continue
            if response.status != 200:
                raise FetchError(
                    f"{url} answered {response.status} {response.reason or ''}".strip()
                )
            return _read(url, response, limits, deadline)
        finally:
            response.close()
    raise FetchError(f"{url} redirects more than {MAX_REDIRECTS} times")


def _request(url: str, limits: Ingest, deadline: float) -> urllib3.BaseHTTPResponse:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise FetchError(f"{url} is not an address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchError(f"{url} is not an http or https address")
    address = _checked_address(parts.hostname, port, limits)
    left = max(deadline - time.monotonic(), 0.01)
    timeout = urllib3.Timeout(connect=left, read=left)
    pool: urllib3.HTTPConnectionPool
    if parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address, port, timeout=timeout, assert_hostname=parts.hostname,
            server_hostname=parts.hostname, cert_reqs="CERT_REQUIRED",
        )  # fmt: skip
    else:
        pool = urllib3.HTTPConnectionPool(address, port, timeout=timeout)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Host": parts.netloc.rpartition("@")[2],
        "User-Agent": f"publisher/{__version__}",
        "Accept": "application/feed+json, application/atom+xml, application/rss+xml, */*;q=0.5",
        "Accept-Encoding": "gzip",
    }
    try:
        return pool.urlopen(
            "GET", target, headers=headers, redirect=False, retries=False,
            preload_content=False, decode_content=True,
        )  # fmt: skip
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise FetchError(f"{url} cannot be reached: {error}") from error


def _checked_address(host: str, port: int, limits: Ingest) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"{host} cannot be found: {error}") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not limits.private_addresses and not _is_public(address):
            raise FetchError(
                f"{host} is {address}, an address of the local network; refused. "
                "Set ingest.private_addresses if you trust it"
            )
    return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        # An IPv4 address in an IPv6 coat is what it carries.
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_global and not ip.is_multicast


def _read(url: str, response: urllib3.BaseHTTPResponse, limits: Ingest, deadline: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        for part in response.stream(CHUNK, decode_content=True):
            size += len(part)
            if size > limits.max_bytes:
                raise FetchError(f"{url} is larger than {limits.max_bytes:,} bytes")
            if time.monotonic() > deadline:
                raise FetchError(f"{url} took longer than {limits.fetch_seconds:g} s")
            parts.append(part)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise FetchError(f"{url} broke off: {error}") from error
    return b"".join(parts)
