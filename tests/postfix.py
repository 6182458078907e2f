"""A real Postfix of the tests' own on this machine, which delivers into a Maildir.

It needs root, as every Postfix does, and Debian's package `postfix`; nothing of an installed
instance is touched.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DOMAIN = "example.org"
MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = localhost
mydestination =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/boxes
virtual_mailbox_maps = regexp:{folder}/people
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_chain_files = {folder}/server.pem
smtpd_client_message_rate_limit = 0
in_flow_delay = 0
"""
SERVICES = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
# Everybody but `nobody` lives in one mailbox.
PEOPLE = """\
if !/^nobody@/
/@example\\.org$/ box/
endif
"""


@dataclass
class Postfix:
    """A running instance."""

    folder: Path
    port: int

    @property
    def mails(self) -> list[bytes]:
        """What it has delivered."""
        new = self.folder / "boxes" / "box" / "new"
        return [file.read_bytes() for file in new.iterdir()] if new.is_dir() else []


def lacking() -> str:
    """What is missing to run one; empty if nothing is."""
    if shutil.which("postfix") is None:
        return "postfix is not installed"
    return "" if os.geteuid() == 0 else "Postfix runs only for root"


@contextmanager
def running(certificate: bytes) -> Iterator[Postfix]:
    """An instance, with that certificate and key, that ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="publisher-postfix-"))
    try:
        port = _configure(folder, certificate)
        _postfix(folder, "start")
        try:
            _wait(folder, port)
            yield Postfix(folder, port)
        finally:
            _postfix(folder, "stop")
    finally:
        shutil.rmtree(folder)


def _configure(folder: Path, certificate: bytes) -> int:
    account = pwd.getpwnam("postfix")
    folder.chmod(0o755)
    for name in ("queue", "data", "boxes"):
        (folder / name).mkdir()
    os.chown(folder / "data", account.pw_uid, account.pw_gid)
    os.chown(folder / "boxes", account.pw_uid, account.pw_gid)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    values = {"folder": folder, "domain": DOMAIN, "uid": account.pw_uid, "gid": account.pw_gid}
    (folder / "main.cf").write_text(MAIN.format(**values))
    (folder / "master.cf").write_text(SERVICES.format(port=port))
    (folder / "people").write_text(PEOPLE)
    (folder / "server.pem").write_bytes(certificate)
    (folder / "server.pem").chmod(0o600)
    return port


def _postfix(folder: Path, command: str) -> None:
    subprocess.run(
        ["postfix", "-c", str(folder), command],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip


def _wait(folder: Path, port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    log = folder / "log"
    raise RuntimeError(f"Postfix did not start: {log.read_text() if log.exists() else ''}")
