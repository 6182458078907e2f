"""A real RabbitMQ from the system's package, private to the test: own folder, own ports."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 90.0
# The package's own script changes to another user, and asks for its folders.
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def is_there() -> bool:
    """Whether it is installed."""
    return PROGRAM.exists() and shutil.which("epmd") is not None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def rabbitmq(folder: Path) -> Iterator[str]:
    """The URL of a broker that runs inside the block."""
    port, names = free_port(), free_port()
    settings = {
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(names),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"publisher{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
    }
    environment = {**os.environ, **settings}
    with (folder / "rabbitmq.log").open("wb") as log:
        told = {"env": environment, "stdout": log, "stderr": log}
        # The table of Erlang's names, as our own child: left to itself it would stay for ever.
        table = subprocess.Popen(["epmd", "-port", str(names)], **told)  # type: ignore[call-overload]
        server = subprocess.Popen([PROGRAM], **told)  # type: ignore[call-overload]
        try:
            _wait(port, server, folder / "rabbitmq.log")
            yield f"amqp://guest:guest@127.0.0.1:{port}/"
        finally:
            server.terminate()
            server.wait(60)
            table.terminate()
            table.wait(10)


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            is_over = server.poll() is not None or time.monotonic() > until
            assert not is_over, f"RabbitMQ did not start:\n{log.read_text()[-2000:]}"
            time.sleep(0.1)
        else:
            return
