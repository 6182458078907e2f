"""The lines of a mail, made safe for the wire. Pure.

SMTP ends a message with a dot on a line of its own, and servers disagree on what ends a line:
whoever can place a lone CR or LF into a message can smuggle a second one behind it. So every line
ends in CRLF here, no CR or LF stands anywhere else, and dots are stuffed (RFC 5321, 4.5.2).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

_end = re.compile(rb"\r\n|\n")
_lone = re.compile(rb"\r(?!\n)|\x00")


class MailText(bytes):
    """A mail whose every line ends in CRLF, without a lone CR or LF, or a NUL.

    Only this file makes one. `dotted` is false where surely no line begins with a dot.
    """

    __slots__ = ()
    dotted = False


class _DottedText(MailText):
    __slots__ = ()
    dotted = True


def mail_text(data: bytes) -> MailText:
    """The data as lines. A lone LF ends a line; a lone CR becomes a space; NUL is dropped."""
    if isinstance(data, MailText):
        return data
    if not _clean(data):
        data = _lone.sub(lambda found: b" " if found[0] == b"\r" else b"", data)
        data = _end.sub(b"\r\n", data)
    if data and not data.endswith(b"\n"):
        data += b"\r\n"
    return _DottedText(data) if data.startswith(b".") or b"\n." in data else MailText(data)


def for_data(text: MailText, then: bytes = b"") -> bytes:
    """What follows DATA, to the final dot: dots stuffed, the dot that ends it all, and `then`."""
    if text.dotted:
        stuffed = text.replace(b"\n.", b"\n..")
        return b"%b%b.\r\n%b" % (b"." if text.startswith(b".") else b"", stuffed, then)
    return b"%b.\r\n%b" % (text, then)


class Form:
    """A text with gaps, looked at once, so that each letter costs only what is its own.

    `parts` are what stands before, between and after the gaps, each as `mail_text` makes it.
    """

    def __init__(self, parts: Sequence[bytes]) -> None:
        self._whole = [b""] * (2 * len(parts) - 1)
        self._whole[::2] = parts
        self._dotted = b"\n." in b"\n" + b"|".join(parts)
        # Where a line could come to begin with a dot, by what stands beside a gap.
        self._edges = [
            (number, (before or b"\n")[-1:], (after or b".")[:1])
            for number, (before, after) in enumerate(pairwise(parts))
            if before[-1:] in (b"", b"\n") or after[:1] in (b"", b".")
        ]

    def fill(self, values: Sequence[bytes]) -> MailText:
        """The text with a value in each gap."""
        whole = self._whole.copy()
        whole[1::2] = values
        data, added = b"".join(whole), b"|".join(values)
        if b"\n" in added or b"\r" in added or b"\x00" in added:
            if not _clean(added):
                return mail_text(data)
            if b"\n." in added:
                return _DottedText(data)
        if self._dotted or (self._edges and self._meets_a_dot(values)):
            return _DottedText(data)
        return MailText(data)

    def _meets_a_dot(self, values: Sequence[bytes]) -> bool:
        for number, before, after in self._edges:  # a sum or `any` would take twice as long
            if b"\n." in before + values[number] + after:
                return True
        return False


def _clean(data: bytes) -> bool:
    ends = data.count(b"\n")
    return ends == data.count(b"\r") == data.count(b"\r\n") and b"\x00" not in data
