"""A real DNS server on this machine, which answers from a table by UDP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[tuple[str, str], list[str]]


@contextmanager
def serving_dns(zone: Zone) -> Iterator[str]:
    """The server's address with its port; `zone` is (name, type) → records as in a zone file."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        stop = threading.Event()
        sock.settimeout(0.1)
        thread = threading.Thread(target=_serve, args=(sock, zone, stop))
        thread.start()
        try:
            yield f"127.0.0.1:{sock.getsockname()[1]}"
        finally:
            stop.set()
            thread.join()


def _serve(sock: socket.socket, zone: Zone, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            data, asker = sock.recvfrom(4096)
        except TimeoutError:
            continue
        sock.sendto(_answer(dns.message.from_wire(data), zone).to_wire(), asker)


def _answer(query: dns.message.Message, zone: Zone) -> dns.message.Message:
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.RA
    question = query.question[0]
    name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
    texts = zone.get((name.lower(), kind))
    if texts:
        answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *texts))
    elif not any(known == name.lower() for known, _ in zone):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer
