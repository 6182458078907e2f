"""A letter is a right MIME message for each reader, whatever the reader is called."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery import message

FRAME = message.Frame(
    list_title="Daily digest",
    list_id="daily.news.example",
    sender="news@news.example",
    sender_name="Our Newsroom",
    reply_to="",
    archive="https://news.example/editions/daily/",
)
WHEN = datetime(2024, 5, 2, 18, 0, tzinfo=UTC)
LINK = "https://news.example/unsubscribe?token=" + "a=b" * 40


def letter(
    *,
    subject: str = "News of today",
    html: str | None = '<p>Hello</p><a href="@@UNSUBSCRIBE@@">Leave</a>',
    text: str = "Hello\n\n@@UNSUBSCRIBE@@\n",
    to: str = "reader@example.org",
    name: str = "A Reader",
) -> bytes:
    template = message.build(FRAME, subject, html, text, WHEN)
    head = {
        message.TO: message.to_header(to, name),
        message.MESSAGE_ID: message.message_id(7, 8, FRAME.domain),
    }
    return message.fill(template, head, {"@@UNSUBSCRIBE@@": LINK})


def read(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=email.policy.default)


def body(data: bytes, kind: str) -> str:
    part = read(data).get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_both_parts_come_back_with_the_link_filled_in() -> None:
    data = letter()
    assert body(data, "html") == f'<p>Hello</p><a href="{LINK}">Leave</a>\n'
    assert LINK in body(data, "plain")
    assert [part.get_content_type() for part in read(data).iter_parts()] == [
        "text/plain",
        "text/html",
    ]


def test_the_headers_are_those_that_mail_programs_and_filters_ask_for() -> None:
    found = read(letter())
    assert found["From"] == "Our Newsroom <news@news.example>"
    assert found["To"] == "A Reader <reader@example.org>"
    assert found["Subject"] == "News of today"
    assert found["Date"] == "Thu, 02 May 2024 18:00:00 +0000"
    assert found["List-Id"] == '"Daily digest" <daily.news.example>'
    assert found["List-Unsubscribe"] == (
        "<mailto:news@news.example?subject=unsubscribe%20daily.news.example>"
    )
    assert found["Auto-Submitted"] == "auto-generated"
    assert found.get_all("Message-ID") == [message.message_id(7, 8, "news.example")]


def test_the_same_edition_to_the_same_reader_has_the_same_message_id() -> None:
    assert message.message_id(1, 2, "a.example") == message.message_id(1, 2, "a.example")
    ids = {message.message_id(e, s, "a.example") for e in range(20) for s in range(20)}
    assert len(ids) == 400


def test_the_same_variant_is_the_same_bytes() -> None:
    assert letter() == letter()


def test_lines_end_in_crlf_and_stay_short() -> None:
    data = letter(html="<p>" + "word " * 2000 + '</p><a href="@@UNSUBSCRIBE@@">x</a>')
    assert b"\n" not in data.replace(b"\r\n", b"")
    _, _, content = data.partition(b"\r\n\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 76  # RFC 2045, 6.7


@given(st.text(min_size=1, max_size=60), st.integers(min_value=0, max_value=90))
def test_a_marker_survives_wherever_it_stands(around: str, shift: int) -> None:
    html = f"{'x' * shift}@@UNSUBSCRIBE@@{'y' * 50}@@UNSUBSCRIBE@@"
    assert body(letter(html=html), "html").strip() == html.replace("@@UNSUBSCRIBE@@", LINK)
    subject = read(letter(subject=around))["Subject"]
    assert not set(str(subject)) & set("\r\n\x00")


@pytest.mark.parametrize(
    "name", ["Zoë Ångström", "قارئ", 'A "B" <c@d>', "x\r\nBcc: all@example.org"]
)
def test_any_name_makes_one_to_header(name: str) -> None:
    found = read(letter(name=name))
    assert found["To"].addresses[0].addr_spec == "reader@example.org"
    assert found["Bcc"] is None
    assert len(found["To"].addresses) == 1


def test_a_line_break_in_a_header_is_refused() -> None:
    template = message.build(FRAME, "s", None, "t", WHEN)
    with pytest.raises(ValueError, match="line break"):
        message.fill(template, {message.TO: "a@b\r\nBcc: c@d"}, {})


def test_a_subject_cannot_add_a_header() -> None:
    found = read(letter(subject="News\r\nBcc: all@example.org"))
    assert found["Bcc"] is None
    assert found["Subject"] == "News Bcc: all@example.org"


def test_without_html_the_letter_is_plain_text() -> None:
    assert read(letter(html=None)).get_content_type() == "text/plain"
