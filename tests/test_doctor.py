"""`publisher doctor` says what is wrong and what to do, and ends with 1 if anything is."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from publisher.delivery.dkim import read_key
from tests.certificates import Authority
from tests.checkup import findings, publisher, setting
from tests.checkup import site as site  # a fixture
from tests.dns_server import Zone, serving_dns

GOOD: Zone = {
    ("news.example.org", "TXT"): ['"v=spf1 ip4:192.0.2.0/24 include:_spf.example.net -all"'],
    ("_spf.example.net", "TXT"): ['"v=spf1 ip4:198.51.100.7 ~all"'],
    ("_dmarc.example.org", "TXT"): ['"v=DMARC1; p=quarantine; rua=mailto:d@example.org"'],
    ("news.example.org", "MX"): ["10 mx.example.org."],
    ("mx.example.org", "A"): ["192.0.2.1"],
    ("news.example.org", "A"): ["127.0.0.1"],
}


@pytest.fixture
def relay() -> Iterator[int]:
    """A mail server of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    controller = Controller(Sink(), hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


@pytest.fixture
def world(site: Path, relay: int) -> Path:
    """The site sends mail to the world, as news.example.org, and signs it."""
    setting(site, '# transport = "maildir:mailbox"', f'transport = "smtp://127.0.0.1:{relay}"')
    setting(site, '# sender = "news@localhost"', 'sender = "daily@news.example.org"')
    setting(site, 'url = "http://127.0.0.1:8000"', 'url = "https://news.example.org"')
    assert publisher(site, "dkim", "new", "2024a").exit_code == 0
    setting(site, "# keys = []", 'keys = ["2024a:dkim/2024a.pem"]')
    return site


def signed(site: Path) -> dict[tuple[str, str], list[str]]:
    record = read_key("2024a", site / "dkim" / "2024a.pem").record
    parts = [record[start : start + 200] for start in range(0, len(record), 200)]
    text = " ".join(f'"{part}"' for part in parts)
    return {**GOOD, ("2024a._domainkey.news.example.org", "TXT"): [text]}


def test_a_new_site_has_nothing_wrong(site: Path) -> None:
    result = publisher(site, "doctor")
    assert result.exit_code == 0, result.output
    assert result.output.endswith("nothing is wrong\n")
    assert "mail goes into maildir:mailbox" in result.output
    assert "time zones are" in result.output


def test_a_site_that_mails_the_world_by_the_book_is_well(world: Path) -> None:
    with serving_dns(signed(world)) as server:
        found = findings(world, "--nameserver", server)
    for subject in ("mail", "tls", "spf", "dkim", "dmarc", "alignment", "mx", "one-click"):
        assert found[subject]["level"] == "fine", found[subject]
    assert "offers" in found["mail"]["says"]
    assert "SMTPUTF8" in found["mail"]["says"]
    assert found["dmarc"]["says"] == "_dmarc.example.org: p=quarantine"
    assert found["ptr"]["level"] == "note", "a relay on this machine says nothing of the world"


@pytest.mark.parametrize(
    ("name", "kind", "records", "subject", "words"),
    [
        ("news.example.org", "TXT", [], "spf", "has no SPF record"),
        ("news.example.org", "TXT", ['"v=spf1 -all"'] * 1 + ['"v=spf1 ~all"'], "spf", "several"),
        ("news.example.org", "TXT", ['"v=spf1 +all"'], "spf", "lets anybody send"),
        ("news.example.org", "TXT", ['"v=spf1 ipv4:192.0.2.1 -all"'], "spf", "no word of SPF"),
        ("news.example.org", "TXT", ['"v=spf1 include:no.example -all"'], "spf", "no SPF record"),
        (
            "news.example.org", "TXT",
            ['"v=spf1 ' + " ".join(f"exists:{n}.example" for n in range(11)) + ' -all"'],
            "spf", "needs 11 lookups",
        ),
        ("_dmarc.example.org", "TXT", [], "dmarc", "has no DMARC record"),
        ("_dmarc.example.org", "TXT", ['"v=DMARC1; pct=5"'], "dmarc", "has no policy"),
        ("news.example.org", "A", [], "site", "DNS knows no address"),
        ("2024a._domainkey.news.example.org", "TXT", [], "dkim", "has no record"),
        ("2024a._domainkey.news.example.org", "TXT", ['"v=DKIM1; p=AAAA"'], "dkim", "another key"),
        ("news.example.org", "MX", ["0 ."], "mx", "says that it takes no mail"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_dns_is_named(
    world: Path, name: str, kind: str, records: list[str], subject: str, words: str
) -> None:
    with serving_dns({**signed(world), (name, kind): records}) as server:
        found = findings(world, "--nameserver", server)
    assert found[subject]["level"] == "wrong", found[subject]
    assert words in found[subject]["says"]
    assert found[subject]["do"]


def test_dns_that_is_silent_is_said_and_not_guessed(world: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        start = time.monotonic()
        found = findings(world, "--nameserver", f"127.0.0.1:{silent.getsockname()[1]}")
    assert time.monotonic() - start < 30
    assert found["dns"]["level"] == "unknown"
    assert "does not answer" in found["dns"]["says"]
    assert "spf" not in found


def test_a_sender_that_nothing_proves_is_named(world: Path) -> None:
    setting(world, '# domain = ""', 'domain = "other.example"')
    setting(world, '# bounce_address = ""', 'bounce_address = "b@bounces.example"')
    with serving_dns(signed(world)) as server:
        found = findings(world, "--nameserver", server)
    assert "so DMARC fails" in found["alignment"]["says"]


def test_a_domain_that_takes_no_mail_is_named(world: Path) -> None:
    zone = {**signed(world), ("news.example.org", "MX"): [], ("news.example.org", "A"): []}
    with serving_dns(zone) as server:
        found = findings(world, "--nameserver", server)
    assert found["mx"]["says"] == "news.example.org takes no mail: it has no MX"
    assert found["mx"]["level"] == "wrong"


@pytest.mark.parametrize(
    ("name", "expired", "level", "words"),
    [
        ("news.example.org", False, "note", "ends on"),
        ("news.example.org", True, "wrong", "expired"),
        ("other.example", False, "wrong", "not valid for 'news.example.org'"),
    ],
)
def test_the_certificate_that_readers_see_is_looked_at(
    world: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch,
    name: str, expired: bool, level: str, words: str,
) -> None:  # fmt: skip
    authority = Authority(tmp_path_factory.mktemp("tls"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with serving_tls(authority.server(name, expired=expired)) as port:
        setting(
            world, 'url = "https://news.example.org"', f'url = "https://news.example.org:{port}"'
        )
        with serving_dns(signed(world)) as server:
            found = findings(world, "--nameserver", server)["site"]
    assert found["level"] == level
    assert words in found["says"]


def test_a_site_that_cannot_be_reached_from_here_is_not_called_wrong(world: Path) -> None:
    setting(world, 'url = "https://news.example.org"', 'url = "https://news.example.org:1"')
    with serving_dns(signed(world)) as server:
        found = findings(world, "--nameserver", server)["site"]
    assert found["level"] == "unknown"
    assert "127.0.0.1 port 1" in found["says"]


@contextmanager
def serving_tls(context: ssl.SSLContext) -> Iterator[int]:
    """The port of a server that shakes hands once, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def answer() -> None:
            with suppress(OSError), context.wrap_socket(listener.accept()[0], True) as tls:
                tls.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            thread.join()


def test_a_mail_server_that_is_away_is_named(world: Path, relay: int) -> None:
    setting(world, f"127.0.0.1:{relay}", "127.0.0.1:1")
    with serving_dns(signed(world)) as server:
        found = findings(world, "--nameserver", server)
    assert found["mail"]["level"] == "wrong"
    assert found["mail"]["says"].startswith("127.0.0.1:1: ")
    assert found["spf"]["level"] == "fine", "one check stops no other"


def test_a_mailbox_for_bounces_that_cannot_be_opened_is_named(world: Path) -> None:
    with serving_dns(signed(world)) as server:
        assert "nobody reads" in findings(world, "--nameserver", server)["bounces"]["says"]
        setting(world, '# mailbox = ""', 'mailbox = "maildir:bounces"')
        found = findings(world, "--nameserver", server)["bounces"]
        assert (found["level"], found["do"]) == ("wrong", "mend that, and run doctor again")
        (world / "bounces" / "new").mkdir(parents=True)
        assert findings(world, "--nameserver", server)["bounces"]["level"] == "fine"
