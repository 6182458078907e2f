"""`publisher digest pause` and `skip`: a whole list waits; what is due counts as sent."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from publisher.cli.common import counted, newsroom_of, now
from publisher.pipeline import editions, pauses


@click.command("pause")
@click.argument("list_name", metavar="LIST")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d"]),
    help="Up to when the ledger is known to be right, where the database was put back by hand.",
)
@click.option("--reason", default="an operator said so", help="Why, for `publisher status`.")
@click.pass_context
def pause_command(
    context: click.Context, list_name: str, since: datetime | None, reason: str
) -> None:
    """Let the list wait: no edition is made or sent by itself until you say how it goes on."""
    moment = since.astimezone(UTC) if since else now()
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        pauses.pause(newsroom, one, moment, reason)
    click.echo(f"{one.name} waits; digest resume, send or skip lets it go on")


@click.command("skip")
@click.argument("list_name", metavar="LIST")
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The edition; what is due, if none."
)
@click.pass_context
def skip_command(context: click.Context, list_name: str, day: datetime | None) -> None:
    """Count as sent what is due or half sent, so that nobody gets it (again), and go on.

    After a restore: import what was published since the backup first, so that it counts, too.
    """
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        skipped = pauses.skip(newsroom, one, day.date() if day else None, now())
    for edition in skipped:
        letters = counted(edition.letters, "letter")
        click.echo(f"{one.name}, edition of {edition.day}: counts as sent; {letters} stay unsent")
    if not skipped:
        click.echo(f"{one.name}: nothing is due; it goes on")
