"""From the commit of another program to the callbacks of 50 subscribers, by our own WebSub hub.

What is sent is a feed of about 100 kB, signed for each of them.

The peer is the promise of one second: at most 1 for the 99th percentile over all callbacks and
changes. Each partner has an address of its own (127.0.0.2 and up), as partners have.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.bench_latency import settle
from benchmarks.bench_serving import free_port, running
from benchmarks.measure import Result
from benchmarks.newsroom import NOW, contents, newsroom, store
from publisher.pipeline.build import syndicate

SUBSCRIBERS = 50
CHANGES = 40
ARTICLES = 50
PROMISE = 1000.0
CONFIG = """\
[site]
url = "http://127.0.0.1:{port}"
[web]
port = {port}
[websub]
own = true
private_addresses = true
requests_per_minute = 1000
"""


def run() -> list[Result]:
    """One change after the other, in a running publisher with many partners."""
    with newsroom() as made:
        store(made, contents(ARTICLES))
        syndicate(made, NOW)
        root, port = made.config.root, free_port()
        (root / "config.toml").write_text(CONFIG.format(port=port))
        command = [sys.executable, "-m", "publisher", "--config", str(root / "config.toml"), "run"]
        with partners() as arrivals, running(command, port) as address:
            subscribe(address, arrivals)
            settle(command)
            took = [took for n in range(CHANGES) for took in change(root, arrivals, n)]
    took.sort()
    name = f"commit to the callbacks of {SUBSCRIBERS} partners (WebSub), {{}}, against the promise"
    middle, high = statistics.median(took), took[int(len(took) * 0.99) - 1]
    return [
        Result(name.format("median"), middle, PROMISE, middle / PROMISE, None),
        Result(name.format("99th percentile"), high, PROMISE, high / PROMISE, 1),
    ]


class Arrivals:
    """What came to the partners: each callback's last document, and when it was there whole."""

    def __init__(self) -> None:
        self.hosts = [f"127.0.0.{n}" for n in range(2, 2 + SUBSCRIBERS)]
        self.port = free_port()
        self.confirmed: set[str] = set()
        self.documents: dict[str, tuple[float, bytes]] = {}

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request to a partner: confirm a subscription, or keep a document."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        host = writer.get_extra_info("sockname")[0]
        answer = b""
        if head.startswith("GET"):
            query = parse_qs(urlsplit(head.split()[1]).query)
            answer = query["hub.challenge"][0].encode()
            self.confirmed.add(host)
        else:
            size = int(head.lower().partition("content-length: ")[2].split()[0])
            document = await reader.readexactly(size)
            self.documents[host] = (time.time(), document)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
        await writer.drain()
        writer.close()


@contextmanager
def partners() -> Iterator[Arrivals]:
    """Their servers, all in a thread of this process."""
    arrivals, loop = Arrivals(), asyncio.new_event_loop()
    server = loop.run_until_complete(
        asyncio.start_server(arrivals.take, arrivals.hosts, arrivals.port)
    )
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield arrivals
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    loop.close()


def subscribe(address: str, arrivals: Arrivals) -> None:
    """Every partner subscribes to the feed of everything, with a secret."""
    site = address.removesuffix("/feeds/atom.xml")
    for host in arrivals.hosts:
        form = {
            "hub.mode": "subscribe",
            "hub.topic": f"{site}/feeds/atom.xml",
            "hub.callback": f"http://{host}:{arrivals.port}/in",
            "hub.secret": f"the secret of {host}",
        }
        urllib.request.urlopen(f"{site}/hub", urllib.parse.urlencode(form).encode()).close()
    until = time.monotonic() + 20
    while len(arrivals.confirmed) < SUBSCRIBERS and time.monotonic() < until:
        time.sleep(0.05)


def change(root: Path, arrivals: Arrivals, number: int) -> list[float]:
    """Milliseconds until each partner has a new title."""
    title = f"Changed title {number}"
    connection = sqlite3.connect(root / "newsroom.db", timeout=10)
    with connection:
        connection.execute(
            "UPDATE article SET title = ? WHERE id = (SELECT id FROM article "
            "ORDER BY published DESC LIMIT 1)",
            (title,),
        )
    start = time.time()
    connection.close()
    until = time.monotonic() + 10
    while time.monotonic() < until:
        found = [when for when, text in arrivals.documents.values() if title.encode() in text]
        if len(found) == SUBSCRIBERS:
            return [(when - start) * 1000 for when in found]
        time.sleep(0.005)
    raise RuntimeError(f"{len(found)} of {SUBSCRIBERS} partners had {title!r} within 10 s")


if __name__ == "__main__":
    for result in run():
        print(result)
