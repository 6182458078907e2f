"""The kinds of value that feeds hold, by the specifications that define them."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser

_part = r"(?:[\w/?:@!$&'()*+,;=.~-]|%[0-9A-Fa-f]{2})*"
_uri = re.compile(
    rf"(?:https?://[^\s/?#\"<>]+(?:[/?]{_part})?|(?!https?:)[a-z][a-z0-9+.-]*:{_part})(?:#{_part})?",
    re.ASCII,
)
_rfc3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_rfc822 = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d (GMT|[+-]\d{4})"
)
_language = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")  # RFC 5646, roughly
_media_type = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+\s*(;.*)?", re.ASCII)


def is_absolute(address: object) -> bool:
    """Whether it is an address with a scheme (RFC 3986), and a host where http has one."""
    return isinstance(address, str) and bool(_uri.fullmatch(address))


def is_rfc3339(text: object) -> bool:
    """Whether it is a date and time with an offset, and one that exists."""
    if not isinstance(text, str) or not _rfc3339.fullmatch(text):
        return False
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def is_rfc822(text: str) -> bool:
    """Whether it is a date of RSS: RFC 822 with a year of four digits, on its own weekday."""
    if not _rfc822.fullmatch(text):
        return False
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return False
    return moment.strftime("%a") == text[:3]


def is_language(text: object) -> bool:
    """Whether it looks like a language tag."""
    return isinstance(text, str) and bool(_language.fullmatch(text))


def is_media_type(text: object) -> bool:
    """Whether it is a media type, with or without parameters (RFC 6838, 4.2)."""
    return isinstance(text, str) and bool(_media_type.fullmatch(text))


def relative_links(html: str) -> list[str]:
    """The addresses in a piece of HTML that are relative: many readers cannot follow them."""
    return [one for one in _Addresses(html).found if not is_absolute(one)]


class _Addresses(HTMLParser):
    """Every address of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src", "poster", "cite"):
                self.found.append(value or "")
            elif name == "srcset":
                parts = re.split(r",\s+", (value or "").strip())
                self.found += [part.split()[0] for part in parts if part.split()]
