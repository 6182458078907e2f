"""`publisher dkim`: keys that sign mail, and what DNS must say of them."""

from __future__ import annotations

import os
from pathlib import Path

import click

from publisher.cli.common import as_json, print_json, read_config
from publisher.config import Config
from publisher.delivery import dkim
from publisher.delivery.dkim import Key
from publisher.delivery.headers import wire
from publisher.errors import UsageError

FOLDER = "dkim"


@click.group("dkim")
def dkim_command() -> None:
    """Make keys that sign mail, and show what must stand in DNS."""


@dkim_command.command("new")
@click.argument("selector")
@click.option(
    "--type", "kind", type=click.Choice(["rsa", "ed25519"]), default="rsa", show_default=True,
    help="Every receiver knows RSA; Ed25519 is shorter, and only good beside it.",
)  # fmt: skip
@click.pass_context
def new_command(context: click.Context, selector: str, kind: str) -> None:
    """Make a key named SELECTOR, such as 2026a, and say what to do with it."""
    config = read_config(context)
    file = config.path(FOLDER) / f"{dkim.checked_selector(selector)}.pem"
    key = dkim.new_key(selector, kind)
    _write(file, dkim.pem(key))
    click.echo(f"The key is in {file}; keep it secret.\n\n1. Put this into DNS:\n")
    for domain in _domains(config):
        click.echo(dkim.zone_line(key, domain))
    named = ", ".join(f'"{one}"' for one in (*config.dkim.keys, f"{selector}:{FOLDER}/{file.name}"))
    click.echo(
        "\n   A form on the web wants the name before IN, and the text without its quotes and gaps."
        f"\n\n2. When DNS has it, put this into the config, under [dkim]:\n\nkeys = [{named}]"
    )


@dkim_command.command("record")
@as_json
@click.pass_context
def record_command(context: click.Context, as_json: bool) -> None:
    """Show the DNS record of every key that the config names."""
    config = read_config(context)
    keys = [
        dkim.read_key(name, config.path(file))
        for name, _, file in (one.partition(":") for one in config.dkim.keys)
    ]
    if as_json:
        print_json([_row(key, domain) for domain in _domains(config) for key in keys])
        return
    for domain in _domains(config):
        for key in keys:
            click.echo(dkim.zone_line(key, domain))
    if not keys:
        click.echo("No mail is signed here: `publisher dkim new SELECTOR` makes a key.")


def _row(key: Key, domain: str) -> dict[str, str]:
    return {"name": f"{key.selector}._domainkey.{domain}", "type": "TXT", "text": key.record}


def _domains(config: Config) -> list[str]:
    """The domains that mail is signed for: the config's, or those of every sender."""
    if config.dkim.domain:
        return [config.dkim.domain]
    senders = [one.sender or config.mail.sender for one in config.lists]
    return sorted({wire(sender).rpartition("@")[2] for sender in senders})


def _write(file: Path, content: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Readable by nobody else from its first moment on, and never over another key.
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "wb") as opened:
            opened.write(content)
    except FileExistsError:
        raise UsageError(f"{file} exists already; a new key needs a selector of its own") from None
    except OSError as error:
        raise UsageError(f"{file} was not written: {error.strerror}") from error
