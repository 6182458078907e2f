"""A mail as bytes: built once for all readers of a variant, then filled in for each of them.

Building a MIME message costs milliseconds, filling one microseconds, so markers stand where
readers differ, and the message is cut at them once. In the body they are filled in as
quoted-printable text, a line of their own. That its lines are safe for the wire is seen to once
too: what is filled in is looked at, and nothing else again (`lines.Form`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from typing import Protocol, Self

from publisher.delivery.headers import (
    LONGEST_LINE,
    ascii_uri,
    folded,
    mailto,
    one_line,
    phrase,
    wire,
)
from publisher.delivery.lines import Form, MailText, mail_text

__all__ = [
    "MESSAGE_ID",
    "TO",
    "UNSUBSCRIBE",
    "UNSUBSCRIBE_MAIL",
    "Frame",
    "Pieces",
    "Signer",
    "Template",
    "Unsubscribe",
    "Values",
    "build",
    "fill",
    "message_id",
    "one_line",
    "to_header",
    "unsubscribe_link",
    "wire",
]

TO = "@@TO@@"
MESSAGE_ID = "@@MESSAGE-ID@@"
UNSUBSCRIBE = "@@UNSUBSCRIBE@@"
UNSUBSCRIBE_MAIL = "@@UNSUBSCRIBE-MAIL@@"
QP_WIDTH = 72
BODY_WIDTH = 74  # the two bytes that `_sturdy` may add make it the 76 of RFC 2045
_marker = re.compile(rb"(@@[A-Z][A-Z_-]*@@)")
# What does not stand for itself in quoted-printable text, and white space, which would not last.
_not_literal = re.compile(rb"[^!-<>-~]")
_control = re.compile(r"[\x00-\x1f\x7f]")
# What mail servers and mailboxes change at the beginning of a line (RFC 2049, 3).
_fragile = re.compile(rb"(?m)^(?:\.|F(?=rom ))")

Values = Mapping[bytes, bytes]


class Unsubscribe(StrEnum):
    """What `List-Unsubscribe` offers.

    ONE_CLICK is RFC 8058: @@UNSUBSCRIBE@@ is an https address that takes the POST. WEB is such an
    address without it, MAIL is the mail address alone, NONE is for a mail that has nobody to leave.
    """

    NONE = "none"
    MAIL = "mail"
    WEB = "web"
    ONE_CLICK = "one-click"


@dataclass(frozen=True, slots=True)
class Frame:
    """What is the same for every mail of a list.

    `bounces` is the address that bounces go to; each mail's token is put into it after
    `delimiter`. Without it they go to the sender. `signer` signs each mail.
    """

    list_title: str
    list_id: str
    sender: str
    sender_name: str
    reply_to: str
    archive: str
    unsubscribe: Unsubscribe = Unsubscribe.MAIL
    bounces: str = ""
    delimiter: str = "+"
    signer: Signer | None = None

    @property
    def domain(self) -> str:
        """The domain that mail is from; Message-IDs are made in it, and signatures are for it."""
        return wire(self.sender).rpartition("@")[2]

    @property
    def contact(self) -> str:
        """Where people write to."""
        return wire(self.reply_to or self.sender)

    def return_path(self, token: str) -> str:
        """The envelope's sender for the mail of that token."""
        if not self.bounces:
            return wire(self.sender)
        local, _, domain = wire(self.bounces).rpartition("@")
        return f"{local}{self.delimiter}{token}@{domain}"


class Signer(Protocol):
    """Makes mails provably those of a domain."""

    def sealed(self, template: Template, domain: str) -> Template:
        """The template with a `seal` that signs for the domain."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Bytes cut at their markers: `parts` has text at even places and a marker at odd ones."""

    parts: tuple[bytes, ...]

    @classmethod
    def of(cls, data: bytes) -> Self:
        """The data cut."""
        return cls(tuple(_marker.split(data)))

    def gaps(self, values: Values) -> list[bytes]:
        """What stands for each marker, in their order; a marker without a value stays."""
        return [values.get(marker, marker) for marker in self.parts[1::2]]

    def fill(self, values: Values) -> bytes:
        """The data with values for its markers."""
        filled = list(self.parts)
        filled[1::2] = self.gaps(values)
        return b"".join(filled)


@dataclass(frozen=True, slots=True)
class Template:
    """A message with markers; `head` are its headers to the empty line, `body` all after it.

    `seal` makes headers that go on top, from the values of the head and of the body.
    """

    head: Pieces
    body: Pieces
    seal: Callable[[Values, Values], bytes] | None = None
    form: Form = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        head, body = self.head.parts[::2], self.body.parts[::2]
        # Its first gap is on top, for the seal.
        form = Form([b"", *head[:-1], head[-1] + body[0], *body[1:]])
        object.__setattr__(self, "form", form)

    def filled(self, head: Values, body: Values) -> MailText:
        """The message with its seal and these values."""
        seal = self.seal(head, body) if self.seal else b""
        return self.form.fill([seal, *self.head.gaps(head), *self.body.gaps(body)])


def build(
    frame: Frame,
    subject: str,
    html: str | None,
    text: str,
    date: datetime,
    *,
    language: str = "",
    kind: str = "digest",
    campaign: str = "",
) -> Template:
    """One variant as a message. Without `html` it is plain text.

    `kind` and `campaign` (an edition's date) are what Gmail's Postmaster Tools count by.
    """
    fields = [
        *_fields(frame, subject, date),
        ("Feedback-ID", _feedback_id(frame, campaign, kind)),
        ("Content-Language", language),
    ]
    top = "".join(f"{name}: {value}\r\n" for name, value in fields if value)
    head, _, body = _mime(html, text).partition(b"\r\n\r\n")
    whole = mail_text(top.encode() + head + b"\r\n\r\n")
    made = Template(Pieces.of(whole), Pieces.of(mail_text(_sturdy(_whole_markers(body)))))
    return frame.signer.sealed(made, frame.domain) if frame.signer else made


def fill(template: Template, head: Mapping[str, str], body: Mapping[str, str]) -> MailText:
    """The message for one reader; the values of the body serve the headers too.

    Raises ValueError if a header's value holds a line break or another control character.
    """
    rest = {name.encode(): _quoted_printable(value) for name, value in body.items()}
    values = {**body, **head}
    top = {}
    for marker in template.head.parts[1::2]:
        name = marker.decode()
        if name in values:
            top[marker] = _header_value(name, values[name])
    return template.filled(top, rest)


def message_id(token: str, domain: str) -> str:
    """The same mail to the same subscriber has the same id, so a second copy is recognised.

    It is the mail's token, by which a bounce that quotes it is recognised too.
    """
    return f"<{token}@{domain}>"


def unsubscribe_link(frame: Frame, token: str = "") -> str:
    """Where a reader asks by mail to be taken off the list; the token says who asks."""
    subject = f"unsubscribe {frame.list_id}"
    if frame.bounces and token:
        return mailto(frame.return_path(token), subject)
    link = mailto(frame.contact, subject)
    return f"{link}%20{token}" if token else link


def to_header(email: str, name: str) -> str:
    """The To header's value; a name that is not ASCII is encoded by RFC 2047.

    An address that is not ASCII before its @ stands there as it is (RFC 6532).
    """
    words = phrase(name)
    return f"{words} <{wire(email)}>" if words else wire(email)


def _fields(frame: Frame, subject: str, date: datetime) -> list[tuple[str, str]]:
    sender_name = phrase(frame.sender_name or frame.list_title)
    listed = frame.unsubscribe is not Unsubscribe.NONE
    links = [UNSUBSCRIBE_MAIL]
    if frame.unsubscribe in (Unsubscribe.WEB, Unsubscribe.ONE_CLICK):
        links.insert(0, UNSUBSCRIBE)  # Gmail and Yahoo take the first that they know
    one_click = frame.unsubscribe is Unsubscribe.ONE_CLICK
    return [
        ("From", f"{sender_name} <{wire(frame.sender)}>"),
        ("To", TO),
        ("Reply-To", wire(frame.reply_to) if frame.reply_to else ""),
        ("Subject", folded("Subject", subject)),
        ("Date", format_datetime(date)),
        ("Message-ID", MESSAGE_ID),
        ("List-Id", f"{phrase(frame.list_title)} <{frame.list_id}>".lstrip()),
        ("List-Unsubscribe", ", ".join(f"<{link}>" for link in links) if listed else ""),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click" if one_click else ""),
        ("List-Archive", f"<{ascii_uri(frame.archive)}>" if frame.archive else ""),
        ("List-Help", f"<{mailto(frame.contact, 'help')}>"),
        ("List-Owner", f"<{mailto(frame.contact)}>"),
        ("Auto-Submitted", "auto-generated"),  # RFC 3834: keep out-of-office replies away
        ("Precedence", "bulk"),
    ]


def _feedback_id(frame: Frame, campaign: str, kind: str) -> str:
    # Google's form: campaign, customer, type and, of 5 to 15 characters, the sender.
    sender = re.sub(r"[^a-z0-9]", "", frame.domain.lower())[:15]
    if len(sender) < 5:
        sender = hashlib.sha256(frame.domain.encode()).hexdigest()[:15]
    parts = (campaign, frame.list_id, kind)
    return ":".join([re.sub(r"[^A-Za-z0-9._-]", "-", part) for part in parts] + [sender])


def _mime(html: str | None, text: str) -> bytes:
    # The longest header here is Content-Type; only the body keeps to short lines.
    message = EmailMessage(policy=SMTP.clone(max_line_length=BODY_WIDTH))
    message.set_content(text, subtype="plain", charset="utf-8", cte="quoted-printable")
    if html is not None:
        message.add_alternative(html, subtype="html", charset="utf-8", cte="quoted-printable")
        message.set_boundary(_boundary(text + html))
        for part in message.iter_parts():
            del part["MIME-Version"]  # it is the whole message's
    return message.as_bytes(policy=SMTP.clone(max_line_length=LONGEST_LINE))


def _header_value(name: str, value: str) -> bytes:
    if not value.isprintable() and _control.search(value):
        raise ValueError(f"{name}: a header cannot hold a line break or a control character")
    # One space where there are several, as a signature sees it (RFC 6376, 3.4.2).
    return (" ".join(value.split(" ")) if "  " in value else value).strip(" ").encode()


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


def _sturdy(body: bytes) -> bytes:
    """Encode what would not stay as it is on its way: no line begins with a dot or with From."""
    return _fragile.sub(lambda match: b"=%02X" % ord(match[0]), body)


def _quoted_printable(value: str) -> bytes:
    """The value in lines that are short enough, without any white space of its own."""
    encoded = value.encode()
    if _not_literal.search(encoded):
        encoded = _not_literal.sub(lambda match: b"=%02X" % ord(match[0]), encoded)
    lines: list[bytes] = []
    while len(encoded) > QP_WIDTH:
        end = QP_WIDTH
        while b"=" in encoded[end - 2 : end]:  # never inside an escape
            end -= 1
        lines.append(encoded[:end])
        encoded = encoded[end:]
    return b"=\r\n".join([*lines, encoded])
