"""Mails as they lie in the mailbox: their headers, and what a real mail program shows of them."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Timer
from typing import NoReturn

from publisher.delivery.maildir import MaildirTransport
from tests.desk import HOUR, desk_of

GOLDEN = Path(__file__).parent / "golden" / "digest"
SECONDS = 60
SETTINGS = """\
set mbox_type=Maildir folder={folder} quit=yes wait_key=no pipe_decode sort=subject
alternative_order text/plain
push "{keys}<exit>"
"""


def opened_by_mutt(box: Path, folder: Path, number: int) -> list[str]:
    """The mails of a mailbox as mutt shows them."""
    files = [folder / f"mail-{n}.txt" for n in range(number)]
    keys = "<next-entry>".join(f"<pipe-message>cat >{file}<enter>" for file in files)
    settings = folder / "muttrc"
    settings.write_text(SETTINGS.format(folder=folder, keys=f"<first-entry>{keys}"))
    ours, its = pty.openpty()  # it insists on a terminal
    environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    mutt = subprocess.Popen(
        ["mutt", "-n", "-F", str(settings), "-f", str(box)],
        stdin=its, stdout=its, stderr=its, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(its)
    patience = Timer(SECONDS, mutt.kill)  # one that asks a question would wait for ever
    patience.start()
    screen = b""
    try:
        while part := os.read(ours, 65536):
            screen += part
    except OSError:  # the terminal is closed when mutt ends
        pass
    finally:
        patience.cancel()
        os.close(ours)
    assert mutt.wait(timeout=SECONDS) == 0, screen
    return [file.read_text(encoding="utf-8") for file in files]


@contextmanager
def sent_into(box: Path, folder: Path, store: Path) -> Iterator[None]:
    """A digest to a reader of English and one of Arabic."""
    shutil.copyfile(store, folder / "newsroom.db")
    with desk_of(f"sqlite:///{folder / 'newsroom.db'}", folder) as desk:
        desk.newsroom = replace(desk.newsroom, transport=MaildirTransport(box))
        desk.read_by("a@example.org", language="en", name_of="Ada Lind")
        desk.read_by("b@example.org", language="ar", name_of="دينا منصور")
        desk.publish("Bridge & roads: closed", body="<p>Until nine.</p><ul><li>Both</li></ul>")
        desk.publish("أربعون قارباً في السباق", language="ar", body="<p>ينطلق السباق.</p>")
        desk.tick(6 * HOUR)
        yield


def test_mutt_shows_the_text_of_a_digest_in_english_and_arabic(
    tmp_path: Path, migrated_file: Path, missing: Callable[[str], NoReturn]
) -> None:
    if shutil.which("mutt") is None:
        missing("mutt is not installed")
    with sent_into(tmp_path / "box", tmp_path, migrated_file):
        mails = opened_by_mutt(tmp_path / "box", tmp_path, 2)
    english, arabic = sorted(mails, key=lambda one: "الخميس" in one)
    for mail in (english, arabic):
        head, _, body = mail.partition("\n\n")
        assert "Content-Type: text/plain; charset=utf-8" in head
        assert "\nBridge & roads: closed\nhttps://news.example/articles/bridge-roads" in body
        assert "\nUntil nine.\n\n- Both\n" in body
        assert "\nينطلق السباق.\n" in body
        assert "<p" not in body
    assert "Subject: Daily digest, Thursday, 2 May 2024: " in english
    assert "\nThursday, 2 May 2024\n====================\n" in english
    assert "Subject: Daily digest, الخميس، 2 مايو 2024: " in arabic
    assert "\nتصلك هذه الرسالة لأنك مشترك في Daily digest.\n" in arabic


def test_the_headers_are_the_golden_ones(tmp_path: Path, migrated_file: Path) -> None:
    with sent_into(tmp_path / "box", tmp_path, migrated_file):
        mails = [one.read_bytes() for one in (tmp_path / "box" / "new").iterdir()]
    for language, email in (("en", b"a@example.org"), ("ar", b"b@example.org")):
        (mail,) = (one for one in mails if email in one.partition(b"\r\n\r\n")[0])
        found = mail.partition(b"\r\n\r\n")[0].decode().replace("\r\n", "\n") + "\n"
        # Made with keys of this store alone.
        found = re.sub(r"(?<=/unsubscribe/)[\w.-]+", "TOKEN", found)
        found = re.sub(r"(?<![a-z])([eu]\d+(?:-\d+)?)-[a-z2-7]{16}\b", r"\1-TOKEN", found)
        golden = GOLDEN / f"{language}.headers"
        if os.environ.get("REFRESH_GOLDEN"):
            golden.write_text(found, encoding="utf-8")
        assert found == golden.read_text(encoding="utf-8")
