"""Work that others are to do, where the config names a broker to carry it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.sequencer import sequence
from publisher.store import feeds
from publisher.store.editions import FEED as EDITIONS

# So few feeds are built sooner than they are handed out.
FEW = 10
# What is not done after so long, and not being done, is handed out once more.
AGAIN = timedelta(seconds=30)

# Version of each feed that was handed out (by id), and when.
HandedFeeds = dict[int, tuple[int, datetime]]


class Carrier(Protocol):
    """Carries work to those who do it."""

    def deliver_shard(self, edition_id: int, shard: tuple[int, ...]) -> None:
        """Let these rows of the edition's ledger be sent. Raises BrokerError."""

    def build_feed(self, feed_id: int) -> None:
        """Let the files of a feed be built. Raises BrokerError."""


def hand_out_feeds(
    newsroom: Newsroom, carrier: Carrier, handed: HandedFeeds, now: datetime
) -> bool:
    """Hand out the feeds that are out of date; False where they are so few that they are better
    built at once. Raises BrokerError."""
    while sequence(newsroom, now):
        pass
    with newsroom.store.read() as session:
        stale = feeds.stale(session, (*newsroom.config.feeds.kinds, EDITIONS))
        due = {feed.id: feed.version for feed in stale}
    for gone in handed.keys() - due.keys():
        del handed[gone]
    if len(due) <= FEW:
        return False
    for feed_id, version in due.items():
        known = handed.get(feed_id)
        if known is None or known[0] != version or now - known[1] > AGAIN:
            carrier.build_feed(feed_id)
            handed[feed_id] = version, now
    return True
