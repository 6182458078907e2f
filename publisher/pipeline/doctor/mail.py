"""Mail: the server that takes it, and what DNS says of the domains it is from."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from publisher.config import Config
from publisher.config.servers import Server
from publisher.delivery import probe, records
from publisher.delivery.message import wire
from publisher.delivery.records import Address, DnsError, Lookup
from publisher.delivery.smtp.channel import Patience
from publisher.delivery.smtp.commands import Features
from publisher.delivery.smtp.opening import Manners
from publisher.delivery.transport import UnreachableError
from publisher.pipeline.doctor.finding import Finding, fine, note, unknown, wrong

CERTIFICATE_DAYS = timedelta(days=14)
# What a look may take of the patience that sending has.
LONGEST_LOOK = 15.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How mail leaves: the servers (none, if it goes into a folder), and our manners."""

    servers: Sequence[Server]
    manners: Manners


def server(config: Config, out: Outgoing, now: datetime) -> Iterator[Finding]:
    """Whether the mail servers can be used, and what they offer."""
    if not out.servers:
        yield note("mail", f"mail goes into {config.mail.transport}, to nobody else", "set "
                   "mail.transport to a server when readers are to get it; then doctor looks at "
                   "it, and at what DNS says of you")  # fmt: skip
    seconds = min(config.mail.timeout_seconds, LONGEST_LOOK)
    quick = replace(out.manners, patience=Patience.of(seconds))
    for one in out.servers:
        try:
            found = probe.look(one, quick)
        except UnreachableError as error:
            yield wrong("mail", str(error), "see mail.transport, the firewall, the server's log")
            continue
        yield fine("mail", f"{found.place} offers {_offered(found.offers)}")
        yield from _tls(found, now)


def _offered(features: Features) -> str:
    named = {
        "PIPELINING": features.pipelining,
        "CHUNKING": features.chunking,
        "8BITMIME": features.eight_bit,
        "SMTPUTF8": features.utf8,
        "STARTTLS": features.starttls,
        f"SIZE of {features.size / 1e6:,.0f} MB": features.size > 0,
    }
    return ", ".join(name for name, offered in named.items() if offered) or "nothing special"


def _tls(found: probe.Probe, now: datetime) -> Iterator[Finding]:
    if found.distrust:
        yield note("tls", f"{found.place}: {found.distrust}", "mail leaves all the same, and only "
                   "listeners are kept out; mend it, and add ?tls=required")  # fmt: skip
    elif not found.tls:
        says = f"{found.place} offers no TLS"
        if found.address and ipaddress.ip_address(found.address).is_loopback:
            yield fine("tls", f"{says}; it is on this machine")
        else:
            yield wrong("tls", says, "mail crosses the network in the open: use another server")
    elif found.good_until is not None and found.good_until - now < CERTIFICATE_DAYS:
        yield note("tls", f"the certificate of {found.place} ends on {found.good_until:%Y-%m-%d}",
                   "see that it is renewed")  # fmt: skip
    else:
        until = f", certificate until {found.good_until:%Y-%m-%d}" if found.good_until else ""
        yield fine("tls", f"{found.place}: {found.tls}{until}")


def sender(config: Config, out: Outgoing, lookup: Callable[[], Lookup]) -> Iterator[Finding]:
    """SPF, DKIM, DMARC, MX and PTR, where mail goes out into the world."""
    if not out.servers:
        return
    addresses = [one for server in out.servers if (one := _address(server.host)) is not None]
    try:
        asked = lookup()
        for domain in sorted({_domain(one.sender or config.mail.sender) for one in config.lists}):
            if "." not in domain:
                yield wrong("sender", f"{domain} is no domain of the world", "set mail.sender to "
                            "an address of your domain")  # fmt: skip
                continue
            yield from _domain_of(config, asked, domain, addresses)
        yield from _ptr(asked, addresses)
    except DnsError as error:
        yield unknown("dns", f"{error}; nothing is known of SPF, DKIM, DMARC, MX and PTR beyond "
                      "what stands above", "run doctor where DNS can be asked")  # fmt: skip


def _domain(address: str) -> str:
    return wire(address).rpartition("@")[2].lower()


def _domain_of(
    config: Config, lookup: Lookup, domain: str, relays: Sequence[Address]
) -> Iterator[Finding]:
    returns = _domain(config.mail.bounce_address) if config.mail.bounce_address else domain
    yield from _spf(lookup, returns, relays)
    yield from _dkim(config, lookup, config.dkim.domain or domain)
    yield from _dmarc(lookup, domain)
    signs = bool(config.dkim.keys) and records.aligned(config.dkim.domain or domain, domain)
    if signs or records.aligned(returns, domain):
        by = " and ".join(n for n, is_so in (("SPF", records.aligned(returns, domain)),
                                              ("DKIM", signs)) if is_so)  # fmt: skip
        yield fine("alignment", f"{domain}: by {by}")
    else:
        yield wrong("alignment", f"neither {returns} (SPF) nor DKIM is of {domain}, so DMARC fails",
                    f"let mail.bounce_address or dkim.domain be of {domain}")  # fmt: skip
    for name in sorted({domain, returns}):
        hosts = lookup.mx(name)
        if not hosts and not lookup.addresses(name):
            yield wrong("mx", f"{name} takes no mail: it has no MX", "answers and bounces must "
                        "reach somebody: publish an MX record")  # fmt: skip
        elif hosts == [""]:
            yield wrong("mx", f"{name} says that it takes no mail", "take its empty MX away")
        else:
            yield fine("mx", f"{name}: {', '.join(hosts) or 'its own address'}")


def _spf(lookup: Lookup, domain: str, relays: Sequence[Address]) -> Iterator[Finding]:
    found = records.spf(lookup, domain)
    if not found.records:
        yield wrong("spf", f"{domain} has no SPF record", 'publish a TXT record such as "v=spf1 '
                    'ip4:192.0.2.1 -all", with the addresses that mail leaves by')  # fmt: skip
    elif found.problems:
        yield wrong("spf", f"{domain}: {'; '.join(found.problems)}", "mend the record")
    elif found.ends == "+all":
        yield wrong("spf", f"{domain} lets anybody send (+all)", 'end the record with "-all"')
    elif foreign := [str(one) for one in relays if not found.allows(one)]:
        named = ", ".join(foreign)
        yield note("spf", f"{domain}: {found.records[0]} does not name {named}", "right, "
                   "if mail leaves that relay by another address; else add it")  # fmt: skip
    else:
        yield fine("spf", f"{domain}: {found.records[0]} (lookups: {found.lookups})")


def _dkim(config: Config, lookup: Lookup, domain: str) -> Iterator[Finding]:
    if not config.dkim.keys:
        yield note("dkim", "no mail is signed here", "right, if the mail server signs it; else "
                   "`publisher dkim new SELECTOR`")  # fmt: skip
        return
    from publisher.delivery import dkim  # only where mail is signed: it takes a while to load

    for one in config.dkim.keys:
        selector, _, file = one.partition(":")
        name = f"{selector}._domainkey.{domain}"
        ours = records.tags(dkim.read_key(selector, config.path(file)).record).get("p", "")
        texts = [text for text in lookup.txt(name) if "p=" in text]
        if not texts:
            yield wrong(
                "dkim", f"{name} has no record", "publish what `publisher dkim record` says"
            )
        elif records.tags(texts[0]).get("p") != ours:
            yield wrong("dkim", f"{name} holds another key than {file}", "publish what `publisher "
                        "dkim record` says")  # fmt: skip
        else:
            yield fine("dkim", f"{name} holds our key")


def _dmarc(lookup: Lookup, domain: str) -> Iterator[Finding]:
    name, record = records.dmarc(lookup, domain)
    policy = records.tags(record).get("p", "")
    if not record:
        yield wrong("dmarc", f"{domain} has no DMARC record", f'publish "v=DMARC1; p=none; '
                    f'rua=mailto:…" at {name}: Gmail, Yahoo and Microsoft ask for it')  # fmt: skip
    elif policy not in ("none", "quarantine", "reject"):
        yield wrong("dmarc", f"{name}: {record} has no policy", "add p=none, quarantine or reject")
    else:
        yield fine("dmarc", f"{name}: p={policy}")


def _address(host: str) -> Address | None:
    """A mail server's address, where it is one of the world."""
    try:
        address = ipaddress.ip_address(socket.gethostbyname(host))
    except (OSError, ValueError):
        return None
    return address if address.is_global else None


def _ptr(lookup: Lookup, addresses: Sequence[Address]) -> Iterator[Finding]:
    if not addresses:
        yield note("ptr", "the address that mail leaves by is not known here (the relay is not "
                   "one of the world)", "see that its PTR leads back to it")  # fmt: skip
    for address in addresses:
        names, good = records.leads_back(lookup, address)
        if not names:
            yield wrong("ptr", f"{address} has no name (PTR)", "let its provider set one")
        elif not good:
            yield wrong("ptr", f"{address} is {names[0]}, which does not lead back to it", "let "
                        "its name's A or AAAA record be that address")  # fmt: skip
        else:
            yield fine("ptr", f"{address} is {names[0]}, and that leads back")


def one_click(config: Config, out: Outgoing) -> Iterator[Finding]:
    """Whether mail can have the headers for unsubscribing by one click (RFC 8058)."""
    if not out.servers:
        return
    if not config.site.url.startswith("https://"):
        yield wrong("one-click", "unsubscribing by one click needs https, and site.url is not",
                    "Gmail and Yahoo ask for it: set site.url to an https address")  # fmt: skip
    else:
        yield fine("one-click", "mail has the headers, by mail and by https")
