"""Mail leaves no faster than it may, and a domain that complains is heard."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from publisher.delivery.throttle import HORIZON, Bucket, Throttle
from publisher.model import Delivery
from publisher.store.engine import Store, open_store
from tests.sending import NOW, edition, policy, said, send, smtp, states
from tests.smtp_server import Session, running


@pytest.fixture
def store(migrated_file: object, store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


@given(st.floats(0.1, 1000), st.lists(st.floats(0, 3), max_size=200))
def test_a_bucket_never_gives_more_than_its_rate(rate: float, pauses: list[float]) -> None:
    bucket, now, given_at = Bucket(rate), 0.0, []
    for pause in pauses:
        now += pause
        now += bucket.wait(now)
        bucket.take(now)
        given_at.append(now)
    for first in range(len(given_at)):
        in_a_second = [at for at in given_at[first:] if at < given_at[first] + 1]
        assert len(in_a_second) <= rate + max(1, 0.1 * rate) + 1


def test_a_bucket_that_gives_when_asked_keeps_its_rate() -> None:
    bucket, now = Bucket(50.0), 0.0
    for _ in range(500):
        now += bucket.wait(now)
        bucket.take(now)
    assert 9.8 <= now <= 10.0
    assert bucket.available(now, 100) == 0
    assert bucket.available(now + 0.1, 100) == 5
    assert Bucket(0).available(0, 100) == 100
    assert Bucket(0).wait(0) == 0


def schedule(throttle: Throttle, emails: list[str]) -> list[float]:
    """When each letter leaves, if those that have to come back do so in time."""
    left: list[float] = []
    queue = [(0.0, number, email) for number, email in enumerate(emails)]
    while queue:
        queue.sort()
        now, number, email = queue.pop(0)
        wait = throttle.wait(email, now)
        if wait <= HORIZON:
            left.append(now + wait)
        else:
            queue.append((now + wait, number, email))
    return sorted(left)


def test_a_domain_gets_its_rate_and_the_others_do_not_wait_for_it() -> None:
    throttle = Throttle(0.0, {"slow.example": ("slow.example", 10.0)})
    left = schedule(throttle, [f"r{n}@slow.example" for n in range(300)])
    assert 28.5 <= left[-1] <= 31
    for n in range(0, 290, 10):
        assert 0.7 <= left[n + 10] - left[n] <= 1.4
    assert throttle.wait("a@other.example", 0.0) == 0


def test_domains_of_one_group_share_its_limit() -> None:
    group = ("gmail.com", 10.0)
    throttle = Throttle(0.0, {"gmail.com": group, "googlemail.com": group})
    emails = [f"r{n}@{'googlemail' if n % 2 else 'GMAIL'}.com" for n in range(100)]
    assert 8.5 <= schedule(throttle, emails)[-1] <= 11


def test_every_domain_has_the_general_limit_for_itself() -> None:
    throttle = Throttle(10.0)
    emails = [f"r{n}@{n % 5}.example" for n in range(100)]
    assert 1.5 <= schedule(throttle, emails)[-1] <= 2.5


def test_a_domain_that_complains_is_slowed_by_half_and_recovers_slowly() -> None:
    throttle, now = Throttle(), 1000.0
    assert throttle.is_free
    throttle.note(["a@b.example"] * 600, now - 5)
    assert throttle.slow("a@b.example", now) == pytest.approx(60, rel=0.01)
    assert not throttle.is_free
    assert throttle.slow("x@B.example", now + 5) is None, "that was about the same burst"
    assert throttle.slow("a@b.example", now + 11) == pytest.approx(30, rel=0.01)
    assert throttle.wait("a@other.example", now + 11) == 0
    for minute in range(1, 5):
        throttle.wait("a@b.example", now + 11 + 60 * minute)
    pace = throttle._domain("b.example", now).bucket.rate
    assert pace == pytest.approx(30 * 1.25**4, rel=0.01)
    throttle.wait("a@b.example", now + 3600)
    assert throttle._domain("b.example", now).bucket.rate == 0, "free again"


def test_a_domain_is_never_stopped_for_good() -> None:
    throttle = Throttle()
    for n in range(50):
        throttle.slow("a@b.example", 100.0 * n)
    assert throttle.slow("a@b.example", 10_000) == pytest.approx(1 / 60)
    assert throttle.wait("a@b.example", 10_060.0) <= 60


def test_a_million_domains_take_no_room_for_ever() -> None:
    throttle = Throttle(5.0)
    for n in range(50_000):
        throttle.wait(f"a@{n}.example", n * 0.01)
    assert len(throttle._domains) <= 10_001


def test_mail_leaves_at_the_rate_of_the_config(store: Store) -> None:
    edition_id = edition(store, 60)
    with running() as server:
        start = time.monotonic()
        send(store, edition_id, smtp(server.url()), policy=policy(per_second=50))
        took = time.monotonic() - start
    assert states(store, edition_id) == {"accepted": 60}
    assert took > 1.0


def test_a_relay_gets_no_more_than_its_rate(store: Store) -> None:
    edition_id = edition(store, 40)
    with running() as server:
        start = time.monotonic()
        send(store, edition_id, smtp(server.url(), messages_per_second=40))
        took = time.monotonic() - start
    assert states(store, edition_id) == {"accepted": 40}
    assert took > 0.8


def test_a_slow_domain_does_not_hold_up_the_others(store: Store) -> None:
    slow = [f"reader{n}@slow.example" for n in range(12)]
    edition_id = edition(store, [*slow, *(f"reader{n}@fast.example" for n in range(100))])
    throttle = Throttle(0.0, {"slow.example": ("slow.example", 4.0)})
    with running() as server:
        send(store, edition_id, smtp(server.url()), policy=policy(throttle=throttle, in_doubt=10))
    assert states(store, edition_id) == {"accepted": 112}
    order = [email.endswith("slow.example") for email in server.recipients]
    assert all(order[-3:]), "the slow ones come last, as their time comes"


def test_a_provider_that_says_too_fast_is_slowed_down(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    edition_id = edition(store, [f"reader{n}@big.example" for n in range(40)])
    refused: list[str] = []

    def script(_session: Session, verb: str, argument: str) -> str | None:
        if verb == "RCPT" and len(refused) < 3:
            refused.append(argument.partition("<")[2].partition("@")[0])
            return "421 4.7.28 our system has detected an unusual rate of mail"
        return None

    with running(script) as server:
        send(store, edition_id, smtp(server.url()))
    counts = states(store, edition_id)
    assert counts["accepted"] == len(server.taken)
    assert sum(counts.values()) == 40
    assert counts["deferred"] == 3
    assert "big.example says that mail comes too fast" in caplog.text
    with store.read() as session:
        dues = session.scalars(select(Delivery.due).where(Delivery.state == "deferred")).all()
    assert all(NOW < due <= NOW + timedelta(minutes=6) for due in dues)
    assert set(said(store, edition_id)) == set(refused)
