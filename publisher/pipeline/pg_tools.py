"""PostgreSQL's own programs: a dump of the store, and the commands that put one back."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from publisher.errors import StoreError
from publisher.store.engine import connection_words
from publisher.store.migrate import HEAD


def dump_postgres(url: str, target: Path) -> str:
    """Write a dump of the store, as of one moment, in pg_dump's custom form; its tables' version.

    Raises StoreError where there is no pg_dump, or it fails.
    """
    program = shutil.which("pg_dump")
    address, password = connection_words(url)
    options = ["--format=custom", "--no-owner", f"--file={target}", f"--dbname={address}"]
    if program is None:
        raise StoreError(
            "pg_dump is not installed here, so the database cannot be packed. Install the client "
            "of your PostgreSQL, or dump it elsewhere and pack the rest with --without-database:\n"
            f"  {dump_command(url, Path('newsroom.pgdump'))}"
        )
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL with arguments of ours
        [program, *options], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise StoreError(
            f"pg_dump failed: {done.stderr.strip()}\n  If it is older than the server, put the "
            "server's own pg_dump first in PATH"
        )
    return HEAD


def dump_command(url: str, target: Path) -> str:
    """What a person types to dump the store; the password is asked for, or is in ~/.pgpass."""
    address, _ = connection_words(url)
    return shlex.join(["pg_dump", "--format=custom", "--no-owner", f"--file={target}", address])


def restore_command(url: str, dump: Path) -> str:
    """What a person types to put a dump into the empty database of `url`."""
    address, _ = connection_words(url)
    words = ["pg_restore", "--no-owner", "--single-transaction", f"--dbname={address}", str(dump)]
    return shlex.join(words)
