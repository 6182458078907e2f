"""`publisher webhook`: addresses that are told of what happens."""

from __future__ import annotations

from typing import Any

import click

from publisher.cli.common import as_json, counted, newsroom_of, now, print_json
from publisher.errors import UsageError
from publisher.pipeline import webhooks
from publisher.store import webhooks as stored
from publisher.store.engine import Session


@click.group("webhook")
def webhook_command() -> None:
    """Add, list and remove webhooks (docs/api.md)."""


@webhook_command.command("add")
@click.argument("url")
@click.option(
    "--event", "events", multiple=True, required=True, type=click.Choice(list(webhooks.EVENTS)),
    help="What it is told of; may stand several times.",
)  # fmt: skip
@click.pass_context
def add_command(context: click.Context, url: str, events: tuple[str, ...]) -> None:
    """Have URL told of events. The secret that signs them is shown now, and never again."""
    with newsroom_of(context) as newsroom:
        made = webhooks.add(newsroom, url, events, now())
    click.echo(made.secret)
    click.echo(f"webhook {made.id}: what it is sent is signed with this secret", err=True)


@webhook_command.command("list")
@as_json
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List the webhooks, what they are told of, and what is wrong with them."""
    with newsroom_of(context) as newsroom, newsroom.store.read() as session:
        waiting = stored.waiting(session)
        rows: list[dict[str, Any]] = [
            {
                "id": one.id, "url": one.url, "events": events, "created": one.created,
                "waiting": waiting.get(one.id, 0), "failing_since": one.failing_since,
                "answer": one.answer,
            }
            for one, events in stored.every(session)
        ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['id']:>4}  {row['url']}: {', '.join(row['events'])}")
        if row["waiting"] or row["answer"]:
            click.echo(f"      {counted(row['waiting'], 'message')} waiting; {row['answer']}")
    if not rows:
        click.echo("No webhooks yet: `publisher webhook add URL --event article.published`")


def webhook_status(session: Session) -> list[dict[str, Any]]:
    """The webhooks that do not take what they are sent. Of the address only the host is named: the
    rest may be a secret."""
    waiting = stored.waiting(session)
    return [
        {
            "id": one.id, "host": one.host, "since": one.failing_since, "why": one.answer,
            "waiting": waiting.get(one.id, 0),
        }
        for one, _ in stored.every(session)
        if one.failing_since
    ]  # fmt: skip


def show_webhooks(found: list[dict[str, Any]]) -> None:
    """The same in words."""
    for one in found:
        click.echo(
            f"webhook {one['id']} at {one['host']} has failed since {one['since']:%Y-%m-%d %H:%M}: "
            f"{one['why']} ({counted(one['waiting'], 'message')} waiting)"
        )


@webhook_command.command("remove")
@click.argument("webhook_id", type=int, metavar="ID")
@click.pass_context
def remove_command(context: click.Context, webhook_id: int) -> None:
    """Tell a webhook nothing more."""
    with newsroom_of(context) as newsroom, newsroom.store.write() as session:
        if not stored.remove(session, webhook_id):
            raise UsageError(f"there is no webhook {webhook_id}; `publisher webhook list`")
    click.echo(f"webhook {webhook_id} is removed")
