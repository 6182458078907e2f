"""What comes back is understood, whoever sends it, and believed only if it is about our mail."""

from __future__ import annotations

import pytest

from publisher.delivery.bounces.reading import Finding, Meaning, read
from publisher.delivery.bounces.verdict import status_of, verdict
from publisher.delivery.mail_tokens import MailToken, TokenKind
from publisher.model import ReportKind
from tests.came_back import LISTS, TOKENS, Sent, came_back, forged, names, to_another_address

ABOUT = MailToken(TokenKind.EDITION, subscriber_id=8, number=7)
LEAVES = MailToken(TokenKind.UNSUBSCRIBE, subscriber_id=8, list_name="daily")
OURS = [name for name in names() if not name.startswith("unrelated/")]
REPORTS = [
    name
    for name in OURS
    if not name.startswith(("unsubscribe/", "automatic/")) and name != "hard/unknown-server"
]


def found(name: str) -> Finding:
    return read(came_back(name), TOKENS)


@pytest.mark.parametrize("name", names())
def test_a_mail_means_what_it_means(name: str) -> None:
    assert found(name).meaning == name.partition("/")[0]


@pytest.mark.parametrize("name", OURS)
def test_it_says_whom_it_is_about(name: str) -> None:
    token = found(name).token
    assert token == (LEAVES if name.startswith("unsubscribe/") else ABOUT) or (
        name == "unsubscribe/feedback-opt-out" and token == ABOUT
    )


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_to_another_address_is_known_by_the_mail_that_it_returns(name: str) -> None:
    other = read(to_another_address(came_back(name)), TOKENS)
    assert other.meaning == name.partition("/")[0]
    assert other.token is not None
    assert other.token.subscriber_id == 8


@pytest.mark.parametrize("name", names())
def test_a_forged_mail_is_believed_by_nobody(name: str) -> None:
    finding = read(forged(came_back(name)), TOKENS)
    assert finding.token is None
    assert finding.meaning in (Meaning.UNVERIFIED, Meaning.UNRELATED)


@pytest.mark.parametrize("name", ["hard/postfix", "complaint/yahoo", "unsubscribe/mailto-link"])
def test_what_looks_like_a_report_and_proves_nothing_is_said_to(name: str) -> None:
    assert read(forged(came_back(name)), TOKENS).meaning is Meaning.UNVERIFIED


def test_the_reason_is_the_servers_own_words() -> None:
    assert found("hard/postfix").status == "5.1.1"
    assert found("hard/postfix").diagnostic == (
        "550 5.1.1 <reader@example.org>: Recipient address rejected: User unknown in virtual "
        "mailbox table"
    )
    assert found("hard/qmail").status == "5.1.1"
    assert "no mailbox here by that name" in found("hard/qmail").diagnostic
    assert "doesn't have a yahoo.example account" in found("hard/yahoo").diagnostic
    assert found("complaint/aol").diagnostic == "abuse report by AOL SComp"


@pytest.mark.parametrize("name", names())
def test_a_mail_from_a_pipe_begins_with_the_envelope_and_has_the_lines_of_unix(name: str) -> None:
    piped = b"From MAILER-DAEMON  Fri May  3 06:12:44 2024\n" + came_back(name).replace(
        b"\r\n", b"\n"
    )
    assert read(piped, TOKENS).meaning == name.partition("/")[0]
    assert read(piped, TOKENS).token == found(name).token


def test_a_wish_to_leave_is_for_the_list_that_the_token_is_for() -> None:
    weekly = Sent(list_name="weekly")
    data = came_back("unsubscribe/mailto-link", weekly)  # its subject names the other list
    assert read(data, TOKENS).token == MailToken(TokenKind.UNSUBSCRIBE, 8, list_name="weekly")


def test_a_wish_to_leave_without_a_token_is_left_for_people() -> None:
    data = came_back("unsubscribe/token-in-the-subject").replace(Sent().leave.encode(), b"please")
    assert read(data, TOKENS).meaning is Meaning.UNVERIFIED


def test_a_person_who_asks_to_leave_and_quotes_the_mail_is_left_for_people() -> None:
    letter = came_back("unrelated/letter-to-the-editor")
    data = letter.replace(b"Subject: Re: News of today", b"Subject: unsubscribe me please")
    assert Sent().leave.encode() in data
    finding = read(data, TOKENS)
    assert (finding.meaning, finding.token) == (Meaning.UNVERIFIED, None)


def test_where_an_alias_stands_for_many_one_dead_member_is_not_the_readers_end() -> None:
    block = b"\r\n\r\nFinal-Recipient: rfc822; b@example.org\r\nAction: expanded\r\nStatus: 2.0.0"
    data = came_back("hard/postfix").replace(
        b"mailbox table\r\n\r\n--", b"x" + block + b"\r\n\r\n--"
    )
    assert read(data, TOKENS).meaning is Meaning.SOFT


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        ("5.1.1", "", "hard"),
        ("5.0.0", "550 5.1.1 unknown", "hard"),
        ("5.1.1", "550 5.1.1 user unknown; see our policy", "hard"),
        ("5.1.1", "550 5.1.1 blocked by spam filter", "policy"),
        ("5.1.8", "553 5.1.8 sender domain does not resolve", "policy"),
        ("5.1.2", "Host or domain name not found", "hard"),
        ("5.2.1", "550 mailbox disabled", "hard"),
        ("5.2.2", "552 quota", "soft"),
        ("5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable", "hard"),
        ("5.7.1", "550 5.7.1 <x>: Recipient address rejected: Access denied", "policy"),
        ("5.7.1", "550 5.7.1 no such user", "hard"),
        ("5.7.1", "relaying denied", "policy"),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", "hard"),
        ("5.4.4", "unable to route", "soft"),
        ("5.4.310", "DNS domain x.example does not exist", "hard"),
        ("4.4.7", "expired", "soft"),
        ("5.3.0", "", "soft"),
        ("5.0.0", "", "soft"),
        ("", "", "soft"),
        ("", "421 try later", "soft"),
        ("nonsense", "550 No Such User Here", "hard"),
        ("5.6.1", "media not supported", "policy"),
        ("2.0.0", "", "soft"),
    ],
)
def test_a_failure_is_the_readers_the_times_or_ours(status: str, words: str, kind: str) -> None:
    assert verdict(status, words) is ReportKind(kind)


@pytest.mark.parametrize(
    ("status", "words", "code"),
    [
        ("5.1.1", "550 5.7.1", "5.1.1"),
        ("5.0.0", "550 5.7.1", "5.7.1"),
        ("5.1.10 (bad)", "", "5.1.10"),
        ("", "452-4.2.2 over", "4.2.2"),
        ("", "at 10.5.1.1 of 192.5.1.1", "5.0.0"),
        ("", "said: 451 later", "4.0.0"),
    ],
)
def test_a_status_is_taken_from_where_it_says_most(status: str, words: str, code: str) -> None:
    assert status_of(status, words) == code


def test_every_list_of_the_site_can_be_left() -> None:
    for name in LISTS:
        data = came_back("unsubscribe/mailto-link", Sent(list_name=name))
        assert (token := read(data, TOKENS).token) is not None
        assert token.list_name == name
