"""How often one network may ask for something."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

# More than that are not remembered: who has been quiet for longest begins anew.
NETWORKS = 10_000


class TooManyError(Exception):
    """A network has asked too often; `wait` is in seconds."""

    def __init__(self, wait: int) -> None:
        self.wait = wait
        super().__init__(f"too many requests; try again in {wait} s")


class RateLimit:
    """So many requests a minute for each network: each has a bucket that fills up again."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._networks: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def count(self, client: str, now: float) -> None:
        """Count one request; `now` is in seconds. Raises TooManyError where it is too many."""
        network = network_of(client)
        left, then = self._networks.pop(network, (float(self._per_minute), now))
        left = min(left + (now - then) * self._per_minute / 60, self._per_minute)
        self._networks[network] = (left - 1 if left >= 1 else left, now)
        if len(self._networks) > NETWORKS:  # who has been quiet for longest
            self._networks.popitem(last=False)
        if left < 1:
            raise TooManyError(int((1 - left) * 60 / self._per_minute) + 1)


def network_of(client: str) -> str:
    """The network that a client's address belongs to: what one customer of a provider has."""
    try:
        ip = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client
    ip = getattr(ip, "ipv4_mapped", None) or ip
    bits = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network((ip, bits), strict=False))
