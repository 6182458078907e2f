"""People join by their own yes, choose for themselves, and leave with one click."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.errors import BadLinkError, ExpiredLinkError
from publisher.model import Cause, Edition, Notice, NoticeKind
from publisher.model.states import Standing
from publisher.newsletter.notices import obstacle
from publisher.pipeline import subscribing
from publisher.pipeline.forgetting import forget_unconfirmed
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.subscribing import Choices
from publisher.store import subscribers
from publisher.store.subscribers import Wish
from publisher.tokens import Purpose
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
    text_of,
    the_list,
    tick,
    token_in,
)  # fmt: skip


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with mailroom(store_url, tmp_path) as made:
        yield made


def sign_up(newsroom: Newsroom, wish: Wish | None = None, list_name: str = "daily") -> None:
    subscribing.sign_up(newsroom, the_list(newsroom, list_name), wish or Wish(ADA), NOW)


def test_joining_takes_a_yes_from_the_mailbox(newsroom: Newsroom) -> None:
    sign_up(newsroom, Wish(ADA, "Ada", "ar", "Asia/Amman", ("town",), "text"))
    assert state(newsroom, ADA) == "pending"
    assert tick(newsroom) == ["accepted"]
    (asked,) = letters(newsroom)
    assert asked["To"] == ADA
    assert not asked.is_multipart(), "the reader asked for text"
    token = token_in(asked, "confirm")
    assert subscribing.look(newsroom, Purpose.CONFIRM, token, NOW).state == "pending"
    assert state(newsroom, ADA) == "pending", "looking changes nothing"
    reader = subscribing.confirm(newsroom, token, NOW + HOUR)
    assert (reader.state, reader.categories, reader.language) == ("active", ("town",), "ar")
    assert tick(newsroom, NOW + HOUR) == ["accepted"]
    assert letters(newsroom)[-1]["Subject"] == "أهلاً بك في Daily digest"
    assert history(newsroom) == [
        ("daily", "", "pending", "signed up", ""),
        ("daily", "pending", "active", "confirmed", ""),
    ]


def test_confirming_twice_is_the_same_as_once(newsroom: Newsroom) -> None:
    sign_up(newsroom)
    tick(newsroom)
    token = token_in(letters(newsroom)[0], "confirm")
    assert subscribing.confirm(newsroom, token, NOW) == subscribing.confirm(newsroom, token, NOW)
    assert tick(newsroom) == ["accepted"]
    assert tick(newsroom) == []


def test_a_confirm_mail_carries_no_word_that_a_stranger_could_have_typed(
    newsroom: Newsroom,
) -> None:
    sign_up(newsroom, Wish(ADA, "You have won! http://trap.example"))
    tick(newsroom)
    assert b"trap.example" not in letters(newsroom)[0].as_bytes()


def test_asking_again_soon_sends_no_second_mail(newsroom: Newsroom) -> None:
    for _ in range(3):
        sign_up(newsroom)
    assert tick(newsroom) == ["accepted"]
    subscribing.sign_up(newsroom, the_list(newsroom), Wish(ADA), NOW + 13 * HOUR)
    assert tick(newsroom, NOW + 13 * HOUR) == ["accepted"]
    assert len(letters(newsroom, ADA)) == 2


def test_a_clock_that_jumps_back_does_not_let_a_form_pester_anybody(newsroom: Newsroom) -> None:
    sign_up(newsroom)
    subscribing.sign_up(newsroom, the_list(newsroom), Wish(ADA), NOW - HOUR)
    assert tick(newsroom) == ["accepted"]


def test_who_is_on_the_list_already_gets_the_welcome_again_and_nothing_is_changed(
    newsroom: Newsroom,
) -> None:
    put(newsroom, ADA)
    sign_up(newsroom, Wish(ADA, "Eve", "de", None, ("sport",)))
    assert tick(newsroom) == ["accepted"]
    assert letters(newsroom, ADA)[0]["Subject"] == "Welcome to Daily digest"
    token = token_in(letters(newsroom, ADA)[0], "preferences")
    reader = subscribing.look(newsroom, Purpose.PREFERENCES, token, NOW)
    assert (reader.categories, reader.language) == ((), None)


def test_who_has_complained_is_not_written_to_whatever_is_typed(newsroom: Newsroom) -> None:
    put(newsroom, ADA)
    stop(newsroom, Cause.COMPLAINED)
    sign_up(newsroom)
    sign_up(newsroom, list_name="weekly")
    assert tick(newsroom) == []
    assert (state(newsroom, ADA), state(newsroom, ADA, "weekly")) == ("complained", "")


def test_somebody_on_two_lists_leaves_one_and_keeps_the_other(newsroom: Newsroom) -> None:
    put(newsroom, ADA)
    put(newsroom, ADA, list_name="weekly")
    subscribing.unsubscribe_address(newsroom, ADA, "daily", Cause.TAKEN_OFF, NOW)
    assert (state(newsroom, ADA), state(newsroom, ADA, "weekly")) == ("unsubscribed", "active")
    with newsroom.store.read() as session:
        assert subscribers.count_by_state(session, "daily") == {"unsubscribed": 1}
        assert len(list(subscribers.active(session, "weekly"))) == 1
        assert not subscribers.has_active(session, "daily")


def test_leaving_twice_says_goodbye_once(newsroom: Newsroom) -> None:
    left_by_link(newsroom)
    assert subscribing.unsubscribe_address(newsroom, ADA, None, Cause.MAILTO, NOW) == []
    assert tick(newsroom) == []


def test_a_mail_that_asks_to_be_taken_off_is_heard(newsroom: Newsroom) -> None:
    put(newsroom, ADA)
    left = subscribing.unsubscribe_address(newsroom, "ADA@Example.org", None, Cause.MAILTO, NOW)
    assert left == ["daily"]
    assert history(newsroom)[-1] == ("daily", "active", "unsubscribed", "mailto", "")


def test_choices_are_made_by_link_and_hold_from_then_on(newsroom: Newsroom) -> None:
    put(newsroom, ADA)
    sign_up(newsroom)
    tick(newsroom)
    token = token_in(letters(newsroom)[0], "preferences")
    choices = Choices(("town", "sport"), "ar", "Asia/Amman", "text")
    subscribing.prefer(newsroom, token, choices, NOW)
    reader = subscribing.look(newsroom, Purpose.PREFERENCES, token, NOW)
    assert (reader.categories, reader.language) == (("town", "sport"), "ar")
    assert (reader.timezone, reader.format) == ("Asia/Amman", "text")


def test_who_does_not_confirm_in_time_is_forgotten(newsroom: Newsroom) -> None:
    sign_up(newsroom)
    put(newsroom, "bo@example.org")
    sign_up(newsroom, Wish("bo@example.org"), "weekly")
    tick(newsroom)
    asked = letters(newsroom, ADA)[0]
    assert forget_unconfirmed(newsroom, NOW + 7 * DAY) == 0
    assert forget_unconfirmed(newsroom, NOW + 7 * DAY + HOUR) == 2
    assert (state(newsroom, ADA), state(newsroom, "bo@example.org")) == ("", "active")
    with newsroom.store.read() as session:
        assert subscribers.by_email(session, ADA) is None
        left = session.scalars(select(Notice.subscriber_id)).all()
        assert len(left) == 1, "the ledger of somebody unknown is gone with them"
    with pytest.raises((ExpiredLinkError, BadLinkError)):
        subscribing.confirm(newsroom, token_in(asked, "confirm"), NOW + DAY)


def test_nobody_is_forgotten_whose_confirm_mail_has_not_left(newsroom: Newsroom) -> None:
    sign_up(newsroom)
    later = NOW + 30 * DAY
    assert forget_unconfirmed(newsroom, later) == 0
    tick(newsroom, later)
    assert forget_unconfirmed(newsroom, later + 6 * DAY) == 0
    assert forget_unconfirmed(newsroom, later + 8 * DAY) == 1


def test_a_confirm_link_expires(newsroom: Newsroom) -> None:
    sign_up(newsroom)
    tick(newsroom)
    token = token_in(letters(newsroom)[0], "confirm")
    with pytest.raises(ExpiredLinkError):
        subscribing.confirm(newsroom, token, NOW + 7 * DAY + timedelta(seconds=1))


def test_a_welcome_says_where_the_latest_edition_is(newsroom: Newsroom) -> None:
    with newsroom.store.write() as session:
        for day, made in ((1, "sent"), (2, "sent"), (3, "cut"), (4, "empty")):
            session.add(
                Edition(list_name="daily", local_date=date(2024, 5, day), cut_at=NOW, state=made)
            )
    put(newsroom, ADA)
    sign_up(newsroom)
    tick(newsroom)
    text = text_of(letters(newsroom)[0])
    assert "https://news.example/editions/daily/2024-05-02/" in text
    assert "Thursday, 2 May 2024" in text


def test_each_kind_of_notice_is_for_who_stands_where_it_says(newsroom: Newsroom) -> None:
    active = Standing().after(Cause.CONSENT)
    left = active.after(Cause.ONE_CLICK)
    fine = {
        NoticeKind.CONFIRM: [left, Standing().after(Cause.ADDED), active.after(Cause.BOUNCED)],
        NoticeKind.WELCOME: [active],
        NoticeKind.GOODBYE: [left],
        NoticeKind.CORRECTION: [active],
    }
    everywhere = [
        Standing(), active, left, Standing().after(Cause.ADDED), active.after(Cause.BOUNCED),
        active.after(Cause.COMPLAINED), active.after(Cause.ERASED),
    ]  # fmt: skip
    for kind, places in fine.items():
        assert [one for one in everywhere if not obstacle(kind, one)] == [
            one for one in everywhere if one in places
        ]
