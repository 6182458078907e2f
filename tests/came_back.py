"""Mails that came back, in the shapes that servers and providers give them.

`tests/mails/MEANING/NAME.eml` are patterns; what stands between @s is filled in with one of our
own mails, as `publisher` makes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from publisher.delivery import message
from publisher.delivery.mail_tokens import MailTokens

PATTERNS = Path(__file__).parent / "mails"
LISTS = ("weekly", "daily")
TOKENS = MailTokens([b"k" * 32], LISTS)
FRAME = message.Frame(
    list_title="Daily digest",
    list_id="daily.news.example",
    sender="news@news.example",
    sender_name="Our Newsroom",
    reply_to="",
    archive="https://news.example/editions/daily/",
    unsubscribe=message.Unsubscribe.ONE_CLICK,
    bounces="bounces@news.example",
)


@dataclass(frozen=True)
class Sent:
    """One of our mails: its reader, and the tokens in it."""

    reader: str = "reader@example.org"
    edition_id: int = 7
    subscriber_id: int = 8
    list_name: str = "daily"
    tokens: MailTokens = TOKENS

    @property
    def verp(self) -> str:
        """The envelope's sender."""
        return FRAME.return_path(self.tokens.edition(self.edition_id, self.subscriber_id))

    @property
    def leave(self) -> str:
        """The token for leaving the list."""
        return self.tokens.unsubscribe(self.list_name, self.subscriber_id)

    @property
    def message_id(self) -> str:
        """The Message-ID."""
        token = self.tokens.edition(self.edition_id, self.subscriber_id)
        return message.message_id(token, FRAME.domain)

    @property
    def data(self) -> str:
        """The mail itself, with the line endings of Unix."""
        html, text = '<p>Hello</p><a href="@@UNSUBSCRIBE@@">x</a>', "Hello\n@@UNSUBSCRIBE@@\n"
        when = datetime(2024, 5, 2, 18, 0, tzinfo=UTC)
        template = message.build(FRAME, "News of today", html, text, when, language="en")
        head = {
            message.TO: message.to_header(self.reader, "A Reader"),
            message.MESSAGE_ID: self.message_id,
            message.UNSUBSCRIBE_MAIL: message.unsubscribe_link(FRAME, self.leave),
        }
        links = {message.UNSUBSCRIBE: "https://news.example/unsubscribe/abc"}
        return message.fill(template, head, links).decode().replace("\r\n", "\n")


def names() -> list[str]:
    """Every pattern, as MEANING/NAME."""
    return sorted(
        str(file.relative_to(PATTERNS).with_suffix("")) for file in PATTERNS.glob("*/*.eml")
    )


def came_back(name: str, sent: Sent | None = None) -> bytes:
    """The mail of that pattern about `sent`, with the line endings of mail."""
    sent = sent or Sent()
    whole = sent.data
    head = whole.partition("\n\n")[0]
    values = {
        "VERP": sent.verp,
        "READER": sent.reader,
        "LEAVE": FRAME.return_path(sent.leave),
        "LEAVE-TOKEN": sent.leave,
        "MESSAGE-ID": sent.message_id,
        "ORIGINAL": whole,
        "ORIGINAL-BUT-MESSAGE-ID": whole.replace(sent.message_id, "<0102018f@ses.example>"),
        "HEADERS": head,
    }
    pattern = (PATTERNS / f"{name}.eml").read_text(encoding="utf-8")
    filled = re.sub(r"@([A-Z-]+)@", lambda match: values[match[1]], pattern)
    return filled.encode().replace(b"\n", b"\r\n")


def to_another_address(data: bytes) -> bytes:
    """The same mail, sent to an address without a token, as where no address of its own is set."""
    head, gap, body = data.partition(b"\r\n\r\n")
    plain = re.sub(rb"bounces\+[a-z0-9-]+@", b"news@", head)
    return plain + gap + body


def forged(data: bytes) -> bytes:
    """The same mail, as somebody writes it who has never seen one of ours."""
    return re.sub(rb"(?<=-)[a-z2-7]{16}(?=[@ \r])", b"aaaabbbbccccdddd", data)
