"""What may be sent a second is a limit on all processes together, not on each."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from publisher.delivery.policy import Policy
from publisher.delivery.shared import SharedBucket, SharedPolicy
from publisher.delivery.throttle import BURST, HORIZON, Throttle
from publisher.errors import StoreError
from publisher.store import paces
from publisher.store.engine import Store, open_store
from tests.postgres import Server
from tests.sending import edition, send, smtp, states, turn
from tests.smtp_server import running

SECONDS = 2.0


@dataclass(frozen=True)
class Item:
    """A letter to an address."""

    email: str
    id: int = 0
    attempts: int = 0


@pytest.fixture
def stores(postgres_server: Server) -> Iterator[Sequence[Store]]:
    """One store, as three processes have it open."""
    with postgres_server.database() as url, ExitStack() as open_ones:
        found = [open_store(url) for _ in range(3)]
        for one in found:
            open_ones.callback(one.close)
        yield found


def policy(store: Store, **more: object) -> SharedPolicy:
    throttle = Throttle(0.0, {"gmail.example": ("gmail", 20.0), "mail.example": ("gmail", 20.0)})
    return SharedPolicy(store, throttle=throttle, **more)


def admitted(one: Policy, email: str, seconds: float) -> int:
    """How many letters a sender may send in that time that always has ten at hand."""
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        at_once, _ = one.admit([Item(email)] * 10, time.monotonic())
        number += len(at_once)
        time.sleep(0.01)
    return number


def most(rate: float, seconds: float) -> float:
    """How many letters a limit allows in that time, and what may go ahead."""
    return rate * (seconds + HORIZON + BURST + 0.2) + 1


def test_a_domains_limit_holds_for_all_together(stores: Sequence[Store]) -> None:
    emails = ["a@gmail.example", "b@mail.example", "c@gmail.example"]
    with ThreadPoolExecutor() as pool:
        work = [
            pool.submit(admitted, policy(store), email, SECONDS)
            for store, email in zip(stores, emails, strict=True)
        ]
        numbers = [one.result() for one in work]
    assert 0.7 * 20 * SECONDS <= sum(numbers) <= most(20, SECONDS), numbers


def test_the_limit_on_all_letters_holds_for_all_together(stores: Sequence[Store]) -> None:
    url_count: list[float] = []
    lock = threading.Lock()

    def work(store: Store) -> None:
        one = policy(store, per_second=20.0)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            with one.share() as share:
                room = share.room(time.monotonic())
                at_once, _ = one.admit([Item("a@b.example")] * room, time.monotonic())
            with lock:
                url_count.extend(time.monotonic() + wait for _, wait in at_once)
            time.sleep(0.01)

    began = time.monotonic()
    with ThreadPoolExecutor() as pool:
        list(pool.map(work, stores))
    leaving = sorted(moment - began for moment in url_count)
    within = sum(1 for one in leaving if one <= SECONDS)
    assert 0.7 * 20 * SECONDS <= within <= most(20, SECONDS)


def test_a_domain_that_is_slowed_by_one_is_slowed_for_all(
    stores: Sequence[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.delivery.shared.LOOK_SECONDS", 0.0)
    first, second, _ = (policy(store) for store in stores)
    first.slow("a@slow.example", time.monotonic())
    at_once, later = second.admit([Item("b@slow.example")] * 5, time.monotonic())
    assert not at_once
    assert len(later) == 5
    assert all(wait > HORIZON for _, wait in later)
    at_once, _ = second.admit([Item("c@quick.example")] * 5, time.monotonic())
    assert len(at_once) == 5


def test_letters_without_a_limit_do_not_ask_the_store(
    stores: Sequence[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = policy(stores[0])
    one.admit([Item("a@free.example")], time.monotonic())
    monkeypatch.setattr(Store, "turns", None)  # whoever asks it now fails
    assert one.admit([Item("a@free.example")] * 3, time.monotonic())[1] == []


def test_letters_wait_while_the_store_does_not_answer(
    stores: Sequence[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = policy(stores[0])

    @contextmanager
    def away(_store: Store) -> Iterator[None]:
        raise StoreError("the store is away")
        yield

    monkeypatch.setattr("publisher.delivery.shared._turn", away)
    at_once, later = one.admit([Item("a@gmail.example")], time.monotonic())
    assert at_once == []
    assert len(later) == 1


def test_a_servers_limit_holds_for_all_together(stores: Sequence[Store]) -> None:
    edition(stores[0], 300)
    rate = 40.0
    with running() as server:
        moments: list[float] = []
        server.script = lambda _s, verb, _a: moments.append(time.monotonic()) if (
            verb == "CONTENT"
        ) else None  # fmt: skip
        stop = time.monotonic() + SECONDS

        def work(store: Store) -> None:
            bucket = SharedBucket(store, "relay", rate)
            out = smtp(server.url("?tls=none"), messages_per_second=rate, bucket=bucket)
            send(store, 1, out, stopping=lambda: time.monotonic() > stop)

        began = time.monotonic()
        with ThreadPoolExecutor() as pool:
            list(pool.map(work, stores))
    took = max(moments) - began
    assert 0.5 * rate * SECONDS <= len(moments) <= most(rate, took)
    assert states(stores[0], 1).get("sending", 0) == 0


def test_limits_that_nobody_uses_any_more_are_forgotten(stores: Sequence[Store]) -> None:
    with turn(stores[0]) as connection:
        _, found = paces.lock(connection, ["old", "slow"])
        paces.keep(connection, {"slow": (1.0, 0.0, 0.0, 5.0, 5.0)})
        assert set(found) == {"old", "slow"}
    with turn(stores[1]) as connection:
        paces.forget(connection)
        assert paces.slowed(connection) == {"slow"}
    with turn(stores[2]) as connection:
        assert paces.lock(connection, ["old", "slow"])[1]["slow"][0] == 1.0
