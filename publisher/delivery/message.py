"""A mail as bytes: built once for all readers of a variant, then filled in for each of them.

Building a MIME message costs milliseconds, filling one microseconds, so markers stand where
readers differ. In the body they are filled in as quoted-printable text, a line of their own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from quopri import encodestring

TO = "@@TO@@"
MESSAGE_ID = "@@MESSAGE-ID@@"
QP_WIDTH = 72


@dataclass(frozen=True, slots=True)
class Frame:
    """What is the same for every mail of a list."""

    list_title: str
    list_id: str
    sender: str
    sender_name: str
    reply_to: str
    archive: str

    @property
    def domain(self) -> str:
        """The domain that Message-IDs are made in."""
        return self.sender.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Template:
    """A message with markers; `head` are its headers, `body` all after them."""

    head: bytes
    body: bytes


def build(frame: Frame, subject: str, html: str | None, text: str, date: datetime) -> Template:
    """One variant as a message. Without `html` it is plain text."""
    message = EmailMessage(policy=SMTP.clone(max_line_length=76))
    message["From"] = _address(frame.sender, frame.sender_name or frame.list_title)
    message["To"] = TO
    if frame.reply_to:
        message["Reply-To"] = frame.reply_to
    message["Subject"] = one_line(subject)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = MESSAGE_ID
    message["List-Id"] = f"{_quoted(frame.list_title)} <{frame.list_id}>"
    message["List-Unsubscribe"] = f"<{unsubscribe_link(frame)}>"
    message["List-Help"] = f"<mailto:{frame.reply_to or frame.sender}?subject=help>"
    message["List-Archive"] = f"<{frame.archive}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: keep out-of-office replies away
    message["Precedence"] = "bulk"
    message.set_content(text, subtype="plain", charset="utf-8", cte="quoted-printable")
    if html is not None:
        message.add_alternative(html, subtype="html", charset="utf-8", cte="quoted-printable")
        message.set_boundary(_boundary(text + html))
    # Folded headers would break the links in them; only the body keeps to short lines.
    whole = message.as_bytes(policy=SMTP.clone(max_line_length=900))
    head, _, body = whole.partition(b"\r\n\r\n")
    return Template(head, _whole_markers(body))


def fill(template: Template, head: Mapping[str, str], body: Mapping[str, str]) -> bytes:
    """The message for one reader. Raises ValueError if a header value holds a line break."""
    top, rest = template.head, template.body
    for marker, value in head.items():
        if re.search(r"[\r\n\x00]", value):
            raise ValueError(f"{marker}: a header cannot hold a line break")
        top = top.replace(marker.encode(), value.encode())
    for marker, value in body.items():
        rest = rest.replace(marker.encode(), _quoted_printable(value))
    return top + b"\r\n\r\n" + rest


def message_id(edition_id: int, subscriber_id: int, domain: str) -> str:
    """The same edition to the same subscriber has the same id, so a second copy is recognised."""
    digest = hashlib.sha256(f"{edition_id}/{subscriber_id}".encode()).hexdigest()[:32]
    return f"<{digest}@{domain}>"


def unsubscribe_link(frame: Frame) -> str:
    """Where a reader asks to be taken off the list."""
    return f"mailto:{frame.reply_to or frame.sender}?subject=unsubscribe%20{frame.list_id}"


def to_header(email: str, name: str) -> str:
    """The To header's value; a name that is not ASCII is encoded by RFC 2047."""
    try:
        return formataddr((one_line(name), email))
    except UnicodeEncodeError:  # an international address: RFC 6532 has it as it is
        return f"<{email}>"


def one_line(value: str) -> str:
    """`value` without line breaks and control characters."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f\u2028\u2029\x85]", " ", value).split())


def _address(email: str, name: str) -> Address:
    return Address(one_line(name), addr_spec=email)


def _quoted(title: str) -> str:
    plain = one_line(title).encode("ascii", "ignore").decode().strip()
    return '"' + plain.replace("\\", "").replace('"', "") + '"' if plain else '"list"'


def _boundary(content: str) -> str:
    # From the content, so that the same variant is the same bytes.
    return f"=_{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _whole_markers(body: bytes) -> bytes:
    """Put each marker that quoted-printable has broken over two lines on a line of its own."""
    soft = rb"(?:=\r\n)?"
    marker = soft.join([b"@", b"@", rb"[A-Z_](?:[A-Z_-]|=\r\n)*", b"@", b"@"])
    return re.sub(
        soft + marker + soft, lambda m: b"=\r\n" + m[0].replace(b"=\r\n", b"") + b"=\r\n", body
    )


def _quoted_printable(value: str) -> bytes:
    encoded = encodestring(value.encode(), quotetabs=False).replace(b"=\n", b"").replace(b"\n", b"")
    lines: list[bytes] = []
    while len(encoded) > QP_WIDTH:
        end = QP_WIDTH
        while b"=" in encoded[end - 2 : end]:  # never inside an escape
            end -= 1
        lines.append(encoded[:end])
        encoded = encoded[end:]
    return b"=\r\n".join([*lines, encoded])
