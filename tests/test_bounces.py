"""Who cannot be reached, complains or leaves by mail is written to no more; all can be undone."""

from __future__ import annotations

import pytest

from publisher.delivery.bounces.reading import Meaning
from publisher.errors import UsageError
from publisher.model import Delivery, KeyUse, Notice, Subscriber
from publisher.pipeline.bounces import Handled, take_mail
from publisher.pipeline.letters import mail_tokens
from publisher.pipeline.newsroom import Newsroom
from publisher.store import acts, bounces, deliveries, keys, subscribers
from tests.came_back import Sent, came_back, forged
from tests.readers import NOW, sent, state
from tests.readers import newsroom as newsroom  # fixtures
from tests.readers import readers as readers


def take(newsroom: Newsroom, name: str, who: int, edition: int = 1, mark: str = "") -> Handled:
    """What becomes of a mail that came back; `mark` makes its Message-ID another one."""
    data = came_back(name, sent(newsroom, who, edition)).replace(b"ssage-Id: <", b"ssage-ID: <")
    return take_mail(newsroom, data.replace(b"Message-ID: <", f"Message-ID: <{mark}".encode()), NOW)


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("hard/postfix", "bounced"),
        ("hard/qmail", "bounced"),
        ("complaint/yahoo", "complained"),
        ("complaint/outlook-junk-report", "complained"),
        ("unsubscribe/mailto-link", "unsubscribed"),
        ("unsubscribe/token-in-the-subject", "unsubscribed"),
        ("soft/mailbox-full", "active"),
        ("policy/spam", "active"),
        ("delayed/postfix", "active"),
        ("delivered/relayed", "active"),
        ("automatic/vacation", "active"),
        ("unrelated/letter-to-the-editor", "active"),
    ],
)
def test_a_mail_changes_the_reader_it_is_about_and_nobody_else(
    newsroom: Newsroom, readers: dict[str, int], name: str, after: str
) -> None:
    ada, ben = readers.values()
    handled = take(newsroom, name, ada)
    assert (state(newsroom, ada), state(newsroom, ben)) == (after, "active")
    assert handled.changed == (after != "active")
    with newsroom.store.read() as session:
        assert len(list(subscribers.active(session, "daily"))) == 2 - handled.changed


def test_a_forged_mail_changes_nothing(newsroom: Newsroom, readers: dict[str, int]) -> None:
    ada, _ = readers.values()
    for name in ("hard/postfix", "complaint/yahoo", "unsubscribe/mailto-link"):
        data = forged(came_back(name, sent(newsroom, ada)))
        assert take_mail(newsroom, data, NOW).finding.meaning is Meaning.UNVERIFIED
    # Nor does one by somebody who knows how tokens are made, but not the key.
    assert take_mail(newsroom, came_back("hard/postfix", Sent(subscriber_id=ada)), NOW).after == ""
    assert state(newsroom, ada) == "active"


def test_the_evidence_is_kept(newsroom: Newsroom, readers: dict[str, int]) -> None:
    ada, _ = readers.values()
    take(newsroom, "hard/postfix", ada, edition=3)
    with newsroom.store.read() as session:
        ((report, email),) = bounces.listed(session, "ada@example.org", 10)
    assert email == "ada@example.org"
    assert (report.kind, report.before, report.after) == ("hard", "active", "bounced")
    assert (report.list_name, report.edition_id, report.at) == ("daily", 3, NOW)
    assert report.status == "5.1.1"
    assert report.diagnostic.startswith("550 5.1.1 <ada@example.org>")
    assert report.mail == "<20240503061244.4C1F35E02A@mail.news.example>"


def test_an_edition_knows_what_came_back_of_it(newsroom: Newsroom, readers: dict[str, int]) -> None:
    ada, ben = readers.values()
    take(newsroom, "hard/postfix", ada, edition=3)
    take(newsroom, "complaint/yahoo", ben, edition=3)
    take(newsroom, "unsubscribe/mailto-link", ben, edition=3)
    take(newsroom, "soft/mailbox-full", ben, edition=4)
    with newsroom.store.write() as session:
        assert deliveries.count_by_report(session, 3) == {"hard": 1, "complaint": 1}
        assert deliveries.count_by_report(session, 5) == {}
        found = deliveries.troubled(session, 3)
        assert [one[:2] for one in found] == [
            ("ada@example.org", "hard"), ("ben@example.org", "complaint"),
        ]  # fmt: skip
        assert found[0][2].startswith("5.1.1 550 5.1.1 <ada@example.org>")
        assert deliveries.troubled(session, 3, 1, 1) == found[1:]
        ((report, _),) = bounces.listed(session, "ada@example.org", 1)
        bounces.undo(session, report.id, NOW)
        assert deliveries.count_by_report(session, 3) == {"complaint": 1}


def test_the_same_mail_twice_counts_once(newsroom: Newsroom, readers: dict[str, int]) -> None:
    ada, _ = readers.values()
    for _ in range(2):
        take(newsroom, "soft/mailbox-full", ada)
    with newsroom.store.read() as session:
        assert len(bounces.listed(session, "", 10)) == 1


def test_a_change_can_be_taken_back(newsroom: Newsroom, readers: dict[str, int]) -> None:
    ada, _ = readers.values()
    take(newsroom, "hard/postfix", ada)
    with newsroom.store.write() as session:
        ((report, _),) = bounces.listed(session, "", 1)
        bounces.undo(session, report.id, NOW)
    assert state(newsroom, ada) == "active"
    with newsroom.store.write() as session, pytest.raises(UsageError, match="was taken back on"):
        bounces.undo(session, report.id, NOW)
    with newsroom.store.write() as session, pytest.raises(UsageError, match="there is no report"):
        bounces.undo(session, 999, NOW)


def test_a_change_is_not_taken_back_over_a_later_one(
    newsroom: Newsroom, readers: dict[str, int]
) -> None:
    ada, _ = readers.values()
    take(newsroom, "hard/postfix", ada)
    take(newsroom, "complaint/yahoo", ada)
    with newsroom.store.write() as session:
        (complaint, _), (bounce, _) = bounces.listed(session, "", 2)
        with pytest.raises(UsageError, match=r"ada@example\.org is complained by now"):
            bounces.undo(session, bounce.id, NOW)
        bounces.undo(session, complaint.id, NOW)
        bounces.undo(session, bounce.id, NOW)
    assert state(newsroom, ada) == "active"


def test_a_bounce_does_not_hide_that_somebody_left(
    newsroom: Newsroom, readers: dict[str, int]
) -> None:
    ada, _ = readers.values()
    take(newsroom, "unsubscribe/mailto-link", ada)
    take(newsroom, "hard/postfix", ada)
    assert state(newsroom, ada) == "unsubscribed"
    take(newsroom, "complaint/yahoo", ada)
    assert state(newsroom, ada) == "complained"


def soft(newsroom: Newsroom, who: int, *editions: int) -> list[str]:
    """The reader's state after each of these editions came back."""
    found = []
    for edition in editions:
        take(newsroom, "soft/mailbox-full", who, edition, mark=f"{edition}.")
        found.append(state(newsroom, who))
    return found


def test_a_full_mailbox_is_given_up_after_some_editions_over_some_days(
    newsroom: Newsroom, readers: dict[str, int]
) -> None:
    ada, ben = readers.values()
    assert soft(newsroom, ada, 1, 2, 3, 4, 5, 6, 7, 8) == ["active"] * 7 + ["bounced"]
    assert soft(newsroom, ben, 1, 2) == ["active"] * 2


def test_the_order_in_which_they_come_back_is_no_matter(
    newsroom: Newsroom, readers: dict[str, int]
) -> None:
    ada, _ = readers.values()
    assert soft(newsroom, ada, 8, 7, 6, 1, 2, 5, 4)[-1] == "active"
    assert soft(newsroom, ada, 3) == ["bounced"]


def test_an_edition_that_arrived_begins_the_count_anew(
    newsroom: Newsroom, readers: dict[str, int]
) -> None:
    ada, _ = readers.values()
    assert soft(newsroom, ada, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11) == ["active"] * 10
    assert soft(newsroom, ada, 12) == ["bounced"]  # from the fifth on: eight over seven days


def test_an_edition_that_was_never_accepted_is_none_that_arrived(
    newsroom: Newsroom, readers: dict[str, int]
) -> None:
    ada, _ = readers.values()
    with newsroom.store.write() as session:
        fourth = session.query(Delivery).filter_by(edition_id=4, subscriber_id=ada).one()
        fourth.state = "deferred"
    assert soft(newsroom, ada, 1, 2, 3, 5, 6, 7, 8)[-1] == "bounced"


def test_what_was_taken_back_no_longer_counts(newsroom: Newsroom, readers: dict[str, int]) -> None:
    ada, _ = readers.values()
    soft(newsroom, ada, 1, 2, 3, 4, 5, 6, 7, 8)
    with newsroom.store.write() as session:
        for report, _ in bounces.listed(session, "", 8):
            bounces.undo(session, report.id, NOW)
    assert soft(newsroom, ada, 9) == ["active"]


def test_a_giving_up_that_was_taken_back_begins_the_count_anew(
    newsroom: Newsroom, readers: dict[str, int]
) -> None:
    ada, _ = readers.values()
    soft(newsroom, ada, 1, 2, 3, 4, 5, 6, 7, 8)
    with newsroom.store.write() as session:
        ((report, _),) = bounces.listed(session, "", 1)
        bounces.undo(session, report.id, NOW)
    assert soft(newsroom, ada, 9, 10) == ["active", "active"]


def test_somebody_who_came_back_is_counted_anew(
    newsroom: Newsroom, readers: dict[str, int]
) -> None:
    ada, _ = readers.values()
    soft(newsroom, ada, 1, 2, 3, 4, 5, 6, 7, 8)
    with newsroom.store.write() as session:
        person = session.get_one(Subscriber, ada)
        acts.restore(session, person, None, NOW, "She has a new mailbox")
    assert soft(newsroom, ada, 9) == ["active"]


def test_a_notice_comes_back_too(newsroom: Newsroom, readers: dict[str, int]) -> None:
    ada, _ = readers.values()
    with newsroom.store.write() as session:
        notice = Notice(kind="welcome", subscriber_id=ada, list_name="daily", due=NOW, changed=NOW)
        session.add(notice)
    token = mail_tokens(newsroom, NOW).notice(notice.id, ada)
    verp = sent(newsroom, ada)
    data = came_back("hard/qmail", verp).replace(verp.verp.encode(), f"b+{token}@x".encode())
    assert take_mail(newsroom, data, NOW).after == "bounced"
    with newsroom.store.read() as session:
        ((report, _),) = bounces.listed(session, "", 1)
    assert (report.list_name, report.edition_id) == ("daily", None)


def test_a_mail_about_somebody_who_is_gone_changes_nothing(
    newsroom: Newsroom, readers: dict[str, int]
) -> None:
    handled = take(newsroom, "hard/postfix", who=999)
    assert (handled.email, handled.after) == ("", "")
    assert handled.finding.is_ours


def test_a_key_is_made_once_and_shared(newsroom: Newsroom) -> None:
    first = keys.secrets_of(newsroom.store, KeyUse.MAILS, NOW)
    assert keys.secrets_of(newsroom.store, KeyUse.MAILS, NOW) == first
    assert len(first) == 1
    assert len(first[0]) == 32
