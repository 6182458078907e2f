"""An edition in shards, for many workers at once.

Who hands them out remembers them only to hand out nothing twice in vain: another one, or the same
after a crash, begins with nothing and hands out everything that is due. The ledger alone decides
who sends what, so a shard that is lost, or comes twice, does no harm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from publisher.config import MailingList
from publisher.delivery import owner
from publisher.errors import DeliveryError, TemplateError
from publisher.model import Edition
from publisher.pipeline.carrying import AGAIN, Carrier
from publisher.pipeline.editions import note_trouble
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.press import Press
from publisher.pipeline.sending import conclude, renewed
from publisher.store import deliveries, shards, workers
from publisher.store.shards import Row

# So many letters a shard at most, so that one takes a worker seconds, not minutes.
SHARD = 1000
# A domain, or a group of them, with fewer letters than this shares a shard with others.
LARGE = 200
# So many shards of an edition are on their way at the same time.
AHEAD = 40

Shard = tuple[int, ...]


def cut_up(rows: Iterable[Row], group: Callable[[str], str]) -> Iterator[Shard]:
    """Rows as shards: those of one group of domains together, and those of small ones. Pure."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for row in rows:
        groups[group(row.email)].append(row.id)
    small: list[int] = []
    for ids in groups.values():
        if len(ids) < LARGE:
            small += ids
        else:
            yield from _parts(ids)
    yield from _parts(small)


def _parts(ids: Sequence[int]) -> Iterator[Shard]:
    return (tuple(ids[start : start + SHARD]) for start in range(0, len(ids), SHARD))


@dataclass(slots=True)
class HandedOut:
    """The shards of one edition that are on their way, and since when."""

    shards: dict[Shard, datetime] = field(default_factory=dict)

    @property
    def ids(self) -> set[int]:
        """All rows in them."""
        return {one for shard in self.shards for one in shard}

    def forget(self, left: dict[int, bool], now: datetime) -> None:
        """Drop what is done, and what nobody does; `left` is what `store.shards.left` found."""
        for shard, since in list(self.shards.items()):
            mine = [left[one] for one in shard if one in left]
            if not mine or (now - since > AGAIN and not any(mine)):
                del self.shards[shard]


def hand_out(
    newsroom: Newsroom,
    one: MailingList,
    edition: Edition,
    handed: HandedOut,
    carrier: Carrier,
    now: datetime,
) -> int:
    """Hand out what is due of an edition and not on its way; how many shards that were.

    First all that one process alone has to do: the text as it stands, the variants, the rows of
    those who have died. Raises BrokerError, TemplateError.
    """
    try:
        current = renewed(newsroom, one, edition, now)
        if current.prepared_at is None:
            press = Press(newsroom, one, current)
            press.announce()
            press.prepare(now)
    except (DeliveryError, TemplateError) as error:
        note_trouble(newsroom, one, edition.local_date, str(error))
        raise
    recover(newsroom, edition, now)
    new = _next(newsroom, edition, handed, now)
    for shard in new:
        carrier.deliver_shard(edition.id, shard)
        handed.shards[shard] = now
    if not handed.shards:
        conclude(newsroom, edition, now)
    return len(new)


def recover(newsroom: Newsroom, edition: Edition, now: datetime) -> int:
    """Give what dead senders were sending its state after a crash; how many letters that were."""
    ledger = deliveries.ledger_of(edition.id, owner.new_name())
    state = newsroom.policy.after_crash
    with closing(newsroom.store.turns()) as turns, turns.turn() as connection:
        return ledger.recover(
            connection,
            lambda name: owner.is_dead(name, workers.alive_until(connection, name), now),
            state,
            now,
        )


def _next(newsroom: Newsroom, edition: Edition, handed: HandedOut, now: datetime) -> list[Shard]:
    with newsroom.store.read() as session:
        known = handed.ids
        if known:
            handed.forget(shards.left(session, sorted(known), now), now)
            known = handed.ids
        room = (AHEAD - len(handed.shards)) * SHARD
        if room <= 0:
            return []
        rows = shards.due(session, edition.id, now, len(known) + room)
    new = [row for row in rows if row.id not in known]
    return list(cut_up(new[:room], newsroom.policy.group))
