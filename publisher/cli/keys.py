"""`publisher keys`: what signs the links of mails."""

from __future__ import annotations

import click

from publisher.cli.common import as_json, newsroom_of, now, print_json
from publisher.errors import UsageError
from publisher.model import KeyUse, SigningKey
from publisher.store import keys
from publisher.store.engine import Session


@click.group("keys")
def keys_command() -> None:
    """List and rotate the keys that sign the links of mails."""


@keys_command.command("list")
@as_json
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List the keys: since when they sign, and what they are good for. Secrets are not shown."""
    with newsroom_of(context) as newsroom, newsroom.store.read() as session:
        rows = _rows(session)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['id']:>4}  {row['created']:%Y-%m-%d %H:%M}  {row['state']}")
    if not rows:
        click.echo("No keys yet: the first mail makes one.")


@keys_command.command("rotate")
@click.pass_context
def rotate_command(context: click.Context) -> None:
    """Make a new key, which signs from now on. Links in mails that were sent keep working."""
    with newsroom_of(context) as newsroom, newsroom.store.write() as session:
        made = keys.make(session, KeyUse.LINKS, now())
    click.echo(f"key {made.id} signs from now on; the ones before it are still believed")


@keys_command.command("revoke")
@click.argument("key_id", type=int, metavar="ID")
@click.pass_context
def revoke_command(context: click.Context, key_id: int) -> None:
    """Believe a key no more, because somebody else may have it.

    The links of all mails that it signed stop working, those to unsubscribe too.
    """
    with newsroom_of(context) as newsroom, newsroom.store.write() as session:
        key = _key(session, key_id)
        valid = keys.valid(session, KeyUse.LINKS)
        if valid and valid[-1].id == key.id:
            raise UsageError(f"key {key_id} is the one that signs; `publisher keys rotate` first")
        key.revoked = key.revoked or now()
    click.echo(f"key {key_id} is revoked; `publisher keys restore {key_id}` reverses that")


@keys_command.command("restore")
@click.argument("key_id", type=int, metavar="ID")
@click.pass_context
def restore_command(context: click.Context, key_id: int) -> None:
    """Believe a revoked key again."""
    with newsroom_of(context) as newsroom, newsroom.store.write() as session:
        _key(session, key_id).revoked = None
    click.echo(f"key {key_id} is believed again")


def _rows(session: Session) -> list[dict[str, object]]:
    found = keys.of_links(session)
    valid = [key.id for key in found if key.revoked is None]
    return [
        {"id": key.id, "created": key.created, "revoked": key.revoked, "state": _state(key, valid)}
        for key in found
    ]


def _state(key: SigningKey, valid: list[int]) -> str:
    if key.revoked is not None:
        return f"revoked {key.revoked:%Y-%m-%d %H:%M}"
    return "signs" if key.id == valid[-1] else "believed"


def _key(session: Session, key_id: int) -> SigningKey:
    found = next((key for key in keys.of_links(session) if key.id == key_id), None)
    if found is None:
        raise UsageError(f"there is no key {key_id}; `publisher keys list` names them")
    return found
