"""Who has left, bounced or complained comes back by themselves, or by a reversal that is logged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.errors import BadLinkError, ExpiredLinkError, UsageError, WrongLinkError
from publisher.model import Cause, KeyUse
from publisher.pipeline import subscribing
from publisher.pipeline.forgetting import erase
from publisher.pipeline.newsroom import Newsroom
from publisher.store import keys
from publisher.store.subscribers import Wish
from publisher.tokens import Purpose
from tests.factories import join
from tests.mailroom import (
    ADA,
    DAY,
    HOUR,
    NOW,
    history,
    left_by_link,
    letters,
    mailroom,
    put,
    state,
    stop,
    the_list,
    tick,
    token_in,
)  # fmt: skip


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with mailroom(store_url, tmp_path) as made:
        yield made


def sign_up(newsroom: Newsroom) -> None:
    subscribing.sign_up(newsroom, the_list(newsroom), Wish(ADA), NOW)


def test_who_has_just_left_and_signs_up_again_is_asked_at_once(newsroom: Newsroom) -> None:
    sign_up(newsroom)
    tick(newsroom)
    subscribing.confirm(newsroom, token_in(letters(newsroom)[0], "confirm"), NOW + HOUR)
    subscribing.unsubscribe_address(newsroom, ADA, "daily", Cause.ONE_CLICK, NOW + 2 * HOUR)
    for minute in (1, 2):
        moment = NOW + 2 * HOUR + timedelta(minutes=minute)
        subscribing.sign_up(newsroom, the_list(newsroom), Wish(ADA), moment)
    tick(newsroom, NOW + 3 * HOUR)
    subjects = [str(one["Subject"]).split()[0] for one in letters(newsroom, ADA)]
    assert sorted(subjects) == ["Please", "Please", "You"]


def test_an_old_yes_does_not_bring_back_who_has_left_since(newsroom: Newsroom) -> None:
    sign_up(newsroom)
    tick(newsroom)
    token = token_in(letters(newsroom)[0], "confirm")
    subscribing.confirm(newsroom, token, NOW + HOUR)
    subscribing.unsubscribe_address(newsroom, ADA, "daily", Cause.MAILTO, NOW + 2 * HOUR)
    with pytest.raises(ExpiredLinkError):
        subscribing.confirm(newsroom, token, NOW + 3 * HOUR)
    assert state(newsroom, ADA) == "unsubscribed"


def test_a_form_leaves_who_has_left_as_they_are_until_they_say_yes(newsroom: Newsroom) -> None:
    left_by_link(newsroom)
    subscribing.sign_up(newsroom, the_list(newsroom), Wish(ADA), NOW + DAY)
    assert state(newsroom, ADA) == "unsubscribed"
    with newsroom.store.write() as session:
        join(session, "daily", [ADA])
    assert state(newsroom, ADA) == "unsubscribed"
    assert tick(newsroom, NOW + DAY) == ["accepted"]
    token = token_in(letters(newsroom, ADA)[-1], "confirm")
    assert subscribing.confirm(newsroom, token, NOW + DAY).state == "active"


def test_who_bounced_may_try_again_and_is_back_everywhere_after_a_yes(newsroom: Newsroom) -> None:
    put(newsroom, ADA)
    put(newsroom, ADA, list_name="weekly")
    stop(newsroom, Cause.BOUNCED)
    assert (state(newsroom, ADA), state(newsroom, ADA, "weekly")) == ("bounced", "bounced")
    sign_up(newsroom)
    assert tick(newsroom) == ["accepted"]
    subscribing.confirm(newsroom, token_in(letters(newsroom, ADA)[0], "confirm"), NOW)
    assert (state(newsroom, ADA), state(newsroom, ADA, "weekly")) == ("active", "active")


def test_leaving_is_one_act_and_its_mail_has_a_way_back(newsroom: Newsroom) -> None:
    back = left_by_link(newsroom)
    assert state(newsroom, ADA) == "unsubscribed"
    assert letters(newsroom, ADA)[-1]["Subject"] == "You have left Daily digest"
    assert subscribing.resubscribe(newsroom, back, NOW + DAY).state == "active"
    assert [row[3] for row in history(newsroom)] == ["consent", "one-click", "resubscribed"]


def test_the_links_of_an_erased_reader_are_dead(newsroom: Newsroom) -> None:
    back = left_by_link(newsroom)
    erase(newsroom, ADA, NOW)
    with pytest.raises(BadLinkError):
        subscribing.resubscribe(newsroom, back, NOW)


@pytest.mark.parametrize("cause", [Cause.BOUNCED, Cause.COMPLAINED])
def test_the_newsroom_can_reverse_what_stopped_an_address(newsroom: Newsroom, cause: Cause) -> None:
    put(newsroom, ADA)
    put(newsroom, ADA, list_name="weekly")
    subscribing.unsubscribe_address(newsroom, ADA, "weekly", Cause.ONE_CLICK, NOW)
    stop(newsroom, cause)
    subscribing.restore(newsroom, ADA, None, "She rang us up", NOW)
    assert (state(newsroom, ADA), state(newsroom, ADA, "weekly")) == ("active", "unsubscribed")
    reversal = ("", str(cause), "deliverable", "restored", "She rang us up")
    assert reversal in history(newsroom)


def test_a_complaint_is_reversed_on_every_list_that_it_ended(newsroom: Newsroom) -> None:
    put(newsroom, ADA)
    put(newsroom, ADA, list_name="weekly")
    stop(newsroom, Cause.COMPLAINED)
    restored = subscribing.restore(newsroom, ADA, None, "She rang us up", NOW)
    assert restored == ["address", "daily", "weekly"]
    assert (state(newsroom, ADA), state(newsroom, ADA, "weekly")) == ("active", "active")


def test_a_complainer_who_comes_back_to_one_list_is_back_on_that_one_only(
    newsroom: Newsroom,
) -> None:
    back = left_by_link(newsroom)
    put(newsroom, ADA, list_name="weekly")
    stop(newsroom, Cause.COMPLAINED)
    subscribing.resubscribe(newsroom, back, NOW + DAY)
    assert (state(newsroom, ADA), state(newsroom, ADA, "weekly")) == ("active", "unsubscribed")


@pytest.mark.parametrize(
    ("address", "list_name", "said"),
    [
        (ADA, None, r"was not stopped; name a list that it has left: --list \(daily\)"),
        (ADA, "daily", "has not left daily"),
        (ADA, "weekly", "has never been on weekly"),
        ("bo@example.org", None, "there is nobody with the address"),
        ("no address", None, "is no address"),
    ],
)
def test_what_cannot_be_reversed_says_why(
    newsroom: Newsroom, address: str, list_name: str | None, said: str
) -> None:
    put(newsroom, ADA)
    with pytest.raises(UsageError, match=said):
        subscribing.restore(newsroom, address, list_name, "why", NOW)


def test_links_are_for_one_thing_and_survive_a_rotation(newsroom: Newsroom) -> None:
    back = left_by_link(newsroom)
    for wrong in (subscribing.confirm, subscribing.unsubscribe):
        with pytest.raises(WrongLinkError):
            wrong(newsroom, back, NOW)
    with newsroom.store.write() as session:
        keys.make(session, KeyUse.LINKS, NOW)
    assert subscribing.resubscribe(newsroom, back, NOW).state == "active"
    with newsroom.store.write() as session:
        keys.of_links(session)[0].revoked = NOW
    with pytest.raises(BadLinkError):
        subscribing.resubscribe(newsroom, back, NOW)


def test_no_link_works_before_there_is_a_key(newsroom: Newsroom) -> None:
    with pytest.raises(BadLinkError):
        subscribing.look(newsroom, Purpose.UNSUBSCRIBE, "abc.def", NOW)
