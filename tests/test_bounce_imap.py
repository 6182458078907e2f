"""What came back is read from a real IMAP server: once, and without touching what is for people."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import pytest

from publisher.delivery.bounces.imap import ImapMailbox
from publisher.errors import MailboxError
from publisher.pipeline.bounces import mailbox_of, read_mailbox
from publisher.pipeline.newsroom import Newsroom
from tests import dovecot
from tests.came_back import came_back, forged
from tests.readers import newsroom as newsroom  # fixtures
from tests.readers import now, sent, state
from tests.readers import readers as readers

PASSWORD = quote(dovecot.PASSWORD, safe="")
# As servers were before RFC 6851 and RFC 4315.
OLD = "IMAP4rev1 LITERAL+ NAMESPACE"


@pytest.fixture(scope="module", params=["", OLD], ids=["move", "copy"])
def server(
    request: pytest.FixtureRequest, missing: Callable[[str], NoReturn]
) -> Iterator[dovecot.Server]:
    if dovecot.program() is None:
        missing("Dovecot is not installed (Debian: dovecot-imapd)")
    if not dovecot.version().startswith("2.3."):
        pytest.skip(f"the config of these tests is for Dovecot 2.3, not {dovecot.version()}")
    with dovecot.running_server(request.param) as running:
        yield running


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """A user of the test's own."""
    return f"user{abs(hash(request.node.nodeid))}"


@pytest.fixture
def store_url(migrated_file: Path, tmp_path: Path) -> str:
    """One kind of store is enough here."""
    shutil.copyfile(migrated_file, tmp_path / "newsroom.db")
    return f"sqlite:///{tmp_path}/newsroom.db"


def url(server: dovecot.Server, user: str, folder: str = "") -> str:
    return f"imap://{user}:{PASSWORD}@127.0.0.1:{server.port}{folder}"


@pytest.fixture(autouse=True)
def trusted(server: dovecot.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's certificate is one of those that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))


def subjects(folder: Path) -> list[str]:
    """The subjects in a Maildir, with a star before those that were read."""
    found = []
    for file in folder.glob("[nc]*/*"):
        if ",T" in file.name or ",ST" in file.name:  # marked as deleted
            continue
        head = file.read_text().partition("\r\n\r\n")[0]
        subject = next(line for line in head.splitlines() if line.startswith("Subject: "))
        seen = file.parent.name == "cur" and "S" in file.name.rpartition(",")[2]
        found.append(f"{'*' if seen else ''}{subject.removeprefix('Subject: ')}")
    return sorted(found)


def test_what_is_understood_is_moved_and_all_else_stays_unread(
    newsroom: Newsroom, readers: dict[str, int], server: dovecot.Server, user: str
) -> None:
    ada, ben = readers.values()
    server.deliver(
        user,
        came_back("hard/postfix", sent(newsroom, ada)),
        came_back("unrelated/letter-to-the-editor", sent(newsroom, ada)),
        forged(came_back("complaint/yahoo", sent(newsroom, ben))),
        came_back("complaint/aol", sent(newsroom, ben)),
    )
    mailbox = mailbox_of(newsroom, url(server, user))
    handled = list(read_mailbox(newsroom, mailbox, now))
    assert [one.finding.meaning for one in handled] == [
        "hard", "unrelated", "unverified", "complaint",
    ]  # fmt: skip
    assert (state(newsroom, ada), state(newsroom, ben)) == ("bounced", "complained")
    assert subjects(server.box(user)) == ["FW: News of today", "Re: News of today"]
    assert sorted(one.lstrip("*") for one in subjects(server.box(user) / ".Processed")) == [
        "Email Feedback Report for IP 192.0.2.7", "Undelivered Mail Returned to Sender",
    ]  # fmt: skip


def test_what_was_looked_at_is_not_looked_at_again(
    newsroom: Newsroom, readers: dict[str, int], server: dovecot.Server, user: str
) -> None:
    ada, _ = readers.values()
    server.deliver(user, came_back("unrelated/letter-to-the-editor", sent(newsroom, ada)))
    mailbox = mailbox_of(newsroom, url(server, user))
    assert len(list(read_mailbox(newsroom, mailbox, now))) == 1
    assert list(read_mailbox(newsroom, mailbox, now)) == []
    server.deliver(user, came_back("hard/gmail", sent(newsroom, ada)))
    assert [one.finding.meaning for one in read_mailbox(newsroom, mailbox, now)] == ["hard"]
    assert list(read_mailbox(newsroom, mailbox, now)) == []


def test_a_crash_before_a_mail_was_moved_away_counts_nothing_twice(
    newsroom: Newsroom, readers: dict[str, int], server: dovecot.Server, user: str
) -> None:
    ada, _ = readers.values()
    server.deliver(user, came_back("soft/mailbox-full", sent(newsroom, ada)))

    class Killed(ImapMailbox):
        def done(self, name: str) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(read_mailbox(newsroom, Killed(url(server, user), "Processed"), now))
    mailbox = mailbox_of(newsroom, url(server, user))
    (handled,) = read_mailbox(newsroom, mailbox, now)
    assert handled.after == ""
    assert subjects(server.box(user)) == []


def test_a_large_mail_is_fetched_only_as_far_as_it_is_looked_at(
    newsroom: Newsroom, readers: dict[str, int], server: dovecot.Server, user: str
) -> None:
    ada, _ = readers.values()
    server.deliver(user, came_back("hard/postfix", sent(newsroom, ada)) + b"A\r\n" * 3_000_000)
    mailbox = mailbox_of(newsroom, url(server, user))
    with mailbox:
        (waiting,) = mailbox.waiting()
    assert len(waiting.data) == 300_000
    assert [
        one.after for one in read_mailbox(newsroom, mailbox_of(newsroom, url(server, user)), now)
    ]
    assert state(newsroom, ada) == "bounced"


def test_a_connection_is_encrypted_from_its_beginning_or_soon_after(
    newsroom: Newsroom, readers: dict[str, int], server: dovecot.Server, user: str
) -> None:
    ada, _ = readers.values()
    server.deliver(user, came_back("hard/postfix", sent(newsroom, ada)))
    secure = f"imaps://{user}:{PASSWORD}@127.0.0.1:{server.tls_port}/INBOX"
    assert len(list(read_mailbox(newsroom, mailbox_of(newsroom, secure), now))) == 1
    log = (server.folder / "log").read_text()
    logins = [line for line in log.splitlines() if "Login: " in line and f"user=<{user}>" in line]
    assert len(logins) == 1
    assert ", TLS" in logins[0]


def test_a_server_that_nobody_vouches_for_gets_no_password(
    newsroom: Newsroom, server: dovecot.Server, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    for address in (
        url(server, user),
        f"imaps://{user}:{PASSWORD}@127.0.0.1:{server.tls_port}/INBOX",
    ):
        with pytest.raises(MailboxError, match="CERTIFICATE_VERIFY_FAILED"):
            list(read_mailbox(newsroom, mailbox_of(newsroom, address), now))
    assert f"user=<{user}>" not in (server.folder / "log").read_text()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda address: address.replace(PASSWORD, "wrong"), "AUTHENTICATIONFAILED|failed"),
        (lambda address: f"{address}/Nowhere", "Nowhere"),
        (lambda address: address.rpartition(":")[0] + ":1", "refused"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(
    newsroom: Newsroom,
    server: dovecot.Server,
    user: str,
    change: Callable[[str], str],
    said: str,
) -> None:
    with pytest.raises(MailboxError, match=said) as found:
        list(read_mailbox(newsroom, mailbox_of(newsroom, change(url(server, user))), now))
    assert "see bounces.mailbox" in str(found.value)
    assert PASSWORD not in str(found.value)
    assert dovecot.PASSWORD not in str(found.value)
