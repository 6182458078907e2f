"""Several connections to several servers, in an event loop of its own.

Parcels wait in one queue. Each connection takes the next when it has room, so a slow one takes
few; where several servers have room, their weights decide whose turn it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence

from publisher.delivery.smtp.channel import LostError
from publisher.delivery.smtp.opening import Manners, OpeningError, opened
from publisher.delivery.smtp.relay import Relay, Terms
from publisher.delivery.smtp.transfer import Parcel, Transfer
from publisher.delivery.transport import Answer, Fate, UnreachableError

# An idle connection is closed before the server loses patience.
IDLE_SECONDS = 15.0
# So many letters are written at once, ahead of their turn: one by one between sends, the same work
# takes more than twice as long.
AHEAD = 100

log = logging.getLogger(__name__)


class Engine:
    """Everything here runs in the event loop; `transport.py` is the way in from other threads."""

    def __init__(self, terms: Sequence[Terms], manners: Manners) -> None:
        self._relays = [Relay(one) for one in terms]
        self._manners = manners
        self._queue: deque[Parcel] = deque()
        self._lines: set[asyncio.Task[None]] = set()
        self._idle: list[_Line] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._is_ending = False

    def put(self, parcels: Sequence[Parcel]) -> None:
        """Send these as soon as there is room."""
        self._queue.extend(parcels)
        self.work()

    def recall(self, outlet: object) -> None:
        """Give back what this outlet has in the queue."""
        for parcel in [one for one in self._queue if one.outlet is outlet]:
            self._queue.remove(parcel)
            parcel.outlet.answer(Answer(parcel.item, Fate.KEPT))

    async def end(self) -> None:
        """Take leave of the servers. Nothing is on its way any more."""
        self._is_ending = True
        for timer in (self._alarm, self._sweep):
            if timer is not None:
                timer.cancel()
        for line in list(self._idle):
            line.wake()
        if self._lines:
            _, late = await asyncio.wait(self._lines, timeout=self._manners.patience.data)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def take(self, relay: Relay) -> Parcel | None:
        """The next parcel for a connection to that server, with its letter."""
        if not self._queue or not self._is_its_turn(relay):
            return None
        while self._queue and not self._queue[0].is_written:
            self._write_ahead()
        if not self._queue:
            return None
        relay.charge(self._now)
        return self._queue.popleft()

    def _write_ahead(self) -> None:
        """Write the letters whose turn comes next; who cannot be written to is answered."""
        parcels = [self._queue.popleft() for _ in range(min(AHEAD, len(self._queue)))]
        ready = [one for one in parcels if one.is_written or one.outlet.write(one)]
        self._queue.extendleft(reversed(ready))

    def back(self, parcel: Parcel) -> None:
        """A parcel goes over another connection, behind the others: it may be what breaks them."""
        self._queue.append(parcel)

    def work(self) -> None:
        """Match what waits with who has room."""
        if self._is_ending or not self._queue:
            return
        now = self._now()
        if not self._lines and all(one.is_out(now) for one in self._relays):
            self._give_all_back()
            return
        self._stir()
        for relay in sorted(self._relays, key=lambda one: one.passed):
            while relay.may_open(now, len(self._queue)):
                self._open(relay)

    def rest(self, line: _Line) -> None:
        """A connection has nothing to do."""
        line.rests_since = self._now()
        self._idle.append(line)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._dismiss)
        if self._queue:  # it was not its turn, so it is another's
            asyncio.get_running_loop().call_soon(self._stir)

    def unrest(self, line: _Line) -> None:
        """It has, or is to end."""
        self._idle.remove(line)

    def _dismiss(self) -> None:
        """End the connections that have had nothing to do for long."""
        self._sweep = None
        oldest = self._now() - IDLE_SECONDS
        for line in list(self._idle):
            line.wake(needed=line.rests_since > oldest)
        if self._idle:
            self._sweep = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._dismiss)

    def _stir(self) -> None:
        """Wake the idle connections whose turn it is; or look again when it will be."""
        now = self._now()
        ready = [one for one in self._idle if not one.relay.bucket.wait(now)]
        ready.sort(key=lambda one: one.relay.passed)
        for line in ready[: len(self._queue)]:
            line.wake()
        waits = [max(one.rest(now), one.bucket.wait(now)) for one in self._relays]
        soonest = min((wait for wait in waits if wait > 0), default=0.0)
        if soonest and self._queue:
            if self._alarm is not None:
                self._alarm.cancel()
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(soonest + 0.001, self.work)

    @property
    def is_ending(self) -> bool:
        """Whether connections are to end."""
        return self._is_ending

    def _is_its_turn(self, relay: Relay) -> bool:
        if len(self._relays) == 1:
            return not relay.bucket.rate or not relay.bucket.wait(self._now())
        now = self._now()
        rivals = {one.relay for one in self._idle} - {relay}
        able = (one.passed for one in rivals if not one.bucket.wait(now))
        return not relay.bucket.wait(now) and relay.passed <= min(able, default=relay.passed)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _open(self, relay: Relay) -> None:
        relay.opening += 1
        task = asyncio.get_running_loop().create_task(self._serve(relay))
        self._lines.add(task)
        task.add_done_callback(self._on_end)

    def _on_end(self, task: asyncio.Task[None]) -> None:
        self._lines.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a connection ended by a fault of ours", exc_info=error)
        self.work()

    async def _serve(self, relay: Relay) -> None:
        """One connection's life."""
        try:
            channel, features = await opened(relay.terms.server, self._manners)
        except OpeningError as error:
            if relay.refused(str(error), self._now(), lasting=error.lasting):
                log.warning("%s", _explained(relay))
            return
        except BaseException:
            relay.refused("broken off", self._now(), lasting=False)
            raise
        relay.opened()
        self.work()
        line = _Line(self, relay)
        transfer = Transfer(channel, features, self._manners.patience, line, relay.limit)
        reason = "broken off"
        try:
            await transfer.run()
            reason = ""
        except LostError as error:
            reason = str(error)
        finally:
            cut_short = transfer.was_cut_short
            if relay.ended(transfer.done, reason, self._now(), cut_short=cut_short):
                log.warning("%s", _explained(relay))

    def _give_all_back(self) -> None:
        """No server can be used now."""
        trouble = "; ".join(_explained(one) for one in self._relays)
        for parcel in self._queue:
            parcel.outlet.fail(UnreachableError(trouble))
            parcel.outlet.answer(Answer(parcel.item, Fate.KEPT, said=trouble))
        self._queue.clear()


def _explained(relay: Relay) -> str:
    place = relay.terms.server.place
    return f"the mail server {place} cannot be used: {relay.trouble}; see mail.transport"


class _Line:
    """A connection's supply: the queue, as far as its server may take from it."""

    def __init__(self, engine: Engine, relay: Relay) -> None:
        self._engine, self.relay = engine, relay
        self._waiter: asyncio.Future[bool] | None = None
        self.rests_since = 0.0

    def take(self) -> Parcel | None:
        """See `transfer.Supply`."""
        return self._engine.take(self.relay)

    async def next(self) -> Parcel | None:
        """See `transfer.Supply`."""
        while not self._engine.is_ending:
            if parcel := self.take():
                return parcel
            if not await self._rest():
                return None
        return None

    def back(self, parcel: Parcel) -> None:
        """See `transfer.Supply`."""
        self._engine.back(parcel)

    def wake(self, *, needed: bool = True) -> None:
        """Look again, or end."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(needed)

    async def _rest(self) -> bool:
        """Wait to be woken; false if that took so long that the connection is not needed."""
        self._waiter = asyncio.get_running_loop().create_future()
        self._engine.rest(self)
        try:
            return await self._waiter
        finally:
            self._engine.unrest(self)
            self._waiter = None
