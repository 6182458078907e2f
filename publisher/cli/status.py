"""`publisher status`: how things stand, on one screen."""

from __future__ import annotations

from typing import Any

import click

from publisher.cli.backup import ways_on
from publisher.cli.common import as_json, counted, newsroom_of, now, print_json
from publisher.cli.sending import reasons_of, why
from publisher.cli.webhook import show_webhooks, webhook_status
from publisher.cli.websub_status import show_websub, websub_status
from publisher.model import Edition, EditionState
from publisher.pipeline.remarks import remarks
from publisher.store import (
    articles,
    deliveries,
    editions,
    feeds,
    notice_ledger,
    pauses,
    stale,
    subscribers,
)
from publisher.store.engine import Session

SHOWN = 10
UNFINISHED = (EditionState.HELD, EditionState.CUT, EditionState.STOPPED)
STATES = {
    "held": "is held until its time",
    "cut": "is not sent to the end",
    "stopped": "is stopped",
    "sent": "is sent",
    "empty": "was empty",
    "skipped": "was skipped",
}


@click.command("status")
@as_json
@click.pass_context
def status_command(context: click.Context, as_json: bool) -> None:
    """Show on one screen how things stand: articles, feeds, lists, and what needs a hand."""
    with newsroom_of(context) as newsroom, newsroom.store.read() as session:
        config = newsroom.config
        aside = articles.all_set_aside(session)
        waiting = {one.list_name: one.reason for one in pauses.all_pauses(session)}
        found = {
            "articles": articles.count(session),
            "feeds": len(feeds.published(session, config.feeds.kinds)),
            "feeds_out_of_date": len(feeds.stale(session, config.feeds.kinds)),
            "articles_waiting": stale.count(session),
            "lists": [
                {
                    "name": one.name,
                    "subscribers": subscribers.count_by_state(session, one.name),
                    "waits": waiting.get(one.name),
                    "latest_edition": editions.latest_date(session, one.name),
                    "latest": _latest(session, one.name),
                    "unfinished": [
                        _edition(session, edition)
                        for edition in editions.in_state(session, one.name, *UNFINISHED)
                    ],
                }
                for one in config.lists
            ],
            "websub": websub_status(session, config, now()),
            "notices": notice_ledger.count_by_state(session),
            "webhooks": webhook_status(session),
            "remarks": remarks(newsroom, now()),
            "set_aside": [
                {"where": f"{one.origin}:{one.line}" if one.line else one.origin, "why": one.reason}
                for one in aside
            ],
        }
    if as_json:
        print_json(found)
        return
    _show(found)


def _latest(session: Session, name: str) -> dict[str, Any] | None:
    """The latest edition of a list that was cut."""
    day = editions.latest_date(session, name)
    found = editions.find(session, name, day) if day else None
    return _edition(session, found) if found else None


def _edition(session: Session, edition: Edition) -> dict[str, Any]:
    return {
        "date": edition.local_date,
        "state": edition.state,
        "trouble": edition.trouble,
        "deliveries": deliveries.count_by_state(session, edition.id),
        "reasons": reasons_of(session, edition.id),
    }


def _show(found: dict[str, Any]) -> None:
    numbers = {name: value for name, value in found.items() if isinstance(value, int)}
    click.echo(
        f"{counted(numbers['articles'], 'article')}, {counted(numbers['feeds'], 'feed')}; "
        f"{counted(numbers['articles_waiting'], 'change')} waiting, "
        f"{counted(numbers['feeds_out_of_date'], 'feed')} out of date"
    )
    for one in _rows(found["lists"]):
        _show_list(one)
    show_websub(found["websub"])
    show_webhooks(found["webhooks"])
    mails = found["notices"]
    if isinstance(mails, dict) and mails:
        click.echo("other mails: " + ", ".join(f"{n:,} {s}" for s, n in sorted(mails.items())))
    for line in _lines(found["remarks"]):
        click.echo(line)
    aside = _rows(found["set_aside"])
    if aside:
        click.echo(f"{counted(len(aside), 'piece')} set aside:")
    for one in aside[:SHOWN]:
        click.echo(f"  {one['where']}: {one['why']}")
    if len(aside) > SHOWN:
        click.echo(f"  … and {len(aside) - SHOWN:,} more (--json names all)")


def _show_list(one: dict[str, Any]) -> None:
    people = ", ".join(f"{n:,} {s}" for s, n in sorted(one["subscribers"].items())) or "nobody"
    click.echo(f"list {one['name']}: {people}{'' if one['latest'] else '; no edition yet'}")
    if one["waits"]:
        click.echo(f"  WAITS: {one['waits']}")
        for line in ways_on(one["name"]):
            click.echo(f"    {line}")
    latest = one["latest"]
    if latest and latest["state"] not in UNFINISHED:
        _show_edition(latest, "")
    for edition in one["unfinished"]:
        _show_edition(edition, ": not begun")


def _show_edition(edition: dict[str, Any], without: str) -> None:
    states = ", ".join(f"{n:,} {s}" for s, n in sorted(edition["deliveries"].items()))
    how = STATES[edition["state"]]
    click.echo(f"  edition of {edition['date']} {how}{f': {states}' if states else without}")
    if edition["trouble"]:
        click.echo(f"    it waits: {edition['trouble']}")
    for line in why(edition["reasons"]):
        click.echo(f"  {line}")


def _rows(value: object) -> list[dict]:  # type: ignore[type-arg]
    return value if isinstance(value, list) else []


def _lines(value: object) -> list[str]:
    return value if isinstance(value, list) else []
