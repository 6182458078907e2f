"""What is handed out to workers: shards of one provider, again where lost, never in vain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import BrokerError
from publisher.model import DeliveryState
from publisher.pipeline.carrying import AGAIN, FEW, HandedFeeds, hand_out_feeds
from publisher.pipeline.shards import LARGE, SHARD, HandedOut, Shard, cut_up, hand_out
from publisher.store.shards import Row
from tests.desk import Desk, desk_of
from tests.postgres import Server


@dataclass
class Carried:
    """A broker that keeps what it was given, and may be away."""

    shards: list[Shard] = field(default_factory=list)
    feeds: list[int] = field(default_factory=list)
    is_away: bool = False

    def deliver_shard(self, edition_id: int, shard: Shard) -> None:
        if self.is_away:
            raise BrokerError("away")
        self.shards.append(shard)

    def build_feed(self, feed_id: int) -> None:
        self.feeds.append(feed_id)


@pytest.fixture
def desk(postgres_server: Server, tmp_path: Path) -> Iterator[Desk]:
    with postgres_server.database() as url, desk_of(url, tmp_path) as one:
        for number in range(3):
            one.read_by(f"reader{number}@example.org")
        one.publish("Ferry")
        yield one


def handed_out(desk: Desk, handed: HandedOut, carried: Carried) -> int:
    return hand_out(desk.newsroom, desk.the_list(), desk.cut(), handed, carried, desk.now)


def domain(email: str) -> str:
    return email.rpartition("@")[2]


@given(st.lists(st.integers(0, 2 * SHARD + LARGE), max_size=4))
def test_shards_hold_everybody_once_and_large_domains_apart(sizes: list[int]) -> None:
    rows, of = list[Row](), dict[int, str]()
    for number, size in enumerate(sizes):
        for _ in range(size):
            of[len(rows)] = f"d{number}.example"
            rows.append(Row(len(rows), f"a@d{number}.example"))
    shards = list(cut_up(rows, domain))
    assert sorted(one for shard in shards for one in shard) == list(range(len(rows)))
    for shard in shards:
        assert 0 < len(shard) <= SHARD
        domains = {of[one] for one in shard}
        assert len(domains) == 1 or all(sizes[int(one[1])] < LARGE for one in domains)


def test_nothing_is_handed_out_twice_while_it_is_on_its_way(desk: Desk) -> None:
    handed, carried = HandedOut(), Carried()
    assert handed_out(desk, handed, carried) == 1
    assert handed_out(desk, handed, carried) == 0
    assert [len(shard) for shard in carried.shards] == [3]


def test_what_is_lost_on_its_way_is_handed_out_again(desk: Desk) -> None:
    handed, carried = HandedOut(), Carried()
    handed_out(desk, handed, carried)
    desk.now += AGAIN + timedelta(seconds=1)
    assert handed_out(desk, handed, carried) == 1
    assert carried.shards[0] == carried.shards[1]


def test_whoever_leads_next_hands_out_what_is_not_done(desk: Desk) -> None:
    first, second = Carried(), Carried()
    handed_out(desk, HandedOut(), first)
    edition = desk.cut()
    desk.deliver(edition, shard=first.shards[0][:1])
    assert desk.states(edition) == {DeliveryState.ACCEPTED: 1, DeliveryState.PENDING: 2}
    handed_out(desk, HandedOut(), second)
    assert second.shards == [first.shards[0][1:]]


def test_a_shard_that_comes_twice_is_sent_once(desk: Desk) -> None:
    handed, carried = HandedOut(), Carried()
    handed_out(desk, handed, carried)
    edition = desk.cut()
    for _ in range(2):
        desk.deliver(edition, shard=carried.shards[0])
    assert len(desk.box.letters) == 3
    handed_out(desk, handed, carried)
    assert handed.shards == {}


def test_what_the_broker_did_not_take_is_not_on_its_way(desk: Desk) -> None:
    handed, carried = HandedOut(), Carried(is_away=True)
    with pytest.raises(BrokerError):
        handed_out(desk, handed, carried)
    assert handed.shards == {}


def test_a_few_feeds_are_built_at_once_and_many_handed_out(desk: Desk) -> None:
    handed: HandedFeeds = {}
    carried = Carried()
    assert not hand_out_feeds(desk.newsroom, carried, handed, desk.now)
    for number in range(FEW + 1):
        desk.publish(f"Story {number}", f"Category {number}")
    assert hand_out_feeds(desk.newsroom, carried, handed, desk.now)
    assert len(carried.feeds) == len(set(carried.feeds)) > FEW
    before = len(carried.feeds)
    assert hand_out_feeds(desk.newsroom, carried, handed, desk.now)
    assert len(carried.feeds) == before
    later = desk.now + AGAIN + timedelta(seconds=1)
    assert hand_out_feeds(desk.newsroom, carried, handed, later)
    assert len(carried.feeds) == 2 * before
