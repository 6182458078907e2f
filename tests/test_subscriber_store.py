"""What is stored follows what was decided, is logged, and costs no more than it must."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import event

from publisher.errors import UsageError
from publisher.model import Cause, NoticeKind, SubscriberState, Transition
from publisher.model.states import Standing
from publisher.pipeline import subscribing
from publisher.pipeline.forgetting import erase, forget_unconfirmed
from publisher.pipeline.newsroom import Newsroom
from publisher.store import acts, erasing, notice_ledger, notices, subscribers, transitions
from publisher.store.engine import Session, Store, open_store
from publisher.store.subscribers import Place, Wish
from tests.factories import join
from tests.mailroom import ADA, NOW, mailroom, the_list, tick

BY_ACT = [Cause.CONFIRMED, Cause.UNSUBSCRIBE_LINK, Cause.ONE_CLICK, Cause.RESUBSCRIBED]


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


class Lives(RuleBasedStateMachine):
    """Whatever happens to an address on a list, the store has it where the pure rules put it, and
    the log ends with it."""

    file: Path

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name)
        shutil.copyfile(self.file, path / "x.db")
        self.room = mailroom(f"sqlite:///{path / 'x.db'}", path)
        self.newsroom: Newsroom = self.room.__enter__()
        self.standing = Standing()
        self.now = NOW

    def teardown(self) -> None:
        self.room.__exit__(None, None, None)
        self.folder.cleanup()

    def place(self, session: Session) -> Place:
        return subscribers.places(session, "daily", [ADA])[ADA]

    @rule(confirmed=st.booleans())
    def newsroom_adds(self, confirmed: bool) -> None:
        with self.newsroom.store.write() as session:
            join(session, "daily", [ADA], confirmed=confirmed, now=self.now)
        self.standing = self.standing.after(Cause.CONSENT if confirmed else Cause.ADDED)

    @rule()
    def somebody_fills_in_the_form(self) -> None:
        subscribing.sign_up(self.newsroom, the_list(self.newsroom), Wish(ADA), self.now)
        self.standing = self.standing.after(Cause.SIGNED_UP)

    @rule(cause=st.sampled_from(BY_ACT))
    def reader_acts(self, cause: Cause) -> None:
        with self.newsroom.store.write() as session:
            place = self.place(session)
            if place.subscriber is None or place.subscription is None:
                return
            acts.act(session, "daily", place, cause, self.now)
        self.standing = self.standing.after(cause)

    @rule(cause=st.sampled_from([Cause.BOUNCED, Cause.COMPLAINED]))
    def mail_comes_back(self, cause: Cause) -> None:
        with self.newsroom.store.write() as session:
            place = self.place(session)
            if place.subscriber is None or place.suppression is not None:
                return
            acts.stop(session, place.subscriber.id, cause, self.now)
        self.standing = self.standing.after(cause)

    @rule()
    def newsroom_erases(self) -> None:
        try:
            erase(self.newsroom, ADA, self.now)
        except UsageError:
            return
        self.standing = self.standing.after(Cause.ERASED)

    @rule(days=st.integers(1, 20))
    def days_go_by(self, days: int) -> None:
        self.now += timedelta(days=days)
        tick(self.newsroom, self.now)
        if forget_unconfirmed(self.newsroom, self.now):
            self.standing = self.standing.after(Cause.EXPIRED)

    @invariant()
    def the_store_has_it_where_the_rules_put_it(self) -> None:
        with self.newsroom.store.read() as session:
            place = self.place(session)
            assert acts.standing(place) == self.standing
            is_active = place.suppression is None and self.standing.gets_editions
            assert subscribers.has_active(session, "daily") == is_active
            if place.subscriber is not None and place.subscription is not None:
                last = transitions.last(session, place.subscriber.id, "daily")
                assert last is not None
                assert last.after == place.subscription.state
                address = transitions.last(session, place.subscriber.id, "")
                known = address.after if address else SubscriberState.DELIVERABLE
                assert known == place.subscriber.state


@pytest.fixture(autouse=True)
def _where_lives_begin(migrated_file: Path) -> None:
    Lives.file = migrated_file


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=30, stateful_step_count=12, deadline=None)


def asked_of(store: Store, work: Callable[[], object]) -> list[tuple[str, Any]]:
    """Every statement that the work sends to the database."""
    asked: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
        asked.append((statement, values))

    event.listen(store.engine, "before_cursor_execute", hear)
    work()
    event.remove(store.engine, "before_cursor_execute", hear)
    return asked


def put(store: Store, number: int, prefix: str = "r", **more: Any) -> None:
    with store.write() as session:
        people = [f"{prefix}{n}@example.org" for n in range(number)]
        join(session, "daily", [*people], **more)


def test_people_are_put_on_a_list_in_as_many_statements_whatever_their_number(
    store: Store,
) -> None:
    put(store, 1, "first")
    few = len(asked_of(store, lambda: put(store, 5, "few", confirmed=False)))
    many = len(asked_of(store, lambda: put(store, 400, "many", confirmed=False)))
    assert many <= few + 4  # some drivers send a large INSERT in parts
    again = asked_of(store, lambda: put(store, 400, "many", confirmed=False))
    assert len(again) <= few


def test_a_list_is_read_a_batch_at_a_time_whatever_its_length(store: Store) -> None:
    for part in range(3):
        put(store, 1000, f"p{part}-")
    with store.read() as session:
        asked = asked_of(store, lambda: len(list(subscribers.active(session, "daily"))))
        assert len([one for one in asked if one[0].startswith("SELECT")]) == 4
        assert len(list(subscribers.listed(session, "daily"))) == 3000
        ids = [one.subscriber_id for one in subscribers.active(session, "daily")]
    assert len(set(ids)) == 3000


def test_counts_tell_the_states_of_addresses_from_those_of_subscriptions(store: Store) -> None:
    put(store, 4, "active")
    put(store, 3, "pending", confirmed=False)
    with store.write() as session:
        join(session, "weekly", ["active0@example.org"])
        for address, cause in (("active0", Cause.COMPLAINED), ("pending0", Cause.BOUNCED)):
            person = subscribers.by_email(session, f"{address}@example.org")
            assert person is not None
            acts.stop(session, person.id, cause, NOW)
    with store.read() as session:
        assert subscribers.count_by_state(session, "daily") == {
            "active": 3, "pending": 2, "complained": 1, "bounced": 1,
        }  # fmt: skip
        assert subscribers.count_by_state(session, "weekly") == {"complained": 1}


@pytest.mark.parametrize(
    "work",
    [
        lambda session: list(islice(subscribers.active(session, "daily"), 5)),
        lambda session: list(islice(subscribers.listed(session, "daily"), 5)),
        lambda session: subscribers.has_active(session, "daily"),
        lambda session: erasing.expired(session, NOW, 10),
        lambda session: notice_ledger.is_work(session, NOW),
        lambda session: notices.last_due(session, NoticeKind.CONFIRM, "daily", 1),
        lambda session: subscribers.by_handle(session, 1),
        lambda session: transitions.of(session, 1),
    ],
)
def test_what_is_asked_often_is_answered_from_an_index(
    migrated_file: Path, tmp_path: Path, work: Callable[[Session], object]
) -> None:
    file = tmp_path / "x.db"
    shutil.copyfile(migrated_file, file)
    store = open_store(f"sqlite:///{file}")
    with store.read() as session:
        for statement, values in asked_of(store, lambda: work(session)):
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            steps = [row[3] for row in plan]
            assert not [step for step in steps if "SCAN" in step or "TEMP B-TREE" in step], steps
    store.close()


def test_the_log_is_only_added_to(store: Store) -> None:
    put(store, 1)
    with store.write() as session:
        place = subscribers.places(session, "daily", ["r0@example.org"])["r0@example.org"]
        for hours, cause in enumerate([Cause.ONE_CLICK, Cause.RESUBSCRIBED, Cause.MAILTO]):
            moment: datetime = NOW + timedelta(hours=hours)
            place = acts.act(session, "daily", place, cause, moment, f"note {hours}")
    with store.read() as session:
        rows: list[Transition] = list(transitions.of(session, 1))
        assert [(one.before, one.after, one.cause, one.note) for one in rows] == [
            ("", "active", "consent", "a test"),
            ("active", "unsubscribed", "one-click", "note 0"),
            ("unsubscribed", "active", "resubscribed", "note 1"),
            ("active", "unsubscribed", "mailto", "note 2"),
        ]
        assert rows[-1].at == NOW + timedelta(hours=2)
