"""Serving a feed of 100 kB over HTTP with one process, against nginx on the same file.

In microseconds a request, measured with wrk from 16 connections of one thread. nginx serves it
with the configuration in deploy/. Limits: 1.54 (0.65 of its requests a second) for the whole feed,
2.0 (half of them) for a 304. Without nginx or wrk it says so and measures nothing.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Result, in_turns
from benchmarks.newsroom import NOW, contents, newsroom, store
from publisher.config import Config
from publisher.pipeline.build import syndicate

TURNS = 5
SECONDS = 2
DEPLOY = Path(__file__).parents[1] / "deploy" / "nginx.conf"


def run() -> list[Result]:
    """Both servers on the same folder, in turns."""
    lacking = [name for name in ("nginx", "wrk") if shutil.which(name) is None]
    if lacking:
        print(f"not measured: {' and '.join(lacking)} not installed")
        return []
    with newsroom(feeds={"kinds": ["everything"], "max_bytes": 135_000}) as made:
        store(made, contents(200))
        syndicate(made, NOW)
        size = (made.config.root / "feeds" / "atom.xml").stat().st_size
        with ours(made.config) as mine, nginx(made.config.root) as theirs:
            tags = {address: etag(address) for address in (mine, theirs)}
            return [
                in_turns(
                    f"a feed of {size / 1000:.0f} kB over HTTP, {what}, against nginx",
                    partial(each, mine, tags[mine] if what == "304" else ""),
                    partial(each, theirs, tags[theirs] if what == "304" else ""),
                    turns=TURNS,
                    limit=limit,
                    unit="µs",
                )
                for what, limit in (("200", 1.54), ("304", 2.0))
            ]


@contextmanager
def ours(config: Config) -> Iterator[str]:
    """`publisher web` as a process of its own."""
    port = free_port()
    (config.root / "config.toml").write_text(f"[web]\nport = {port}\n")
    command = [
        sys.executable,
        "-m",
        "publisher",
        "--config",
        str(config.root / "config.toml"),
        "web",
    ]
    with running(command, port) as address:
        yield address


@contextmanager
def nginx(root: Path) -> Iterator[str]:
    """nginx with one worker, in this user's name."""
    port = free_port()
    with TemporaryDirectory() as folder:
        text = DEPLOY.read_text().replace("127.0.0.1:8080", f"127.0.0.1:{port}")
        text = text.replace("/srv/newsroom", str(root)).replace("brotli_static on;", "")
        config = Path(folder) / "nginx.conf"
        config.write_text(
            f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;\n"
            f"events {{}}\nhttp {{ access_log off;\n{text}\n}}\n"
        )
        root.chmod(0o755)
        with running(["nginx", "-p", folder, "-c", str(config)], port) as address:
            yield address


@contextmanager
def running(command: list[str], port: int) -> Iterator[str]:
    """A server, once it listens."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/feeds/atom.xml"
    finally:
        process.terminate()
        process.wait(10)


def each(address: str, tag: str) -> float:
    """Microseconds a request, over two seconds."""
    headers = ["-H", f"If-None-Match: {tag}"] if tag else []
    command = ["wrk", "-t1", "-c16", f"-d{SECONDS}", *headers, address]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if found is None or ("Non-2xx" in told and not tag):
        raise RuntimeError(told)
    return 1_000_000 / float(found[1])


def etag(address: str) -> str:
    """The validator of the uncompressed feed."""
    with urllib.request.urlopen(address) as answer:
        return str(answer.headers["ETag"])


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    for result in run():
        print(result)
