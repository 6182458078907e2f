"""A real IMAP server for the tests: Dovecot on loopback, with a folder and two ports of its own."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

START_SECONDS = 20.0
PASSWORD = "open-sesame/?@:"
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {inner}
default_login_user = {login}
default_internal_group = {group}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mail_max_userip_connections = 0
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
imap_capability = {capability}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={mail} gid={mail_group} home={folder}/mail/%u
}}
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""


def program() -> str | None:
    """The server's program, or None where it is not installed."""
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def version() -> str:
    """The version of the program."""
    told = subprocess.run([str(program()), "--version"], capture_output=True, text=True, check=True)
    return told.stdout.split()[0]


@dataclass(frozen=True)
class Server:
    """A running server; every user has the same password."""

    folder: Path
    port: int
    tls_port: int

    @property
    def certificate(self) -> Path:
        """What a client must trust."""
        return self.folder / "cert.pem"

    def box(self, user: str) -> Path:
        """The Maildir of a user's INBOX."""
        return self.folder / "mail" / user

    def deliver(self, user: str, *mails: bytes) -> None:
        """Put mails into a user's INBOX, as a mail server does."""
        for part in ("tmp", "new", "cur"):
            (self.box(user) / part).mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(mails):
            (self.box(user) / "new" / f"{time.time_ns()}.{number}.host").write_bytes(data)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in (self.folder / "mail", *(self.folder / "mail").rglob("*")):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)


@contextmanager
def running_server(capability: str = "") -> Iterator[Server]:
    """A server that ends with the block. `capability` is what it says it can do, if not all."""
    folder = Path(tempfile.mkdtemp(prefix="publisher-dovecot-"))
    folder.chmod(0o755)
    server = Server(folder, free_port(), free_port())
    try:
        (folder / "mail").mkdir()
        _certificate(folder)
        values = {"capability": capability, "port": server.port, "tls_port": server.tls_port}
        config = folder / "dovecot.conf"
        config.write_text(CONFIG.format(folder=folder, password=PASSWORD, **values, **_accounts()))
        process = subprocess.Popen([str(program()), "-F", "-c", str(config)])
        try:
            _wait_until_ready(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)
    finally:
        shutil.rmtree(folder)


def _accounts() -> dict[str, Any]:
    """Whom its parts run as: root's server gives its rights away, another's has none to give."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        names = {"inner": "dovecot", "login": "dovenull", "group": "dovecot"}
        return names | {"mail": nobody.pw_uid, "mail_group": nobody.pw_gid}
    me, group = getpass.getuser(), os.getgid()
    return {"inner": me, "login": me, "group": group, "mail": os.getuid(), "mail_group": group}


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1) as found:
            if found.recv(4) == b"* OK":
                return
        time.sleep(0.05)
    log = server.folder / "log"
    said = log.read_text() if log.exists() else ""
    raise RuntimeError(f"Dovecot did not start: {said}")
