"""With a real Postfix: everything that we say to it is understood, and arrives as it was."""

from __future__ import annotations

import email
import re
import time
from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest

from publisher.delivery.lines import mail_text
from publisher.delivery.transport import Letter
from publisher.store.deliveries import Due
from publisher.store.engine import Store, open_store
from tests import postfix
from tests.certificates import Authority
from tests.sending import edition, said, send, smtp, states

NASTY = ".\n..\n.x\nFrom here\n\n" + "long " * 150 + "\n\n.\n"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Authority, missing: Callable[[str], NoReturn]) -> Iterator[postfix.Postfix]:
    if reason := postfix.lacking():
        missing(reason)
    authority.server()
    file = next(authority.folder.glob("localhost-*.pem"))
    with postfix.running(file.read_bytes()) as running:
        yield running


def letter(due: Due) -> Letter:
    head = f"To: {due.email}\nFrom: news@example.org\nSubject: News\nMessage-ID: <{due.id}@x>\n"
    size = "x" * 60 + "\n"
    data = f"{head}\n{NASTY}{size * (20_000 if due.email.startswith('large') else 1)}"
    return Letter(f"<{due.id}@x>", "news@example.org", due.email, mail_text(data.encode()))


def arrived(server: postfix.Postfix, readers: set[str]) -> dict[str, bytes]:
    """The bodies of what has arrived for these readers, when all of it has; each arrives once."""
    until = time.monotonic() + 60
    while True:
        mails = [email.message_from_bytes(data) for data in server.mails]
        found = [mail for mail in mails if mail["To"] in readers]
        if len(found) >= len(readers) or time.monotonic() > until:
            break
        time.sleep(0.2)
    assert len(found) == len(readers)
    return {mail["To"]: mail.as_bytes().partition(b"\n\n")[2] for mail in found}


def test_every_letter_arrives_once_and_as_it_was(
    store: Store, server: postfix.Postfix, authority: Authority
) -> None:
    kind = store.engine.dialect.name
    readers = [*(f"{kind}{n}@example.org" for n in range(300)), f"large-{kind}@example.org"]
    edition_id = edition(store, [*readers, "nobody@example.org", "someone@elsewhere.example"])
    url = f"smtp://localhost:{server.port}?tls=required"
    way = smtp(url, ca_file=authority.file, messages_per_connection=40)
    outcomes = send(store, edition_id, way, write=letter)
    assert states(store, edition_id) == {"accepted": 301, "failed": 2}
    assert "5.1.1" in said(store, edition_id)["nobody"][1]
    assert "5.7.1" in said(store, edition_id)["someone"][1]
    queued = [one.reply for one in outcomes if one.state == "accepted"]
    assert all(re.match(r"250 2\.0\.0 Ok: \d+ bytes queued as \w+", reply) for reply in queued)
    for reader, body in arrived(server, set(readers)).items():
        sent = letter(Due(0, "", 0, reader, "", 0)).data.partition(b"\r\n\r\n")[2]
        assert body == sent.replace(b"\r\n", b"\n")


def test_what_it_offers_is_used(server: postfix.Postfix, store: Store) -> None:
    edition_id = edition(store, 5)
    send(store, edition_id, smtp(f"smtp://localhost:{server.port}"), write=letter)
    assert states(store, edition_id) == {"accepted": 5}
    log = (server.folder / "log").read_text()
    assert "bdat=" in log, "by CHUNKING"
    assert "starttls=1" in log, "under TLS, since it was offered"
    assert "data=" not in log
