"""A token names a mail and its reader, and nobody but us can make one."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.config.values import LONGEST_BOUNCES
from publisher.delivery.mail_tokens import LONGEST, MailToken, MailTokens, TokenKind, base36

KEY, OTHER = b"k" * 32, b"o" * 32
TOKENS = MailTokens([KEY], ["daily", "weekly"])
ids = st.integers(min_value=0, max_value=2**63 - 1)


@given(ids, ids)
def test_a_token_says_again_what_it_was_made_of(number: int, who: int) -> None:
    assert TOKENS.first(TOKENS.edition(number, who)) == MailToken(TokenKind.EDITION, who, number)
    assert TOKENS.first(TOKENS.notice(number, who)) == MailToken(TokenKind.NOTICE, who, number)
    leaving = TOKENS.unsubscribe("weekly", who)
    assert TOKENS.first(leaving) == MailToken(TokenKind.UNSUBSCRIBE, who, list_name="weekly")


@given(ids, ids)
def test_a_token_fits_into_an_address_and_survives_a_change_of_case(number: int, who: int) -> None:
    for token in (TOKENS.edition(number, who), TOKENS.unsubscribe("daily", who)):
        assert len(token) <= LONGEST
        assert LONGEST_BOUNCES + 1 + len(token) <= 64
        assert set(token) <= set(string.ascii_lowercase + string.digits + "-")
        assert TOKENS.first(f"<Bounces+{token.upper()}@Example.ORG>") == TOKENS.first(token)


@given(ids, st.integers(min_value=0), st.sampled_from(string.ascii_lowercase + string.digits))
def test_a_changed_token_is_no_token(who: int, at: int, letter: str) -> None:
    token = TOKENS.edition(7, who)
    at %= len(token)
    changed = token[:at] + letter + token[at + 1 :]
    assert (TOKENS.first(changed) is None) or changed == token


@pytest.mark.parametrize(
    "token",
    [MailTokens([OTHER]).edition(1, 2), "e1-2-aaaabbbbccccdddd", "u2-aaaabbbbccccdddd", "e1-2-"],
)
def test_what_somebody_else_made_is_no_token(token: str) -> None:
    assert TOKENS.first(token) is None


def test_a_token_for_one_thing_serves_for_no_other() -> None:
    token = TOKENS.edition(1, 2)
    for other in (f"n{token[1:]}", f"u{token[1:]}", token.replace("e1-", "e2-")):
        assert TOKENS.first(other) is None
    assert MailTokens([KEY], ["weekly"]).first(TOKENS.unsubscribe("daily", 2)) is None


def test_tokens_of_an_earlier_key_are_known_too() -> None:
    assert MailTokens([KEY, OTHER]).first(TOKENS.edition(1, 2)) == MailToken(
        TokenKind.EDITION, 2, 1
    )
    assert MailTokens([OTHER]).first(TOKENS.edition(1, 2)) is None


def test_a_forged_token_does_not_hide_the_true_one_after_it() -> None:
    text = f"e9-9-aaaabbbbccccdddd {TOKENS.edition(1, 2)}"
    assert TOKENS.first(text) == MailToken(TokenKind.EDITION, 2, 1)


@given(st.integers(min_value=0))
def test_numbers_in_base_36_are_read_by_python(number: int) -> None:
    assert int(base36(number), 36) == number
