"""Every mail bears signatures that receivers can verify, whatever is in it."""

from __future__ import annotations

import base64
import re
import smtplib
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery import message
from publisher.delivery.dkim import Key, Signer, new_key, pem, read_key, zone_line
from publisher.errors import UsageError
from tests.dkim_reader import curve as curve  # a fixture
from tests.dkim_reader import verdicts

WHEN = datetime(2024, 5, 2, 18, 0, tzinfo=UTC)
KEYS = (new_key("2026a", "rsa"), new_key("2026e", "ed25519"))
DOMAIN = "news.example"
LINK = "https://news.example/unsubscribe/" + "a=b" * 40

# What people can be called and can write; what a line of it is made of does most of the harm.
texts = st.text() | st.lists(
    st.sampled_from(["\r\n", "\n", " ", "  ", "\t", ".", "=", "@@UNSUBSCRIBE@@", "From ", "ä", "x"])
).map("".join)


def frame(keys: tuple[Key, ...] = KEYS, domain: str = "") -> message.Frame:
    return message.Frame(
        list_title="Daily digest",
        list_id="daily.news.example",
        sender="news@news.example",
        sender_name="Our Newsroom",
        reply_to="desk@news.example",
        archive="https://news.example/editions/daily/",
        unsubscribe=message.Unsubscribe.ONE_CLICK,
        bounces="bounces@news.example",
        signer=Signer(keys, domain),
    )


def letter(
    made: message.Frame,
    *,
    subject: str = "News of today",
    html: str | None = '<p>Hello</p><a href="@@UNSUBSCRIBE@@">Leave</a>',
    text: str = "Hello\n\n@@UNSUBSCRIBE@@\n",
    to: str = "reader@example.org",
    name: str = "A Reader",
    link: str = LINK,
) -> bytes:
    template = message.build(made, subject, html, text, WHEN, language="en", campaign="2024-05-02")
    head = {
        message.TO: message.to_header(to, name),
        message.MESSAGE_ID: message.message_id("e7-8", made.domain),
        message.UNSUBSCRIBE: LINK,
        message.UNSUBSCRIBE_MAIL: message.unsubscribe_link(made, "u8-aaaabbbbccccdddd"),
    }
    return message.fill(template, head, {message.UNSUBSCRIBE: link})


@given(
    subject=texts,
    html=texts | st.none(),
    text=texts,
    name=texts,
    to=st.sampled_from(["a@example.org", "ada@bücher.example", "阿达@例子.example"]),
    link=texts | st.just(LINK),
)
def test_every_key_signs_every_mail(
    subject: str, html: str | None, text: str, name: str, to: str, link: str
) -> None:
    data = letter(frame(), subject=subject, html=html, text=text, name=name, to=to, link=link)
    assert verdicts(data, KEYS, DOMAIN) == [True, True]
    lines = data.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)


@given(text=texts, html=texts)
def test_signatures_hold_after_line_endings_were_made_those_of_unix_and_back(
    text: str, html: str
) -> None:
    data = letter(frame(KEYS[1:]), text=text, html=html)
    unix = data.replace(b"\r\n", b"\n")
    assert verdicts(unix.replace(b"\n", b"\r\n"), KEYS, DOMAIN) == [True]


def test_signatures_hold_behind_a_real_server() -> None:
    taken: list[bytes] = []

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            taken.append(envelope.original_content)
            return "250 taken"

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with smtplib.SMTP("127.0.0.1", port) as server:
            data = letter(frame(), text=".\n..\nFrom here\n", html="<p>\n.\n</p>")
            server.sendmail("a@example.org", ["b@example.org"], data)
    finally:
        controller.stop()
    assert verdicts(taken[0], KEYS, DOMAIN) == [True, True]


@pytest.mark.parametrize(
    ("changed", "into"),
    [
        (b"Subject: News of today", b"Subject: Win a prize"),
        (b"From: Our Newsroom <news@", b"From: Our Newsroom <other@"),
        (b"To: A Reader", b"To: B Reader"),
        (b"List-Unsubscribe: <https://news.example/", b"List-Unsubscribe: <https://trap.example/"),
        (b"subject=unsubscribe", b"subject=something"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        (b"Feedback-ID: 2024-05-02", b"Feedback-ID: 2024-05-03"),
        (b"Date: Thu, 02 May 2024", b"Date: Fri, 03 May 2024"),
        (b"Content-Type: multipart/alternative", b"Content-Type: multipart/mixed"),
        (b"\r\nHello", b"\r\nGoodbye"),
        (b"From: ", b"From: x@trap.example\r\nFrom: "),
        (b"Subject: ", b"Subject: Win a prize\r\nSubject: "),
        (b"Reply-To: ", b"Reply-To: x@trap.example\r\nReply-To: "),
    ],
)
def test_whoever_changes_or_adds_something_breaks_the_signatures(
    changed: bytes, into: bytes
) -> None:
    data = letter(frame())
    assert changed in data
    assert verdicts(data.replace(changed, into, 1), KEYS, DOMAIN) == [False, False]


def test_the_domain_is_the_senders_unless_the_config_names_another() -> None:
    assert b" d=news.example;" in letter(frame())
    other = letter(frame(domain="example.org"))
    assert b" d=example.org;" in other
    assert verdicts(other, KEYS, "example.org") == [True, True]


def test_the_same_letter_is_signed_with_the_same_bytes() -> None:
    assert letter(frame()) == letter(frame())


def test_signatures_stand_above_everything_in_the_order_of_the_keys() -> None:
    selectors = re.findall(rb"s=(\w+);", letter(frame()).partition(b"\r\nFrom:")[0])
    assert selectors == [b"2026a", b"2026e"]


def test_a_key_survives_its_file(tmp_path: Path) -> None:
    for key in KEYS:
        file = tmp_path / f"{key.selector}.pem"
        file.write_bytes(pem(key))
        assert read_key(key.selector, file).record == key.record


def test_a_record_is_cut_into_what_dns_can_hold() -> None:
    line = zone_line(KEYS[0], DOMAIN)
    assert line.startswith("2026a._domainkey.news.example. IN TXT ( ")
    pieces = re.findall('"([^"]*)"', line)
    assert max(map(len, pieces)) <= 255
    assert "".join(pieces) == KEYS[0].record
    raw = base64.b64decode(KEYS[1].record.rpartition("p=")[2])
    assert len(raw) == 32  # RFC 8463, 4: the bare public key


def _pem(private: Any, password: bytes | None = None) -> bytes:
    hidden = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return bytes(private.private_bytes(encoding, form, hidden))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"cannot be read: No such file or directory; `publisher dkim new 2026a`"),
        (b"hello", "holds no private key in PEM form"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "neither an RSA nor an Ed25519 key"),
        (_pem(rsa.generate_private_key(65537, 2048), b"secret"), "has a password; take it off"),
    ],
)
def test_a_key_that_cannot_be_used_is_named_with_what_to_do(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "key.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=said) as found:
        read_key("2026a", file)
    assert str(file) in str(found.value)


@pytest.mark.parametrize("selector", ["", "a b", "A", "ä", "-a", "a..b", "a/b", "x" * 64])
def test_a_selector_must_fit_into_a_name_of_dns(selector: str) -> None:
    with pytest.raises(UsageError, match="is no selector"):
        new_key(selector, "ed25519")
