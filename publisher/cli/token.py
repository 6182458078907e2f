"""`publisher token`: which programs may use the API."""

from __future__ import annotations

import click

from publisher.cli.common import as_json, newsroom_of, now, print_json
from publisher.model import AccessToken, Scope
from publisher.pipeline import access


@click.group("token")
def token_command() -> None:
    """Make, list and revoke the access tokens of programs that use the API (docs/api.md)."""


@token_command.command("new")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice([str(s) for s in Scope]),
    help="What it is good for; may stand several times.",
)  # fmt: skip
@as_json
@click.pass_context
def new_command(context: click.Context, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Make a token for a program called NAME. It is shown now, and never again."""
    with newsroom_of(context) as newsroom:
        made, text = access.new_token(newsroom, name, scopes, now())
    if as_json:
        print_json({**_row(made), "token": text})
        return
    click.echo(text)
    click.echo("Keep it like a password: it is not shown again.", err=True)


@token_command.command("list")
@as_json
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List the tokens: what they are good for, and when they were used last."""
    with newsroom_of(context) as newsroom:
        found = access.tokens(newsroom)
    if as_json:
        print_json([_row(one) for one in found])
        return
    for one in found:
        click.echo(f"{one.id:>4}  pub_{one.handle}_…  {one.name}: {', '.join(one.scopes)}")
        click.echo(f"      {_history(one)}")
    if not found:
        click.echo("No tokens yet: `publisher token new NAME --scope articles:write` makes one.")


@token_command.command("revoke")
@click.argument("token_id", type=int, metavar="ID")
@click.pass_context
def revoke_command(context: click.Context, token_id: int) -> None:
    """Believe a token no more, from its next request on."""
    with newsroom_of(context) as newsroom:
        found = access.revoke(newsroom, token_id, now())
    click.echo(f"the token {token_id} ({found.name}) is revoked")


def _row(one: AccessToken) -> dict[str, object]:
    return {
        "id": one.id, "handle": one.handle, "name": one.name, "scopes": one.scopes,
        "created": one.created, "last_used": one.last_used, "revoked": one.revoked,
    }  # fmt: skip


def _history(one: AccessToken) -> str:
    parts = [f"made {one.created:%Y-%m-%d}"]
    parts.append(f"last used {one.last_used:%Y-%m-%d %H:%M}" if one.last_used else "never used")
    if one.revoked is not None:
        parts.append(f"revoked {one.revoked:%Y-%m-%d %H:%M}")
    return ", ".join(parts)
