"""No message can smuggle another one past a server, whatever stands in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.delivery import message
from publisher.delivery.lines import Form, MailText, for_data, mail_text
from publisher.delivery.smtp.commands import Features, UnfitError, envelope, path

# Bytes that matter, more often than chance has them.
PIECES = [b"\r", b"\n", b".", b"\r\n", b"\x00", b"a", b" ", b"\r\n.\r\n", b"\n.\n", b"\r.\r", b""]
hostile = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=24).map(b"".join)
# What servers have been seen to take for the end of a message, beside the one that is.
ENDS = [b"\r\n.\r\n", b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n"]


def received(wire: bytes) -> bytes:
    """What a strict server makes of what follows DATA (RFC 5321, 4.5.2)."""
    lines, end, rest = (b"\r\n" + wire).partition(b"\r\n.\r\n")[:3]
    assert end
    assert rest == b"", "something came after the end"
    return re.sub(rb"(?<=\r\n)\.", b"", lines + b"\r\n")[2:]


@given(hostile)
@example(b"Subject: x\r\n\r\nHi\n.\nMAIL FROM:<a@b>\r\n")
@example(b".\r\n")
@example(b"")
def test_a_message_ends_only_at_its_end_for_every_server(data: bytes) -> None:
    text = mail_text(data)
    wire = b"\r\n" + for_data(text)
    for end in ENDS:
        assert end not in wire[:-5], f"{end!r} stands in the middle"
    assert received(for_data(text)) == text


@given(hostile)
def test_lines_end_in_crlf_and_nothing_else_does(data: bytes) -> None:
    text = mail_text(data)
    assert re.fullmatch(rb"(?:[^\r\n\x00]*\r\n)*", text)
    assert mail_text(text) is text
    assert mail_text(bytes(text)) == text


def test_what_is_right_already_stays_as_it_is() -> None:
    right = b"Subject: x\r\n\r\n.Hi\r\n..\r\n"
    assert mail_text(right) == right
    assert mail_text(b"Subject: x\n\nHi\n") == b"Subject: x\r\n\r\nHi\r\n"
    assert mail_text(b"a\rb\0c") == b"a bc\r\n"


@given(st.lists(hostile, min_size=1, max_size=5), st.data())
def test_a_filled_form_is_as_safe_as_any_message(parts: list[bytes], data: st.DataObject) -> None:
    clean = [bytes(mail_text(part)) for part in parts]
    clean = [part[:-2] if data.draw(st.booleans()) else part for part in clean]
    clean = [part if mail_text(part + b"x")[:-3] == part else b"" for part in clean]
    values = data.draw(st.lists(hostile, min_size=len(parts) - 1, max_size=len(parts) - 1))
    text = Form(clean).fill(values)
    assert isinstance(text, MailText)
    assert re.fullmatch(rb"(?:[^\r\n\x00]*\r\n)*[^\r\n\x00]*", text)
    begins_with_dot = b"\n." in b"\n" + text
    assert text.dotted or not begins_with_dot
    if text.endswith(b"\r\n"):
        assert received(for_data(text)) == text


FRAME = message.Frame(
    list_title="Daily digest",
    list_id="daily.news.example",
    sender="news@news.example",
    sender_name="Our Newsroom",
    reply_to="",
    archive="https://news.example/editions/daily/",
)


@given(st.text(max_size=40), st.text(max_size=90), st.text("ab .@=\n", max_size=60))
def test_a_filled_message_is_right_already(name: str, link: str, text: str) -> None:
    """So the transport changes nothing of it, which would break its signature."""
    body = f"{text}@@UNSUBSCRIBE@@{text}\n@@OTHER@@ .@@UNSUBSCRIBE@@"
    when = datetime(2024, 5, 2, tzinfo=UTC)
    template = message.build(FRAME, "News", f"<p>{body}</p>", body, when)
    head = {message.TO: message.to_header("a@b.example", name), message.MESSAGE_ID: "<1@x>"}
    filled = message.fill(template, head, {"@@UNSUBSCRIBE@@": link})
    assert mail_text(bytes(filled)) == filled
    assert filled.dotted or mail_text(bytes(filled)).dotted is False


@pytest.mark.parametrize("value", ["a@b\r\nBcc: c@d", "a\nb", "a\rb", "a\0b"])
def test_no_header_can_hold_a_line_break(value: str) -> None:
    template = message.build(FRAME, "s", None, "t", datetime(2024, 5, 2, tzinfo=UTC))
    with pytest.raises(ValueError, match="line break"):
        message.fill(template, {message.TO: value}, {})


@given(st.text(min_size=1, max_size=60))
@example("a@b>\r\nRCPT TO:<c@d")
@example("a@b\0")
@example("<a@b>")
@example("a b@c")
def test_an_address_cannot_end_its_command(address: str) -> None:
    try:
        found = path(address)
    except UnfitError:
        return
    assert not re.search(rb"[\x00-\x20\x7f<>]", found)


@given(st.text(max_size=30), st.text(max_size=30), hostile)
def test_an_envelope_is_two_lines_whatever_it_is_made_of(a: str, b: str, data: bytes) -> None:
    features = Features(pipelining=True, eight_bit=True, utf8=True, has_size=True)
    try:
        made = envelope(a, b, mail_text(data), features)
    except UnfitError:
        return
    for line in made:
        assert line.endswith(b"\r\n")
        assert not re.search(rb"[\r\n\x00]", line[:-2])
