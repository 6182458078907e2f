"""`publisher subscribers show|unsubscribe|restore|erase`: one person at a time."""

from __future__ import annotations

from typing import Any

import click

from publisher.cli.common import as_json, counted, newsroom_of, now, print_json
from publisher.errors import UsageError
from publisher.model import Cause
from publisher.pipeline import editions, forgetting, subscribing
from publisher.pipeline.newsroom import Newsroom


@click.command("show")
@click.argument("address")
@as_json
@click.pass_context
def show_command(context: click.Context, address: str, as_json: bool) -> None:
    """Show all that is stored about an address.

    With --json, it is what its owner may ask for (GDPR).
    """
    with newsroom_of(context) as newsroom:
        found = forgetting.everything_about(newsroom, address)
    if as_json:
        print_json(found)
        return
    click.echo(f"{found['email']} {found['name']}".strip() + f": {found['state']}")
    for one in found["subscriptions"]:
        chosen = ", ".join(one["categories"]) or "all categories"
        more = [one["language"], one["timezone"], one["format"]]
        click.echo(f"  {one['list']}: {one['state']}; {chosen}; {', '.join(filter(None, more))}")
    for one in found["history"]:
        click.echo(f"  {one['at'][:19]}  {_step(one)}")
    mails = len(found["editions"]), len(found["other_mails"])
    click.echo(f"{counted(mails[0], 'edition')} and {counted(mails[1], 'other mail')}; see --json")


def _step(one: dict[str, Any]) -> str:
    where = one["list"] or "address"
    note = f" ({one['note']})" if one["note"] else ""
    return f"{where}: {one['before'] or 'new'} → {one['after'] or 'gone'}, {one['cause']}{note}"


@click.command("unsubscribe")
@click.argument("address")
@click.option("--list", "list_name", help="From this list; needed where it is on several.")
@click.option("--all", "every", is_flag=True, help="From every list.")
@click.option("--note", default="", help="Why, for the log.")
@click.pass_context
def unsubscribe_command(
    context: click.Context, address: str, list_name: str | None, every: bool, note: str
) -> None:
    """Take an address off a list.

    A goodbye mail tells it how to come back.
    """
    with newsroom_of(context) as newsroom:
        chosen = None if every else _one_list(newsroom, address, list_name)
        left = subscribing.unsubscribe_address(
            newsroom, address, chosen, Cause.TAKEN_OFF, now(), " ".join(note.split())
        )
    click.echo(f"{address}: taken off {', '.join(left)}" if left else f"{address}: was on none")


def _one_list(newsroom: Newsroom, address: str, list_name: str | None) -> str:
    if list_name is not None:
        return editions.the_list(newsroom, list_name).name
    found = forgetting.everything_about(newsroom, address)
    names = [one["list"] for one in found["subscriptions"] if one["state"] != "unsubscribed"]
    if len(names) > 1:
        raise UsageError(f"{address} is on {', '.join(names)}; name one with --list, or say --all")
    return names[0] if names else ""


@click.command("restore")
@click.argument("address")
@click.option("--list", "list_name", help="A list that it has left, and wants back.")
@click.option("--note", required=True, help="Why: who has asked for it, and how. For the log.")
@click.pass_context
def restore_command(context: click.Context, address: str, list_name: str | None, note: str) -> None:
    """Reverse what stopped the mail to an address.

    A bounce or a complaint; or, with --list, that it has left that list.
    """
    plain = " ".join(note.split())
    if not plain:
        raise UsageError("the note is empty; say who has asked for it, and how")
    with newsroom_of(context) as newsroom:
        if list_name is not None:
            editions.the_list(newsroom, list_name)
        restored = subscribing.restore(newsroom, address, list_name, plain, now())
    click.echo(f"{address}: restored: {', '.join(restored)}")


@click.command("erase")
@click.argument("address")
@as_json
@click.pass_context
def erase_command(context: click.Context, address: str, as_json: bool) -> None:
    """Take an address out of every table, for good (GDPR).

    The ledgers keep their counts. A keyed hash of the address stays, so that no import brings it
    back. What was sent already lies in its mailbox, and old backups hold what they held.
    """
    with newsroom_of(context) as newsroom:
        done = forgetting.erase(newsroom, address, now())
    if as_json:
        print_json({"erased": address, **done})
        return
    said = ", ".join(f"{table}: {number:,}" for table, number in done.items())
    click.echo(f"{address}: erased ({said})")


COMMANDS = (show_command, unsubscribe_command, restore_command, erase_command)
