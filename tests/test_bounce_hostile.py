"""Whatever is sent to the address of bounces: no exception, a bound on time and memory, no harm."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.delivery.bounces.mail import LIMIT, Mail
from publisher.delivery.bounces.reading import Finding, Meaning, read
from tests.came_back import TOKENS, Sent, came_back, names

SAMPLES = [came_back(name) for name in names()]
SECONDS = 3.0  # a bound, not a measure: on an idle machine each takes a small part of it
REPORT = (
    b'From: MAILER-DAEMON@x\r\nTo: %s\r\nContent-Type: multipart/report; boundary="b"\r\n\r\n'
    % (Sent().verp.encode())
)
STATUS = b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"


def nested(depth: int) -> bytes:
    """A multipart in a multipart in a multipart."""
    parts = (
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
        for level in range(depth)
    )
    return b"".join(parts)


BOMBS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "zeros": lambda: b"\0" * 500_000,
    "lines": lambda: b"\n" * 50_000_000,
    "one line": lambda: b"a" * 50_000_000,
    "50 MB behind a report": lambda: SAMPLES[0] + b"A" * 50_000_000,
    "headers": lambda: b"X-A: b\r\n" * 200_000 + b"\r\nbody",
    "recipients": lambda: b"To: bounces+e1-2-aaaabbbbccccdddd@x\r\n" * 50_000 + b"\r\n",
    "one long header": lambda: b"Subject: " + b"unsubscribe " * 100_000 + b"\r\n\r\n",
    "folded for ever": lambda: b"Subject: a\r\n" + b" b\r\n" * 100_000 + b"\r\n",
    "encoded words": lambda: b"Subject: " + b"=?utf-8?b?//8=?= " * 20_000 + b"\r\n\r\n",
    "deep": lambda: nested(5_000),
    "deep enough": lambda: nested(35) + b"x\r\n" * 20_000,
    "mails in mails": lambda: b"Content-Type: message/rfc822\r\n\r\n" * 10_000,
    "mails in a report": lambda: REPORT + b"--b\r\nContent-Type: message/rfc822\r\n\r\n" * 5_000,
    "parts": lambda: REPORT + b"--b\r\n\r\nx\r\n" * 50_000,
    "statuses": lambda: REPORT + STATUS * 5_000,
    "recipients of a status": lambda: REPORT + STATUS + b"Action: failed\r\n\r\n" * 20_000,
    "fields of a status": lambda: REPORT + STATUS + b"Action: failed\r\n" * 20_000,
    "a long diagnostic": lambda: (
        REPORT + STATUS + b"Action: failed\r\nDiagnostic-Code: smtp; " + b"user " * 50_000
    ),
    "tokens": lambda: REPORT + b"e1-2-aaaabbbbccccdddd " * 20_000,
    "brackets": lambda: REPORT.replace(b"multipart/report", b"text/plain") + b"<" * 100_000,
    "a long boundary": lambda: REPORT.replace(b'"b"', b'"' + b"b" * 200_000 + b'"'),
    "no charset": lambda: b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe",
    "bad transfer": lambda: b"Content-Transfer-Encoding: base64\r\n\r\n%%%" + b"=" * 100_000,
    "uuencoded": lambda: REPORT.replace(b"multipart/report", b"text/plain")
    + b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n" + b"M" * 100_000,
    "bytes": lambda: random.Random(1).randbytes(1_000_000),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_does_nothing(name: str) -> None:
    data = BOMBS[name]()
    tracemalloc.start()
    start = time.process_time()
    finding = read(data, TOKENS)
    took = time.process_time() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(finding, Finding)
    assert took < SECONDS
    assert peak < 60 * LIMIT


def test_a_returned_mail_of_any_size_is_understood() -> None:
    whole = came_back("hard/postfix")
    assert read(whole + b"A" * 50_000_000, TOKENS) == read(whole, TOKENS)


def test_a_report_is_known_by_its_address_even_where_nothing_else_can_be_read() -> None:
    finding = read(b"X-A: b\r\n" * 20_000, TOKENS)
    assert finding.meaning is Meaning.UNRELATED
    assert Mail(b"Message-ID: <a@b>\r\n" + nested(500)).id == "<a@b>"


@given(st.sampled_from(SAMPLES), st.integers(min_value=0), st.binary(max_size=40), st.data())
def test_no_mutation_raises(sample: bytes, at: int, put: bytes, draw: st.DataObject) -> None:
    at %= len(sample)
    until = at + draw.draw(st.integers(min_value=0, max_value=200))
    finding = read(sample[:at] + put + sample[until:], TOKENS)
    assert finding.token is None or finding.token.subscriber_id == 8


@given(st.lists(st.sampled_from([line + b"\n" for one in SAMPLES for line in one.split(b"\n")])))
def test_no_mixture_of_lines_raises_or_is_about_somebody_else(lines: list[bytes]) -> None:
    finding = read(b"".join(lines), TOKENS)
    assert finding.token is None or finding.token.subscriber_id == 8


@given(st.binary(max_size=2_000))
def test_no_bytes_raise(data: bytes) -> None:
    assert read(data, TOKENS).token is None


@given(st.text(max_size=200))
@example("=?utf-8?q?=1b[2J?=")
def test_what_is_shown_of_a_mail_is_harmless_on_a_terminal(subject: str) -> None:
    data = came_back("unsubscribe/mailto-link").replace(
        b"unsubscribe daily.news.example",
        b"unsubscribe \x1b[2J" + subject.encode("utf-8", "ignore"),
    )
    finding = read(data, TOKENS)
    shown = finding.diagnostic + finding.status + finding.mail
    assert not any(ord(sign) < 32 or 0x7F <= ord(sign) <= 0x9F for sign in shown)


def test_what_cannot_be_read_of_a_mail_is_said_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mail = Mail(b"From: ada@example.org\nSubject: =?nonsense?q?ada=40example.org?=\n\nx")
    assert mail.subject.startswith("=?nonsense"), "as it stands"
    assert caplog.messages == ["a mail that came back: its subject cannot be read (LookupError)"]
