"""The links of mails: ours alone, good for one thing, and no end to them when keys change."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import BadLinkError, ExpiredLinkError, LinkError, WrongLinkError
from publisher.tokens import Purpose, Scope, Tokens

NOW = datetime(2024, 5, 2, 12, 0, tzinfo=UTC)
OLD, NEW, OTHER = b"1" * 32, b"2" * 32, b"3" * 32
SCOPE = Scope(2**62 + 77, "daily")
names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,30}", fullmatch=True)
handles = st.integers(min_value=0, max_value=2**63 - 1)
purposes = st.sampled_from(Purpose)


@given(handles, names, purposes)
def test_a_token_comes_back_as_what_it_was_made_of(
    handle: int, name: str, purpose: Purpose
) -> None:
    tokens = Tokens([OLD])
    scope = Scope(handle, name)
    assert tokens.read(purpose, tokens.sign(purpose, scope), NOW) == scope


@given(handles, names, purposes)
def test_a_token_is_short_and_safe_in_any_address(handle: int, name: str, purpose: Purpose) -> None:
    token = Tokens([OLD]).sign(purpose, Scope(handle, name))
    assert re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+[A-Za-z]", token)
    assert len(token) <= 39 + len(name) * 4 / 3 + 2


@given(purposes, purposes)
def test_a_token_for_one_purpose_is_worth_nothing_for_another(one: Purpose, two: Purpose) -> None:
    tokens = Tokens([OLD, NEW])
    token = tokens.sign(one, SCOPE)
    if one is two:
        assert tokens.read(two, token, NOW) == SCOPE
        return
    with pytest.raises(WrongLinkError, match=f"good for “{one}”, not for “{two}”"):
        tokens.read(two, token, NOW)


def test_old_tokens_are_read_after_a_rotation_and_new_ones_are_signed_anew() -> None:
    before = Tokens([OLD]).sign(Purpose.UNSUBSCRIBE, SCOPE)
    rotated = Tokens([OLD, NEW])
    after = rotated.sign(Purpose.UNSUBSCRIBE, SCOPE)
    assert before != after
    assert rotated.read(Purpose.UNSUBSCRIBE, before, NOW) == SCOPE
    assert Tokens([NEW]).read(Purpose.UNSUBSCRIBE, after, NOW) == SCOPE


def test_what_a_revoked_key_has_signed_is_not_believed() -> None:
    token = Tokens([OLD]).sign(Purpose.UNSUBSCRIBE, SCOPE)
    with pytest.raises(BadLinkError):
        Tokens([NEW]).read(Purpose.UNSUBSCRIBE, token, NOW)


@given(st.text(max_size=80))
def test_anything_else_is_refused_with_a_word_of_help(text: str) -> None:
    with pytest.raises(BadLinkError, match="copy all of it"):
        Tokens([OTHER]).read(Purpose.CONFIRM, text, NOW)


@given(st.data())
def test_no_changed_token_is_read_as_somebody_else(data: st.DataObject) -> None:
    tokens = Tokens([OLD])
    token = tokens.sign(Purpose.UNSUBSCRIBE, SCOPE)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_."))
    try:
        found = tokens.read(Purpose.UNSUBSCRIBE, token[:place] + letter + token[place + 1 :], NOW)
    except LinkError:
        return
    assert found == SCOPE


def test_only_purposes_with_an_age_expire() -> None:
    tokens, days = Tokens([OLD]), timedelta(days=7)
    signed = Scope(1, "daily", NOW)
    token = tokens.sign(Purpose.CONFIRM, signed)
    assert tokens.read(Purpose.CONFIRM, token, NOW + days, days) == signed
    with pytest.raises(ExpiredLinkError, match="too old"):
        tokens.read(Purpose.CONFIRM, token, NOW + days + timedelta(seconds=1), days)
    assert tokens.read(Purpose.CONFIRM, token, NOW + timedelta(days=9999)) == signed
    with pytest.raises(ExpiredLinkError):
        tokens.read(Purpose.CONFIRM, tokens.sign(Purpose.CONFIRM, SCOPE), NOW, days)


def test_a_token_shows_neither_an_address_nor_a_number_that_counts() -> None:
    payload = Tokens([OLD]).sign(Purpose.UNSUBSCRIBE, Scope(1, "daily")).partition(".")[0]
    plain = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    assert plain == (1).to_bytes(8, "big") + bytes(4) + b"daily"


def test_nothing_is_signed_without_a_key() -> None:
    with pytest.raises(ValueError, match="without a key"):
        Tokens([])
