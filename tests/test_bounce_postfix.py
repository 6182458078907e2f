"""The whole way round with a real Postfix: a digest leaves, is refused, comes back and is read."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner, Result

from publisher.cli import main
from publisher.cli.site import make_site
from tests.dovecot import free_port

SECONDS = 30.0
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
myhostname = mail.news.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
recipient_delimiter = +
transport_maps = inline:{{ {{ gone.test = smtp:[127.0.0.1]:{refusing} }} }}
virtual_mailbox_domains = news.test
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ bounces@news.test=bounces/ }}
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Refusing:
    """A mail server where nobody lives."""

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        return f"550 5.1.1 <{address}>: no such user here"


@pytest.fixture
def postfix(missing: Callable[[str], NoReturn]) -> Iterator[tuple[int, Path]]:
    """The port of a mail server that files what comes back, and the Maildir it files it in."""
    program = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None or os.geteuid() != 0:
        missing("Postfix is not installed, or the tests are not root's (Debian: postfix)")
    with refusing_server() as refusing:
        folder = Path(tempfile.mkdtemp(prefix="publisher-postfix-"))
        folder.chmod(0o755)
        port = free_port()
        for name in ("config", "queue", "data", "mail"):
            (folder / name).mkdir()
        owner, nobody = pwd.getpwnam("postfix"), pwd.getpwnam("nobody")
        os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
        os.chown(folder / "mail", nobody.pw_uid, nobody.pw_gid)
        (folder / "config" / "main.cf").write_text(
            MAIN.format(folder=folder, refusing=refusing, uid=nobody.pw_uid, gid=nobody.pw_gid)
        )
        (folder / "config" / "master.cf").write_text(MASTER.format(port=port))
        control = [program, "-c", str(folder / "config")]
        try:
            subprocess.run([*control, "start"], check=True, capture_output=True)
            yield port, folder / "mail" / "bounces"
        finally:
            subprocess.run([*control, "stop"], check=False, capture_output=True)
            shutil.rmtree(folder)


@contextmanager
def refusing_server() -> Iterator[int]:
    """The port of a server that refuses everybody."""
    port = free_port()
    controller = Controller(Refusing(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def publisher(site: Path, *arguments: str) -> Result:
    found = CliRunner().invoke(main, ["--config", str(site / "config.toml"), *arguments])
    assert found.exit_code == 0, found.output
    return found


def test_a_reader_that_a_real_server_refuses_is_written_to_no_more(
    postfix: tuple[int, Path], tmp_path: Path
) -> None:
    port, box = postfix
    make_site(tmp_path)
    config = tmp_path / "config.toml"
    mail = f'[mail]\ntransport = "smtp://127.0.0.1:{port}"\nbounce_address = "bounces@news.test"\n'
    config.write_text(config.read_text().replace("[mail]\n", mail))
    when = datetime.now(UTC) - timedelta(days=1)
    text = f"---\ntitle: Bridge open\ndate: {when.isoformat()}\n---\nAt last.\n"
    (tmp_path / "news.md").write_text(text)
    publisher(tmp_path, "import", str(tmp_path / "news.md"))
    publisher(tmp_path, "subscribers", "add", "ada@gone.test", "--confirmed", "a test")
    publisher(tmp_path, "digest", "send", "daily")
    until = time.monotonic() + SECONDS
    while not (box / "new").is_dir() or not list((box / "new").iterdir()):
        assert time.monotonic() < until, (box.parent.parent / "log").read_text()
        time.sleep(0.05)
    (handled,) = json.loads(
        publisher(tmp_path, "bounces", "read", "--maildir", str(box), "--json").stdout
    )
    assert (handled["email"], handled["after"]) == ("ada@gone.test", "bounced")
    assert handled["status"] == "5.1.1"
    assert "no such user here" in handled["diagnostic"]
    assert not list((box / "new").iterdir())
