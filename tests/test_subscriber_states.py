"""Who has left stays away, until the reader's own act or the newsroom's explicit reversal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from publisher.model import Cause, SubscriberState, SubscriptionState
from publisher.model.states import LEAVING, OWN_ACTS, Former, Standing

PENDING, ACTIVE, LEFT = SubscriptionState
DELIVERABLE, BOUNCED, COMPLAINED, ERASED = SubscriberState
NEW = Standing()
standings = st.builds(
    Standing, st.sampled_from(SubscriberState), st.sampled_from([None, *SubscriptionState])
)
causes = st.sampled_from(Cause)
STOPPING = LEAVING | {Cause.BOUNCED, Cause.COMPLAINED, Cause.ERASED}
GIVES_BACK = OWN_ACTS | {Cause.RESTORED}


def after(*causes: Cause, start: Standing = NEW) -> Standing:
    for cause in causes:
        start = start.after(cause)
    return start


@pytest.mark.parametrize(
    ("history", "shown"),
    [
        ([Cause.ADDED], "pending"),
        ([Cause.SIGNED_UP], "pending"),
        ([Cause.CONSENT], "active"),
        ([Cause.SIGNED_UP, Cause.CONFIRMED], "active"),
        ([Cause.ADDED, Cause.CONSENT], "active"),
        ([Cause.ADDED, Cause.EXPIRED], ""),
        ([Cause.CONSENT, Cause.ONE_CLICK], "unsubscribed"),
        ([Cause.CONSENT, Cause.ONE_CLICK, Cause.RESUBSCRIBED], "active"),
        ([Cause.CONSENT, Cause.BOUNCED], "bounced"),
        ([Cause.CONSENT, Cause.BOUNCED, Cause.RESTORED], "active"),
        ([Cause.CONSENT, Cause.COMPLAINED], "complained"),
        ([Cause.CONSENT, Cause.COMPLAINED, Cause.RESTORED], "active"),
        ([Cause.CONSENT, Cause.BOUNCED, Cause.COMPLAINED], "complained"),
        ([Cause.CONSENT, Cause.COMPLAINED, Cause.BOUNCED], "complained"),
        ([Cause.CONSENT, Cause.BOUNCED, Cause.MAILTO], "unsubscribed"),
        ([Cause.CONSENT, Cause.ERASED], "erased"),
        ([Cause.CONSENT, Cause.ERASED, Cause.SIGNED_UP, Cause.CONFIRMED], "active"),
    ],
)
def test_a_history_ends_where_it_should(history: list[Cause], shown: str) -> None:
    assert after(*history).shown == shown


@pytest.mark.parametrize("stopped", sorted(STOPPING))
@pytest.mark.parametrize("tried", [Cause.ADDED, Cause.CONSENT, Cause.SIGNED_UP])
def test_no_import_and_no_form_brings_back_who_was_stopped(stopped: Cause, tried: Cause) -> None:
    there = after(Cause.CONSENT, stopped)
    assert there.after(tried).shown == there.shown
    assert not after(tried, Cause.CONSENT, tried, start=there).gets_editions


def test_a_bounce_leaves_the_subscriptions_alone_and_a_complaint_ends_them() -> None:
    assert after(Cause.CONSENT, Cause.BOUNCED).subscription is ACTIVE
    assert after(Cause.CONSENT, Cause.COMPLAINED).subscription is LEFT


def test_an_erased_address_comes_back_by_its_owner_alone() -> None:
    there = Standing(ERASED)
    assert after(Cause.RESTORED, Cause.CONSENT, start=there) == there
    assert after(Cause.SIGNED_UP, Cause.CONFIRMED, start=there).gets_editions


def test_who_has_complained_is_known_as_that_when_erased_and_gets_no_confirm_mail() -> None:
    there = after(Cause.CONSENT, Cause.COMPLAINED, Cause.ERASED)
    assert there.address is COMPLAINED
    assert not there.takes_confirmation
    assert after(Cause.SIGNED_UP, start=there).subscription is None


def test_a_reversal_goes_back_to_what_was_before() -> None:
    was_pending = Former(subscription=PENDING)
    assert Standing(DELIVERABLE, LEFT).after(Cause.RESTORED, was_pending).subscription is PENDING
    assert Standing(DELIVERABLE, ACTIVE).after(Cause.RESTORED, was_pending).subscription is ACTIVE


@given(standings, causes)
def test_the_same_cause_twice_changes_nothing_more(there: Standing, cause: Cause) -> None:
    once = there.after(cause)
    assert once.after(cause) == once


@given(standings, causes)
def test_mail_goes_only_where_both_states_allow_it(there: Standing, cause: Cause) -> None:
    found = there.after(cause)
    assert found.gets_editions == (found.shown == "active")
    if found.gets_editions and not there.gets_editions:
        assert cause in GIVES_BACK | {Cause.CONSENT}


class Life(RuleBasedStateMachine):
    """One address and one list, for as long as it takes."""

    @initialize()
    def unknown(self) -> None:
        self.standing = NEW
        self.is_stopped = False

    @rule(cause=causes, former=st.builds(Former, subscription=st.sampled_from([PENDING, ACTIVE])))
    def happens(self, cause: Cause, former: Former) -> None:
        before, self.standing = self.standing, self.standing.after(cause, former)
        if cause in STOPPING:
            self.is_stopped = True
        elif cause in GIVES_BACK and self.standing != before:
            self.is_stopped = False

    @invariant()
    def nothing_is_sent_to_who_was_stopped(self) -> None:
        if self.is_stopped:
            assert not self.standing.gets_editions


TestLife = Life.TestCase
