"""A look at a mail server by our own engine, as far as the moment before the first letter."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from publisher.config.servers import Server
from publisher.delivery.smtp.channel import Channel
from publisher.delivery.smtp.commands import Features
from publisher.delivery.smtp.opening import Manners, OpeningError, opened
from publisher.delivery.transport import UnreachableError


@dataclass(frozen=True, slots=True)
class Probe:
    """What a server is and offers.

    `tls` is the version of TLS, or nothing; `good_until` when its certificate ends; `distrust` why
    the certificate proves nothing, where the config lets that pass; `address` is where it is.
    """

    place: str
    address: str
    offers: Features
    tls: str = ""
    good_until: datetime | None = None
    distrust: str = ""


def look(server: Server, manners: Manners) -> Probe:
    """Connect, say EHLO, go on under TLS, log in where a user is named, and leave.

    Raises UnreachableError with what is wrong.
    """
    try:
        found = asyncio.run(_look(server, manners))
    except OpeningError as error:
        raise UnreachableError(f"{server.place}: {error}") from error
    if server.tls != "opportunistic" or not found.tls:
        return found
    # Once more, to see whether its certificate would be good enough to insist on.
    try:
        return asyncio.run(_look(replace(server, tls="required"), manners))
    except OpeningError as error:
        return replace(found, distrust=str(error))


async def _look(server: Server, manners: Manners) -> Probe:
    channel, features = await opened(server, manners)
    try:
        return _seen(server, channel, features)
    finally:
        channel.write(b"QUIT\r\n", 1)
        await channel.leave()


def _seen(server: Server, channel: Channel, features: Features) -> Probe:
    peer, tls = channel.info("peername"), channel.info("ssl_object")
    return Probe(
        place=server.place,
        address=str(peer[0]) if peer else "",
        offers=features,
        tls=(tls.version() or "") if tls else "",
        good_until=good_until(tls),
    )


def good_until(tls: Any) -> datetime | None:
    """When the certificate of the other side ends; None where it was not verified."""
    shown = tls.getpeercert() if tls else None
    if not shown:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
