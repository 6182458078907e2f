"""A site gets a key, tells DNS, and signs its mail."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner, Result

from publisher.cli import main
from publisher.cli.site import make_site
from publisher.delivery.dkim import read_key
from tests.dkim_reader import curve as curve  # a fixture
from tests.dkim_reader import verdicts


def publisher(site: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(site / "config.toml"), *arguments])


def configured(site: Path, *lines: str) -> None:
    """Put lines into [dkim] of the config."""
    config = site / "config.toml"
    config.write_text(config.read_text().replace("[dkim]\n", "\n".join(["[dkim]", *lines, ""])))


def test_a_new_key_signs_what_is_sent(tmp_path: Path) -> None:
    make_site(tmp_path)
    rsa = publisher(tmp_path, "dkim", "new", "2026a")
    assert rsa.exit_code == 0
    assert "2026a._domainkey.localhost. IN TXT ( " in rsa.stdout
    first = rsa.stdout.splitlines()[-1]
    configured(tmp_path, first)
    curve = publisher(tmp_path, "dkim", "new", "2026e", "--type", "ed25519")
    both = curve.stdout.splitlines()[-1]
    assert both == 'keys = ["2026a:dkim/2026a.pem", "2026e:dkim/2026e.pem"]'
    file = tmp_path / "config.toml"
    file.write_text(file.read_text().replace(first, both))

    now = datetime.now(UTC) - timedelta(days=1)
    text = f"---\ntitle: Bridge open\ndate: {now.isoformat()}\n---\nAt last.\n"
    (tmp_path / "news.md").write_text(text)
    added = ("subscribers", "add", "reader@example.org", "--confirmed", "a test")
    assert publisher(tmp_path, "import", str(tmp_path / "news.md")).exit_code == 0
    assert publisher(tmp_path, *added).exit_code == 0
    assert publisher(tmp_path, "digest", "send", "daily").exit_code == 0
    (letter,) = (tmp_path / "mailbox" / "new").iterdir()
    keys = [read_key(name, tmp_path / "dkim" / f"{name}.pem") for name in ("2026a", "2026e")]
    sent = letter.read_bytes().partition(b"Delivered-To: reader@example.org\r\n")[2]
    assert verdicts(sent, keys, "localhost") == [True, True]


def test_a_key_is_for_its_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    make_site(tmp_path)
    assert publisher(tmp_path, "dkim", "new", "2026a").exit_code == 0
    file = tmp_path / "dkim" / "2026a.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    again = publisher(tmp_path, "dkim", "new", "2026a")
    assert again.exit_code == 2
    assert "exists already" in again.stderr
    assert file.read_bytes() == before


def test_a_selector_cannot_leave_the_folder_of_keys(tmp_path: Path) -> None:
    make_site(tmp_path)
    assert publisher(tmp_path, "dkim", "new", "../x").exit_code == 2
    assert publisher(tmp_path, "dkim", "new", "../x", "--type", "ed25519").exit_code == 2


def test_the_records_of_all_keys_are_shown_for_every_domain(tmp_path: Path) -> None:
    make_site(tmp_path)
    assert "makes a key" in publisher(tmp_path, "dkim", "record").stdout
    publisher(tmp_path, "dkim", "new", "2026a")
    configured(tmp_path, 'keys = ["2026a:dkim/2026a.pem"]', 'domain = "news.example"')
    (row,) = json.loads(publisher(tmp_path, "dkim", "record", "--json").stdout)
    key = read_key("2026a", tmp_path / "dkim" / "2026a.pem")
    assert row == {"name": "2026a._domainkey.news.example", "type": "TXT", "text": key.record}


def test_a_key_that_is_missing_stops_the_start_with_its_name(tmp_path: Path) -> None:
    make_site(tmp_path)
    configured(tmp_path, 'keys = ["2026a:dkim/2026a.pem"]')
    found = publisher(tmp_path, "status")
    assert found.exit_code == 2
    assert "dkim/2026a.pem cannot be read" in found.stderr
