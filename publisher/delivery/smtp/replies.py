"""What a server answers (RFC 5321, 4.2): bytes in, replies out. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

# RFC 5321, 4.5.3.1.5 allows 512; no server needs more than these, and a hostile one gets no more.
LONGEST_LINE = 4096
MOST_LINES = 128
# What is kept of a reply.
KEPT = 500
_enhanced = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?:\s|$)")
_code = re.compile(rb"[2-5][0-9][0-9]")
_plain = re.compile(rb"([2-5][0-9][0-9]) ([^\r\n]{0,500})\r\n")
_control = re.compile(r"\s*[\x00-\x1f\x7f-\x9f\u2028\u2029]+\s*")


class GarbageError(Exception):
    """What came in is no reply, or one that nobody can be sure of."""


class Reply(NamedTuple):
    """One reply; `raw` is its lines without the code, joined by line feeds."""

    code: int
    raw: bytes

    @property
    def ok(self) -> bool:
        """Whether the server agrees (2xx)."""
        return 200 <= self.code < 300

    @property
    def permanent(self) -> bool:
        """Whether it would say the same again (5xx)."""
        return self.code >= 500

    @property
    def text(self) -> str:
        """Code and words on one line, as they are kept in the ledger."""
        said = self.raw.decode("utf-8", "replace")
        if not said.isprintable():
            said = _control.sub(" ", said)
        return f"{self.code} {said}"[:KEPT].rstrip()

    @property
    def enhanced(self) -> tuple[int, int, int] | None:
        """The enhanced status code (RFC 3463) that it begins with, if any."""
        found = _enhanced.match(self.raw.decode("ascii", "replace").lstrip())
        return (int(found[1]), int(found[2]), int(found[3])) if found else None


class Parser:
    """Cuts what comes in into replies. Once it raises GarbageError it is of no more use."""

    def __init__(self) -> None:
        self._rest = b""
        self._code = b""
        self._lines: list[bytes] = []

    @property
    def is_empty(self) -> bool:
        """Whether all that came in was whole replies."""
        return not self._rest and not self._lines

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that these bytes complete. Raises GarbageError."""
        if not self._rest and not self._lines:
            # Nearly always they are whole replies of a line each.
            found = _plain.findall(data)
            if sum([len(said) for _, said in found]) + 6 * len(found) == len(data):
                return [Reply(int(code), said) for code, said in found]
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LONGEST_LINE:
            raise GarbageError(f"a line of the reply is longer than {LONGEST_LINE} bytes")
        replies = []
        for line in lines:
            reply = self._line(line)
            if reply is not None:
                replies.append(reply)
        return replies

    def _line(self, line: bytes) -> Reply | None:
        if line[-1:] == b"\r":
            line = line[:-1]
        code, mark = line[:3], line[3:4]
        if not _code.fullmatch(code) or mark not in (b" ", b"-", b"") or len(line) > LONGEST_LINE:
            raise GarbageError(f"no reply of a mail server: {line[:80]!r}")
        if self._lines and code != self._code:
            raise GarbageError(f"a reply that begins with {self._code!r} goes on with {code!r}")
        if mark == b"-":
            self._go_on(code, line)
            return None
        if not self._lines:
            return Reply(int(code), line[4:])
        whole = b"\n".join([*self._lines, line[4:]])
        self._lines = []
        return Reply(int(code), whole)

    def _go_on(self, code: bytes, line: bytes) -> None:
        self._code = code
        self._lines.append(line[4:])
        if len(self._lines) > MOST_LINES:
            raise GarbageError(f"a reply has more than {MOST_LINES} lines")
