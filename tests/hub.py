"""A newsroom with a hub of its own, for tests: a clock that is turned by hand, and few words."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from publisher.config import Config
from publisher.model import HubMode, HubRequest, HubSubscription
from publisher.pipeline.at_once import drive
from publisher.pipeline.build import syndicate
from publisher.pipeline.hub import Asked, Verifications, accept
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.websub import push_due
from tests.test_publishing import CONTENT, NOW, sql, store

SITE = "https://news.example"
TOPIC = f"{SITE}/feeds/town/atom.xml"


class Clock:
    """Says the time that it was set to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


def config(store_url: str, root: Path, **websub: Any) -> Config:
    """A site with a hub; its callbacks may be on this machine, and have little time."""
    settings = {"own": True, "private_addresses": True, "timeout_seconds": 2.0, **websub}
    return Config.model_validate(
        {
            "root": root,
            "site": {"title": "News", "url": SITE},
            "store": {"url": store_url},
            "websub": settings,
        }
    )


def publish(newsroom: Newsroom, number: int = 1) -> None:
    """Store so many articles, and publish them."""
    many = [replace(CONTENT, title=f"Story {n}", slug=f"story-{n}") for n in range(number)]
    store(newsroom, *many)
    syndicate(newsroom, NOW)


def change(newsroom: Newsroom, title: str) -> None:
    """Change every article, and publish that."""
    sql(newsroom, "UPDATE article SET title = :title", title=title)
    syndicate(newsroom, NOW)


def verify(newsroom: Newsroom, clock: Clock) -> int:
    """Ask the callbacks that are to be asked; how many were."""
    return asyncio.run(drive(Verifications(newsroom, clock)))


def subscribe(newsroom: Newsroom, clock: Clock, callback: str, **more: Any) -> None:
    """Subscribe a callback, and ask it."""
    asked = {"mode": HubMode.SUBSCRIBE, "topic": TOPIC, "callback": callback, **more}
    accept(newsroom, Asked(**asked))
    verify(newsroom, clock)


def push(newsroom: Newsroom, clock: Clock) -> int:
    """Send what is due; how many tries that were."""
    return push_due(newsroom, clock)


def subscriptions(newsroom: Newsroom) -> list[HubSubscription]:
    """Everybody who has subscribed."""
    with newsroom.store.read() as session:
        return list(session.scalars(select(HubSubscription).order_by(HubSubscription.id)))


def requests(newsroom: Newsroom) -> list[HubRequest]:
    """The requests whose callbacks are still to be asked."""
    with newsroom.store.read() as session:
        return list(session.scalars(select(HubRequest).order_by(HubRequest.id)))
