"""How things stand with WebSub, as a part of `publisher status`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from publisher.cli.common import counted
from publisher.config import Config
from publisher.store import hub_requests, hubs, websub
from publisher.store.engine import Session

SHOWN = 10


def websub_status(session: Session, config: Config, now: datetime) -> dict[str, Any]:
    """Our subscribers and the hubs elsewhere: how many, what waits, what fails and why.

    Of a callback only the host is named: the rest of its address may be a secret.
    """
    ours = websub.standing(session, now)
    return {
        "own_hub": config.websub.own,
        "subscriptions": ours.subscriptions,
        "deliveries_waiting": ours.waiting,
        "requests_waiting": hub_requests.count(session),
        "troubled": [
            {
                "host": one.host,
                "topic": one.topic,
                "since": one.failing_since,
                "next_try": one.due,
                "why": one.answer,
            }
            for one in ours.troubled
        ],
        "hubs": [
            {
                "url": one.hub.url,
                "feeds_waiting": one.waiting,
                "failing_since": one.hub.failing_since,
                "next_try": one.hub.due if one.hub.failing_since else None,
                "why": one.hub.answer,
            }
            for one in hubs.standing(session, config.websub.hubs)
        ],
    }


def show_websub(found: dict[str, Any]) -> None:
    """The same in a few lines; none where WebSub is not used."""
    if found["own_hub"] or found["subscriptions"]:
        click.echo(
            f"WebSub: {counted(found['subscriptions'], 'subscription')}; "
            f"{counted(found['deliveries_waiting'], 'delivery', 'deliveries')} and "
            f"{counted(found['requests_waiting'], 'request')} waiting"
        )
    for one in found["troubled"][:SHOWN]:
        when = f"next try {_time(one['next_try'])}" if one["next_try"] else "waits for a change"
        click.echo(f"  {one['host']}, {one['topic']}: {one['why']}; {when}")
    if len(found["troubled"]) > SHOWN:
        click.echo(f"  … and {len(found['troubled']) - SHOWN:,} more (--json names all)")
    for one in found["hubs"]:
        line = f"hub {one['url']}: {counted(one['feeds_waiting'], 'changed feed')} to tell it of"
        if one["failing_since"]:
            line += (
                f"; fails since {_time(one['failing_since'])}: {one['why']}; "
                f"next try {_time(one['next_try'])}"
            )
        click.echo(line)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
