"""A letter is a right MIME message for each reader, whatever the reader is called."""

from __future__ import annotations

import email
import email.policy
import os
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery import message
from publisher.delivery.headers import ascii_uri, wire
from publisher.delivery.lines import MailText, for_data
from publisher.delivery.mail_tokens import MailTokens
from publisher.delivery.message import Unsubscribe

GOLDEN = Path(__file__).parent / "golden" / "heads"

FRAME = message.Frame(
    list_title="Daily digest",
    list_id="daily.news.example",
    sender="news@news.example",
    sender_name="Our Newsroom",
    reply_to="",
    archive="https://news.example/editions/daily/",
)
WHEN = datetime(2024, 5, 2, 18, 0, tzinfo=UTC)
TOKENS = MailTokens([b""])
LINK = "https://news.example/unsubscribe?token=" + "a=b" * 40


def letter(
    *,
    subject: str = "News of today",
    html: str | None = '<p>Hello</p><a href="@@UNSUBSCRIBE@@">Leave</a>',
    text: str = "Hello\n\n@@UNSUBSCRIBE@@\n",
    to: str = "reader@example.org",
    name: str = "A Reader",
    frame: message.Frame = FRAME,
    language: str = "en",
) -> MailText:
    template = message.build(
        frame, subject, html, text, WHEN, language=language, campaign="2024-05-02"
    )
    head = {
        message.TO: message.to_header(to, name),
        message.MESSAGE_ID: message.message_id(TOKENS.edition(7, 8), frame.domain),
        message.UNSUBSCRIBE_MAIL: message.unsubscribe_link(frame, "u8-aaaabbbbccccdddd"),
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
    assert found["List-Id"] == "Daily digest <daily.news.example>"
    assert found["List-Unsubscribe"] == (
        "<mailto:news@news.example?subject=unsubscribe%20daily.news.example%20u8-aaaabbbbccccdddd>"
    )
    assert found["List-Unsubscribe-Post"] is None
    assert found["Auto-Submitted"] == "auto-generated"
    assert found.get_all("Message-ID") == [message.message_id(TOKENS.edition(7, 8), "news.example")]


def test_the_same_edition_to_the_same_reader_has_the_same_message_id() -> None:
    tokens = [TOKENS.edition(e, s) for e in range(20) for s in range(20)]
    assert tokens == [MailTokens([b""]).edition(e, s) for e in range(20) for s in range(20)]
    assert len({message.message_id(token, "a.example") for token in tokens}) == 400


def test_the_same_variant_is_the_same_bytes() -> None:
    assert letter() == letter()


def test_lines_end_in_crlf_and_stay_short() -> None:
    data = letter(html="<p>" + "word " * 2000 + '</p><a href="@@UNSUBSCRIBE@@">x</a>')
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert max(map(len, data.split(b"\r\n"))) <= 998  # RFC 5322, 2.1.1
    _, _, content = data.partition(b"\r\n\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 76  # RFC 2045, 6.7


def test_no_line_of_a_body_is_one_that_servers_and_mailboxes_change() -> None:
    text = ".\n..\nFrom here\nFromage\n" + ". " * 300 + "\n" + "From " * 90 + "\n"
    data = letter(html=f"<p>{text}</p>", text=text)
    _, _, content = data.partition(b"\r\n\r\n")
    lines = content.split(b"\r\n")
    assert not [line for line in lines if line.startswith((b".", b"From "))]
    assert max(map(len, lines)) <= 76
    assert body(data, "plain") == text
    assert for_data(data) == data + b".\r\n"


VERP = replace(FRAME, bounces="bounces@news.example", unsubscribe=Unsubscribe.ONE_CLICK)
ARABIC = replace(
    VERP,
    list_title="نشرة الصباح اليومية من غرفة الأخبار",
    sender_name="بريد الميناء",
    sender="news@أخبار.example",
    reply_to="desk@news.example",
)


@pytest.mark.parametrize(
    ("language", "values"),
    [
        ("en", {"frame": VERP, "subject": "Daily digest, 2 May 2024: Council & library: a <roof>"}),
        (
            "ar",
            {
                "frame": ARABIC,
                "subject": "نشرة الصباح، الخميس ٢ أيار ٢٠٢٤: أربعون قارباً في السباق هذا العام",
                "name": "قارئة",
            },
        ),
    ],
)
def test_the_head_of_a_letter_is_the_golden_one(language: str, values: dict[str, Any]) -> None:
    found = letter(language=language, **values).partition(b"\r\n\r\n")[0].decode() + "\n"
    golden = GOLDEN / f"{language}.txt"
    if os.environ.get("REFRESH_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(found, encoding="utf-8")
    assert found.replace("\r\n", "\n") == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("offer", "links", "post"),
    [
        (Unsubscribe.NONE, None, None),
        (Unsubscribe.MAIL, ["mailto:"], None),
        (Unsubscribe.WEB, ["https:", "mailto:"], None),
        (Unsubscribe.ONE_CLICK, ["https:", "mailto:"], "List-Unsubscribe=One-Click"),
    ],
)
def test_a_way_out_is_named_where_there_is_one(
    offer: Unsubscribe, links: list[str] | None, post: str | None
) -> None:
    found = read(letter(frame=replace(VERP, unsubscribe=offer)))
    assert found["List-Unsubscribe-Post"] == post
    if links is None:
        assert found["List-Unsubscribe"] is None
        return
    values = [value.strip() for value in found["List-Unsubscribe"].split(", ")]
    assert [value[1 : value.index(":") + 1] for value in values] == links
    assert all(value.startswith("<") and value.endswith(">") for value in values)
    if offer is Unsubscribe.ONE_CLICK:
        assert values[0] == f"<{LINK}>"


def test_each_mail_comes_back_to_an_address_of_its_own() -> None:
    assert VERP.return_path("e1-2-abc") == "bounces+e1-2-abc@news.example"
    assert replace(VERP, delimiter="-").return_path("x") == "bounces-x@news.example"
    assert FRAME.return_path("e1-2-abc") == "news@news.example"


def test_an_international_domain_needs_no_server_that_knows_it() -> None:
    assert wire("ada@bücher.example") == "ada@xn--bcher-kva.example"
    assert wire("ada@straße.example") == "ada@xn--strae-oqa.example"
    assert wire("阿达@例子.example") == "阿达@xn--fsqu00a.example"
    assert ascii_uri("https://bücher.example:8000/ä/b") == (
        "https://xn--bcher-kva.example:8000/%C3%A4/b"
    )
    found = letter(frame=ARABIC, to="ada@bücher.example").partition(b"\r\n\r\n")[0]
    assert found.isascii()
    assert b"<ada@xn--bcher-kva.example>" in found
    assert b"<news@xn--igbicxr.example>" in found


no_marker = st.text(max_size=300).filter(lambda text: "@@" not in text)


@given(no_marker)
def test_any_subject_comes_back_on_lines_that_are_short_enough(subject: str) -> None:
    data = letter(subject=subject)
    assert (read(data)["Subject"] or "") == message.one_line(subject)
    field = data.partition(b"Subject: ")[2].partition(b"\r\nDate: ")[0]
    assert all(len(line) <= 76 for line in field.split(b"\r\n")[1:])


@given(no_marker, no_marker)
def test_any_name_comes_back(name: str, title: str) -> None:
    data = letter(name=name, frame=replace(FRAME, sender_name=title, list_title=title))
    # By the older interface: the newer one puts a space between two encoded words of a name.
    found = email.message_from_bytes(data)
    for header, wanted in (("To", name), ("From", title)):
        shown, address = parseaddr(found[header])
        assert str(make_header(decode_header(shown))) == message.one_line(wanted)[:100].strip()
        assert address in ("reader@example.org", "news@news.example")


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


def test_what_stands_only_in_the_body_may_have_many_lines() -> None:
    template = message.build(FRAME, "s", None, "@@CHOICES@@", WHEN)
    data = message.fill(template, {}, {"@@CHOICES@@": "a  b\nc"})
    assert body(data, "plain") == "a  b\nc\n"


def test_an_address_with_signs_of_its_own_stays_one_in_a_link() -> None:
    frame = replace(FRAME, reply_to="desk&co?x%@news.example")
    found = read(letter(frame=frame))
    assert found["List-Owner"] == "<mailto:desk%26co%3Fx%25@news.example>"
    assert (
        "<mailto:desk%26co%3Fx%25@news.example?subject=unsubscribe%20daily"
        in (found["List-Unsubscribe"])
    )


def test_a_subject_cannot_add_a_header() -> None:
    found = read(letter(subject="News\r\nBcc: all@example.org"))
    assert found["Bcc"] is None
    assert found["Subject"] == "News Bcc: all@example.org"


def test_without_html_the_letter_is_plain_text() -> None:
    assert read(letter(html=None)).get_content_type() == "text/plain"
