"""A mail of any size and any shape, read within bounds and without an exception."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.policy import compat32
from itertools import islice

from publisher.delivery.headers import one_line

# What a report says stands in its first parts; the mail that it returns may be cut off.
LIMIT = 300_000
# One more than that would take the parser long, or deep.
MOST_HEAD = 64_000
MOST_LINES = 10_000
MOST_PARTS = 40
MOST_VALUE = 1_000
MOST_TEXT = 64_000
# A report on more recipients than this is none of ours: each of our mails has one.
MOST_BLOCKS = 20
STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
log = logging.getLogger(__name__)
_empty_line = re.compile(rb"\r?\n\r?\n")
_structure = re.compile(rb"content-type:|boundary", re.I)


class Mail:
    """A mail, or what of it is looked at: its first `LIMIT` bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data[:LIMIT]
        self._message = _parsed(self.data)

    @property
    def id(self) -> str:
        """What the mail is called for ever: its Message-ID, or a hash where it has none."""
        named = self.header("Message-ID")
        return named[:200] or f"sha256:{hashlib.sha256(self.data).hexdigest()}"

    def header(self, name: str) -> str:
        """A header's value on one line, as it stands; empty if there is none."""
        return value_of(self._message, name)

    def headers(self, *names: str) -> str:
        """The values of all headers of these names."""
        wanted = {name.lower() for name in names}
        found = (value for name, value in self._message.items() if name.lower() in wanted)
        return "\n".join(_shown(value) for value in islice(found, 50))

    @property
    def subject(self) -> str:
        """The subject as people read it."""
        raw = self.header("Subject")
        try:
            return one_line(str(make_header(decode_header(raw))))
        except Exception as error:  # whatever an encoded word can have wrong
            _unreadable("subject", error)
            return raw

    @property
    def unfolded(self) -> str:
        """Everything as text, with the line breaks that quoted-printable put in taken out."""
        return re.sub(rb"=\r?\n", b"", self.data).decode("ascii", "replace")

    def parts(self) -> Iterator[Message]:
        """The mail and all that it is made of, those of returned mails too."""
        return islice(self._message.walk(), MOST_PARTS)

    def part(self, *types: str) -> Message | None:
        """The first part of one of these types."""
        return next((one for one in self.parts() if _type(one) in types), None)

    def blocks(self, *types: str) -> list[Message]:
        """The groups of fields of a part of one of these types: of a status, or of a report."""
        part = self.part(*types)
        return [] if part is None else list(islice(_blocks(part), MOST_BLOCKS))

    @property
    def text(self) -> str:
        """What the first part of plain text says."""
        for part in self.parts():
            if not part.is_multipart() and part.get_content_maintype() == "text":
                return _text(part)
        return ""


def value_of(message: Message, name: str) -> str:
    """A header's value on one line; empty if there is none."""
    try:
        value = message.get(name)
    except Exception as error:  # the parser is lenient, but headers are parsed when asked for
        _unreadable("header", error)
        return ""
    return "" if value is None else _shown(value)


def _shown(value: object) -> str:
    try:
        raw = str(value)
    except Exception as error:  # a header of bytes that no charset holds
        _unreadable("header", error)
        return ""
    return one_line(raw[:MOST_VALUE])


def _parsed(data: bytes) -> Message:
    head = _empty_line.split(data[:MOST_HEAD], maxsplit=1)[0]
    lines = data.split(b"\n", MOST_LINES)[:MOST_LINES]
    harmless = len(_structure.findall(data)) <= 2 * MOST_PARTS and len(head) < MOST_HEAD
    try:
        if harmless:
            return BytesParser(policy=compat32).parsebytes(b"\n".join(lines))
        return BytesParser(policy=compat32).parsebytes(head, headersonly=True)
    except Exception as error:  # RecursionError and whatever else a mail can be made to do
        _unreadable("whole", error)
        return Message()


def _type(message: Message) -> str:
    try:
        return message.get_content_type()
    except Exception as error:  # a Content-Type that breaks the parser of its parameters
        _unreadable("Content-Type", error)
        return "text/plain"


def _unreadable(what: str, error: Exception) -> None:
    """Say it, with the kind of error alone: its words can quote the mail, and so an address."""
    log.warning("a mail that came back: its %s cannot be read (%s)", what, type(error).__name__)


def _blocks(part: Message) -> Iterator[Message]:
    inside = part.get_payload()
    if isinstance(inside, str):  # encoded, though RFC 3464 forbids it
        yield from _fields(_text(part))
        return
    for block in inside if isinstance(inside, list) else []:
        if isinstance(block, Message):
            yield block
            rest = block.get_payload()
            if isinstance(rest, str):  # of a type that the parser does not know: all but the first
                yield from _fields(rest)


def _fields(text: str) -> Iterator[Message]:
    for group in re.split(r"\r?\n\r?\n", text[:MOST_TEXT]):
        if group.strip():
            yield HeaderParser(policy=compat32).parsestr(group.lstrip("\r\n"))


def _text(part: Message) -> str:
    try:
        data = part.get_payload(decode=True)
    except Exception:
        return ""
    if not isinstance(data, bytes):
        return ""
    return data[:MOST_TEXT].decode("utf-8", "replace")
