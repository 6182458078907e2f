"""The ledger's turns: which rows are sent next, and what is written down about each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher.delivery.transport import Letter, RefusedError, Transport, UnreachableError
from publisher.errors import DeliveryError
from publisher.model import DeliveryState
from publisher.store import deliveries
from publisher.store.deliveries import Due, Outcome
from publisher.store.engine import Store

# So many letters, and no more, can be in doubt after a crash.
GROUP = 100

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Progress:
    """A group has been dealt with: so many letters, and the outcome of each."""

    outcomes: tuple[Outcome, ...]


def deliver(
    store: Store,
    edition_id: int,
    letter: Callable[[Due], Letter],
    transport: Transport,
    now: Clock,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Progress]:
    """Send what is pending of an edition, group by group, until nothing is or `stopping()` says so.

    A row is marked as being sent before its letter may leave, and its outcome is written after
    the answer. Raises UnreachableError if mail cannot leave now; what was not taken is pending.
    """
    with transport:
        while not stopping():
            with store.write() as session:
                due = deliveries.claim(session, edition_id, GROUP, now())
            if not due:
                return
            outcomes, trouble = _attempt_all(transport, letter, due, stopping)
            with store.write() as session:
                deliveries.record(session, outcomes, now())
            yield Progress(tuple(o for o in outcomes if o.state is not DeliveryState.PENDING))
            if trouble:
                raise trouble


def _attempt_all(
    transport: Transport,
    letter: Callable[[Due], Letter],
    due: Sequence[Due],
    stopping: Callable[[], bool],
) -> tuple[list[Outcome], UnreachableError | None]:
    outcomes: list[Outcome] = []
    for number, one in enumerate(due):
        if stopping():
            return outcomes + [
                Outcome(left.id, DeliveryState.PENDING, "") for left in due[number:]
            ], None
        try:
            outcomes.append(_attempt(transport, letter, one))
        except UnreachableError as trouble:
            back = [Outcome(left.id, DeliveryState.PENDING, str(trouble)) for left in due[number:]]
            return outcomes + back, trouble
    return outcomes, None


def _attempt(transport: Transport, letter: Callable[[Due], Letter], due: Due) -> Outcome:
    try:
        reply = transport.send(letter(due))
    except RefusedError as error:
        state = DeliveryState.FAILED if error.permanent else DeliveryState.DEFERRED
        return Outcome(due.id, state, error.reply)
    except UnreachableError:
        raise
    except DeliveryError as error:
        return Outcome(due.id, DeliveryState.UNCERTAIN, str(error))
    except ValueError as error:  # an address or a name that no header can hold
        return Outcome(due.id, DeliveryState.FAILED, str(error))
    return Outcome(due.id, DeliveryState.ACCEPTED, reply)
