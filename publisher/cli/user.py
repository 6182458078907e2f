"""`publisher user`: who may sign in at the desk."""

from __future__ import annotations

import sys

import click

from publisher.cli.common import as_json, counted, newsroom_of, now, print_json
from publisher.errors import UsageError
from publisher.model import Role, User
from publisher.pipeline import users


@click.group("user")
def user_command() -> None:
    """Say who may sign in at the desk (docs/desk.md)."""


@user_command.command("add")
@click.argument("name")
@click.option(
    "--role", type=click.Choice([str(one) for one in Role]), default=str(Role.EDITOR),
    show_default=True, help="An editor writes and sends; an operator also sees readers.",
)  # fmt: skip
@click.pass_context
def add_command(context: click.Context, name: str, role: str) -> None:
    """Let somebody called NAME sign in. The password is asked for, or read from standard input."""
    password = _password()
    with newsroom_of(context) as newsroom:
        made = users.add(newsroom, name, Role(role), password, now())
        address = newsroom.config.site.url
    click.echo(f"{made.name} may sign in as {made.role}: {address}/desk/")


@user_command.command("list")
@as_json
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List who may sign in."""
    with newsroom_of(context) as newsroom:
        found = users.every(newsroom)
    if as_json:
        print_json([_row(one) for one in found])
        return
    for one in found:
        last = f"{one.last_sign_in:%Y-%m-%d %H:%M}" if one.last_sign_in else "never"
        click.echo(f"{one.name}  {one.role}; last signed in: {last}")
    if not found:
        click.echo("Nobody yet: `publisher user add NAME --role operator` makes the first one.")


@user_command.command("password")
@click.argument("name")
@click.pass_context
def password_command(context: click.Context, name: str) -> None:
    """Give somebody another password, and sign them out everywhere."""
    password = _password()
    with newsroom_of(context) as newsroom:
        ended = users.set_password(newsroom, name, password)
    click.echo(f"{name} has a new password; {counted(ended, 'session')} ended")


@user_command.command("remove")
@click.argument("name")
@click.pass_context
def remove_command(context: click.Context, name: str) -> None:
    """Let somebody sign in no more, and sign them out at once. What they wrote stays."""
    with newsroom_of(context) as newsroom:
        users.remove(newsroom, name)
    click.echo(f"{name} may not sign in any more")


def _password() -> str:
    """Never from the command line, where other programs could read it."""
    if sys.stdin.isatty():
        text: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return text
    line = sys.stdin.readline()
    if not line:
        raise UsageError("no password was given; type it, or send it as a line of standard input")
    return line.rstrip("\r\n")


def _row(one: User) -> dict[str, object]:
    return {
        "name": one.name, "role": one.role, "created": one.created,
        "last_sign_in": one.last_sign_in,
    }  # fmt: skip
