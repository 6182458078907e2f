"""The address that readers know: where it leads, and how long its certificate holds."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from publisher.config import Config
from publisher.delivery.probe import good_until
from publisher.delivery.records import Address, DnsError, Lookup
from publisher.pipeline.doctor.finding import Finding, fine, note, unknown, wrong
from publisher.pipeline.doctor.mail import CERTIFICATE_DAYS

SECONDS = 5.0


def site(config: Config, lookup: Callable[[], Lookup], now: datetime) -> Iterator[Finding]:
    """Whether site.url is known to DNS, and its certificate good; nothing, if it is not https."""
    parts = urlsplit(config.site.url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return
    try:
        addresses = _addresses(host, lookup)
    except DnsError as error:
        yield unknown("site", str(error), "run doctor where DNS can be asked")
        return
    if addresses:
        yield _certificate(host, parts.port or 443, addresses, now)
    else:
        yield wrong("site", f"DNS knows no address of {host}", "publish an A or AAAA record")


def _addresses(host: str, lookup: Callable[[], Lookup]) -> Sequence[Address]:
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        return lookup().addresses(host)


def _certificate(host: str, port: int, addresses: Sequence[Address], now: datetime) -> Finding:
    trouble = ""
    for address in addresses:
        try:
            until = _until(str(address), port, host)
        except ssl.SSLCertVerificationError as error:
            return wrong("site", f"{host}: browsers refuse its certificate: {error.verify_message}",
                         "renew it, and let the web server send the whole chain")  # fmt: skip
        except OSError as error:
            trouble = f"{address} port {port}: {error.strerror or error}"
            continue
        if until is not None and until - now < CERTIFICATE_DAYS:
            return note("site", f"the certificate of {host} ends on {until:%Y-%m-%d}", "see that "
                        "it is renewed")  # fmt: skip
        ends = f", certificate until {until:%Y-%m-%d}" if until else ""
        return fine("site", f"{host} answers at {address}{ends}")
    return unknown("site", f"{host} cannot be reached from here ({trouble})", "right, if this "
                   "machine cannot reach its own address; else see the web server")  # fmt: skip


def _until(address: str, port: int, host: str) -> datetime | None:
    """When the certificate ends, after it was verified. Raises OSError (SSLError is one)."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((address, port), SECONDS) as connection,
        context.wrap_socket(connection, server_hostname=host) as tls,
    ):
        return good_until(tls)
