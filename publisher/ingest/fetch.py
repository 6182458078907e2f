"""Gets a remote document, without being led into the local network."""

from __future__ import annotations

import time
from urllib.parse import urljoin

import urllib3

from publisher.config import Ingest
from publisher.errors import FetchError
from publisher.outbound import USER_AGENT, resolve, target_of

MAX_REDIRECTS = 5
CHUNK = 65536
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def fetch(url: str, limits: Ingest) -> bytes:
    """The body of an http(s) address, without being led into the local network.

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
    target = target_of(url)
    address = resolve(target, private=limits.private_addresses, setting="ingest.private_addresses")
    left = max(deadline - time.monotonic(), 0.01)
    timeout = urllib3.Timeout(connect=left, read=left)
    pool: urllib3.HTTPConnectionPool
    if target.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address, target.port, timeout=timeout, assert_hostname=target.host,
            server_hostname=target.host, cert_reqs="CERT_REQUIRED",
        )  # fmt: skip
    else:
        pool = urllib3.HTTPConnectionPool(address, target.port, timeout=timeout)
    headers = {
        "Host": target.authority,
        "User-Agent": USER_AGENT,
        "Accept": "application/feed+json, application/atom+xml, application/rss+xml, */*;q=0.5",
        "Accept-Encoding": "gzip",
    }
    try:
        return pool.urlopen(
            "GET", target.path, headers=headers, redirect=False, retries=False,
            preload_content=False, decode_content=True,
        )  # fmt: skip
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise FetchError(f"{url} cannot be reached: {error}") from error


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
