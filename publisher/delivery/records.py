"""What DNS says about a domain that mail is from: SPF, DKIM, DMARC, MX and PTR."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import dns.exception
import dns.resolver
import dns.reversename

from publisher.errors import PublisherError

SECONDS = 4.0
# RFC 7208, 4.6.4: whoever evaluates the record gives up after so many lookups.
MOST_LOOKUPS = 10
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class DnsError(PublisherError):
    """DNS does not answer, so nothing is known."""


class Lookup:
    """Asks DNS: the system's servers, or one that is named. The first silence ends all asking."""

    def __init__(self, nameserver: str = "", port: int = 53) -> None:
        try:
            self._resolver = dns.resolver.Resolver(configure=not nameserver)
        except dns.exception.DNSException as error:
            raise DnsError(f"no name server is set up here: {error}") from error
        if nameserver:
            self._resolver.nameservers, self._resolver.port = [nameserver], port
        self._resolver.lifetime = SECONDS
        self._silent = ""

    def txt(self, name: str) -> list[str]:
        """The texts at a name, each joined from its parts; none, if there are none."""
        rows = self._ask(name, "TXT")
        return [b"".join(row.strings).decode("utf-8", "replace") for row in rows]

    def mx(self, name: str) -> list[str]:
        """The servers that take mail for a domain; an empty name says that none does."""
        rows = sorted((row.preference, str(row.exchange)) for row in self._ask(name, "MX"))
        return [host.rstrip(".") for _, host in rows]

    def addresses(self, name: str) -> list[Address]:
        """The addresses of a host."""
        found = [*self._ask(name, "A"), *self._ask(name, "AAAA")]
        return [ipaddress.ip_address(row.address) for row in found]

    def names(self, address: Address) -> list[str]:
        """The names that an address goes by (PTR)."""
        pointer = dns.reversename.from_address(str(address)).to_text()
        return [str(row.target).rstrip(".") for row in self._ask(pointer, "PTR")]

    def _ask(self, name: str, kind: str) -> list[Any]:
        if self._silent:
            raise DnsError(self._silent)
        try:
            return list(self._resolver.resolve(name, kind))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            self._silent = f"DNS does not answer: {str(error) or type(error).__name__}"
            raise DnsError(self._silent) from error


@dataclass
class Spf:
    """What a domain's SPF record allows. `problems` are what makes it useless (RFC 7208)."""

    records: list[str] = field(default_factory=list)
    networks: list[Network] = field(default_factory=list)
    lookups: int = 0
    problems: list[str] = field(default_factory=list)
    ends: str = ""

    def allows(self, address: Address) -> bool:
        """Whether mail may come from the address."""
        return any(address in one for one in self.networks if one.version == address.version)


def spf(lookup: Lookup, domain: str) -> Spf:
    """The SPF record of a domain, with all that it includes."""
    found = Spf(records=_spf_records(lookup, domain))
    if len(found.records) > 1:
        found.problems.append("there are several records, and only one is allowed")
    if found.records:
        _walk(lookup, domain, found.records[0], found, 0)
    if found.lookups > MOST_LOOKUPS:
        found.problems.append(
            f"it needs {found.lookups} lookups in DNS, and more than {MOST_LOOKUPS} make it fail"
        )
    return found


def _spf_records(lookup: Lookup, domain: str) -> list[str]:
    return [one for one in lookup.txt(domain) if one.lower().split(" ")[0] == "v=spf1"]


def _walk(lookup: Lookup, domain: str, record: str, found: Spf, depth: int) -> None:
    for term in record.split()[1:]:
        if found.lookups > 2 * MOST_LOOKUPS or depth > MOST_LOOKUPS:
            return
        bare = term.lower().lstrip("+")
        if bare in ("all", "-all", "~all", "?all"):
            if not depth:
                found.ends = term if term[0] in "+-~?" else f"+{term}"
            return
        name, _, value = bare.replace("=", ":", 1).partition(":")
        _term(lookup, name.partition("/")[0], value or domain, found, depth)


def _term(lookup: Lookup, name: str, value: str, found: Spf, depth: int) -> None:
    if name in ("ip4", "ip6"):
        try:
            found.networks.append(ipaddress.ip_network(value, strict=False))
        except ValueError:
            found.problems.append(f"{value} is no address")
    elif name in ("include", "redirect"):
        found.lookups += 1
        inner = [] if "%" in value else _spf_records(lookup, value)
        if not inner and "%" not in value:
            found.problems.append(f"it includes {value}, which has no SPF record")
        for record in inner[:1]:
            _walk(lookup, value, record, found, depth + (name == "include"))
    elif name in ("a", "mx", "exists", "ptr"):
        found.lookups += 1
        host = value.partition("/")[0]
        hosts = lookup.mx(host) if name == "mx" else [host] if name == "a" else []
        for one in hosts:
            found.networks += [ipaddress.ip_network(where) for where in lookup.addresses(one)]
    elif name not in ("exp",):
        found.problems.append(f"{name!r} is no word of SPF")


def dmarc(lookup: Lookup, domain: str) -> tuple[str, str]:
    """Where the DMARC record of a domain is, its own or one above it, and what it says."""
    labels = domain.split(".")
    for number in range(len(labels) - 1):
        name = f"_dmarc.{'.'.join(labels[number:])}"
        texts = [one for one in lookup.txt(name) if one.replace(" ", "").lower()[:8] == "v=dmarc1"]
        if texts:
            return name, texts[0]
    return f"_dmarc.{domain}", ""


def tags(record: str) -> dict[str, str]:
    """A record of the form `name=value; …` (DKIM, DMARC) by its names."""
    parts = (part.partition("=") for part in record.split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in parts if name.strip()}


def aligned(domain: str, other: str) -> bool:
    """Whether two domains are one to DMARC in its relaxed form, as far as their names tell."""
    one, two = domain.lower(), other.lower()
    return one == two or one.endswith(f".{two}") or two.endswith(f".{one}")


def leads_back(lookup: Lookup, address: Address) -> tuple[Sequence[str], bool]:
    """The names of an address, and whether one of them leads back to it."""
    names = lookup.names(address)
    return names, any(address in lookup.addresses(name) for name in names)
