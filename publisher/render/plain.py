"""HTML as plain text: for summaries, and for the text part of mails."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from unicodedata import category, east_asian_width

BLOCKS = frozenset(
    "p div h1 h2 h3 h4 h5 h6 ul ol li blockquote pre figure figcaption table tr dl dt dd hr "
    "section article header footer aside details summary".split()
)
SILENT = frozenset("script style head title template".split())
DEEPEST = 5  # quotations and lists below that are shown as if at that depth


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph: what its first line begins with, what the others do, and its text."""

    first: str
    rest: str
    text: str
    is_item: bool
    is_verbatim: bool


class _Blocks(HTMLParser):
    """Collects the blocks of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[_Block] = []
        self._quotes = self._silent = self._verbatim = 0
        self._lists: list[int | None] = []  # the number of the last item; None without numbers
        self._marker = ""
        self._text: list[str] = []
        self._links: list[tuple[str, int]] = []  # where each open link leads, where it begins

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT:
            self._silent += 1
        if tag in BLOCKS:
            self.flush()
            self._open(tag)
        elif tag == "br":
            self._text.append("\n")
        elif tag == "img":
            alt = dict(attrs).get("alt")
            self._text.append(f"[{alt}]" if alt else "")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self._text)))
        elif tag in ("td", "th"):
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self._silent = max(0, self._silent - 1)
        if tag in BLOCKS:
            self.flush()
            self._close(tag)
        elif tag == "a" and self._links:
            self._end_link(*self._links.pop())

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._text.append(data if self._verbatim else data.replace("\n", " "))

    def flush(self) -> None:
        text = "".join(self._text)
        self._text.clear()
        self._links = [(href, 0) for href, _ in self._links]
        if not self._verbatim:
            text = "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
        if not text.strip():
            return
        quote = "> " * min(self._quotes, DEEPEST)
        steps = [" " * (2 if number is None else 3) for number in self._lists[:DEEPEST]]
        rest = quote + "".join(steps)
        first = quote + "".join(steps[:-1]) + self._marker if self._marker else rest
        is_item, is_verbatim = bool(self._marker), bool(self._verbatim)
        self.blocks.append(_Block(first, rest, text, is_item, is_verbatim))
        self._marker = ""

    def _open(self, tag: str) -> None:
        self._quotes += tag == "blockquote"
        self._verbatim += tag == "pre"
        if tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        if tag == "li":
            number = self._lists.pop() if self._lists else None
            self._lists.append(None if number is None else number + 1)
            self._marker = "- " if number is None else f"{number + 1}. "

    def _close(self, tag: str) -> None:
        self._quotes = max(0, self._quotes - (tag == "blockquote"))
        self._verbatim = max(0, self._verbatim - (tag == "pre"))
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        if tag in ("ul", "ol", "li"):
            self._marker = ""

    def _end_link(self, href: str, start: int) -> None:
        shown = "".join(self._text[start:]).strip()
        if href and shown and href not in (shown, f"mailto:{shown}"):
            self._text.append(f" <{href}>")


def as_lines(html: str, width: int = 72) -> str:
    """HTML as readable text of `width` columns: paragraphs, lists, quotations, links."""
    parser = _Blocks()
    parser.feed(html)
    parser.close()
    parser.flush()
    parts: list[str] = []
    is_item = False
    for block in parser.blocks:
        if parts:
            parts.append("\n" if block.is_item and is_item else "\n\n")
        parts.append(_lines(block, width))
        is_item = block.is_item
    return "".join(parts)


def _lines(block: _Block, width: int) -> str:
    if block.is_verbatim:
        return "\n".join(f"{block.rest}    {line}" for line in block.text.strip("\n").split("\n"))
    return "\n".join(
        wrap(line, width, block.rest if n else block.first, block.rest)
        for n, line in enumerate(block.text.split("\n"))
    )


# Lines break at spaces, and between Chinese and Japanese characters, which have none; but no line
# begins with what closes, or ends with what opens.
_OPENS = "「『（【〈《"
_CLOSES = "、。，．！？：；）」』】〉》ー"
_CHARACTER = "\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_SPACE = " \t\n\r\f\v"
_piece = re.compile(
    f"([{_SPACE}]*)([{_OPENS}]*[{_CHARACTER}][{_CLOSES}]*|(?:(?![{_CHARACTER}])[^{_SPACE}])+)"
)


def wrap(text: str, width: int, first: str = "", rest: str = "") -> str:
    """`text` in lines of `width` columns at most; a long word, such as a link, stays whole."""
    lines: list[str] = []
    line, used, is_empty = first, columns(first), True
    for space, piece in _piece.findall(text):
        gap = " " if space and not is_empty else ""
        needed = columns(piece)
        if not is_empty and used + len(gap) + needed > width:
            lines.append(line)
            line, used, gap = rest, columns(rest), ""
        line += gap + piece
        used += len(gap) + needed
        is_empty = False
    return "" if is_empty else "\n".join([*lines, line])


def columns(text: str) -> int:
    """How wide a terminal shows a text: East Asian characters take two columns, marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if category(one) in ("Mn", "Me", "Cf") else 2 if east_asian_width(one) in "WF" else 1
        for one in text
    )


# Cleaned HTML is well formed, so that a pattern is enough here, and it is twenty times as fast.
_not_a_lead = re.compile(r"<(h\d|figure|table|pre)\b.*?</\1>", re.DOTALL)
_tag = re.compile(r"""<(?:[^<>"]|"[^"]*")*>""")


def words_only(html: str) -> str:
    """The text of cleaned HTML in one line, without anything that only shapes it."""
    return " ".join(unescape(_tag.sub(" ", html)).split())


def excerpt(html: str, length: int = 300) -> str:
    """The first words of cleaned HTML, `length` characters at most, cut between words."""
    head = html[: length * 40]
    return shorten(words_only(_not_a_lead.sub(" ", head)) or words_only(head), length)


def shorten(text: str, length: int) -> str:
    """`text`, cut between words and with an ellipsis if it is longer than `length`."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    if " " in cut[length // 2 :]:
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip(" ,.;:–—-") + "…"


def tidy(text: str) -> str:
    """`text` without blanks at the ends of its lines, and without two empty lines in a row."""
    lines = [line.rstrip() for line in text.strip().split("\n")]
    kept = [line for n, line in enumerate(lines) if line or n == 0 or lines[n - 1]]
    return "\n".join(kept) + "\n"
