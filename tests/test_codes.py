"""What mail servers answer is told in plain words, and what to do about it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from publisher.cli import main
from publisher.delivery.codes import explain, reasons


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("421-4.7.0 unusual", "reputation"),
        ("550 5.7.1 Message refused", "refused by policy"),
        ("550 5.7.26 unauthenticated", "neither SPF nor DKIM"),
        ("421 4.7.32 not aligned", "not of the domain"),
        ("550 5.7.515 Access denied", "SPF, DKIM and DMARC"),
        ("550 5.1.1 no such user", "no such mailbox"),
        ("452 4.2.2 over quota", "full"),
        ("450 4.2.1 too fast", "too much at once"),
        ("451 4.7.650 slow", "slowing us down"),
        ("550 5.7.606 banned", "blocked"),
        ("550 5.1.99 new", "about the address"),
    ],
)
def test_what_a_server_said_is_explained(reply: str, words: str) -> None:
    found = CliRunner().invoke(main, ["doctor", "--explain", reply])
    assert found.exit_code == 0
    assert words in found.output
    assert "→ " in found.output


@given(st.text())
def test_no_reply_is_too_strange_to_be_looked_at(reply: str) -> None:
    meaning = explain(reply)
    assert meaning is None or (meaning.says and meaning.do)


def test_an_address_is_no_status_code() -> None:
    assert explain("550 blocked: 192.5.1.1 is listed") is None
    assert explain("250 2.1.5 fine") is None


def test_many_answers_are_a_few_reasons() -> None:
    answers = ["550 5.1.1 no such user <a@example.org>", "550 no", "550 5.7.515 denied"]
    found = reasons([*answers, "550 5.1.1 no such user <b@example.org>"])
    assert [(one.code, one.number) for one in found] == [("5.1.1", 2), ("5.7.515", 1)]
    assert found[0].says == "there is no such mailbox"
