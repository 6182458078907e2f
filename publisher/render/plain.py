"""HTML as plain text: for summaries, and for the text part of mails."""

from __future__ import annotations

import re
import textwrap
from html import unescape
from html.parser import HTMLParser

BLOCKS = frozenset(
    "p div h1 h2 h3 h4 h5 h6 ul ol li blockquote pre figure figcaption table tr dl dt dd hr "
    "section article header footer aside details summary".split()
)
SILENT = frozenset("script style head title template".split())


class _Blocks(HTMLParser):
    """Collects blocks of text: (kind, depth of quoting, text)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[tuple[str, int, str]] = []
        self._kinds: list[str] = ["p"]
        self._quotes = self._silent = 0
        self._lists: list[int | None] = []
        self._text: list[str] = []
        self._links: list[str] = []

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
            self._links.append(dict(attrs).get("href") or "")
            self._text.append("\x02")
        elif tag in ("td", "th"):
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self._silent = max(0, self._silent - 1)
        if tag in BLOCKS:
            self.flush()
            self._close(tag)
        elif tag == "a" and self._links:
            self._end_link(self._links.pop())

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._text.append(data if self._kinds[-1] == "pre" else data.replace("\n", " "))

    def flush(self) -> None:
        text = "".join(self._text).replace("\x02", "")
        self._text.clear()
        kind = self._kinds[-1]
        if kind != "pre":
            text = "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
        if text.strip():
            self.blocks.append((kind, self._quotes, text))
            if kind in ("li", "number"):
                self._kinds[-1] = "more"

    def _open(self, tag: str) -> None:
        self._quotes += tag == "blockquote"
        if tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        kind = tag if tag in ("li", "pre") or (tag[0] == "h" and tag[1:].isdigit()) else "p"
        if kind == "li" and self._lists and self._lists[-1] is not None:
            self._lists[-1] += 1
            self._text.append(f"{self._lists[-1]}. ")
            kind = "number"
        self._kinds.append(kind)

    def _close(self, tag: str) -> None:
        self._quotes = max(0, self._quotes - (tag == "blockquote"))
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        if len(self._kinds) > 1:
            self._kinds.pop()

    def _end_link(self, href: str) -> None:
        start = len(self._text) - 1 - self._text[::-1].index("\x02") if "\x02" in self._text else 0
        shown = "".join(self._text[start:]).replace("\x02", "").strip()
        if href and shown and href not in (shown, f"mailto:{shown}"):
            self._text.append(f" <{href}>")


def _blocks(html: str) -> list[tuple[str, int, str]]:
    parser = _Blocks()
    parser.feed(html)
    parser.close()
    parser.flush()
    return parser.blocks


def as_lines(html: str, width: int = 72) -> str:
    """HTML as readable text of `width` columns: paragraphs, lists, quotations, links."""
    return "\n\n".join(_block(*block, width) for block in _blocks(html))


def _block(kind: str, quotes: int, text: str, width: int) -> str:
    lead = "> " * quotes
    if kind == "pre":
        return "\n".join(f"{lead}    {line}" for line in text.strip("\n").split("\n"))
    first = f"{lead}- " if kind == "li" else lead
    rest = f"{lead}  " if kind in ("li", "more") else f"{lead}   " if kind == "number" else lead
    first = rest if kind == "more" else first
    lines = [
        wrap(line, width, first if n == 0 else rest, rest)
        for n, line in enumerate(text.split("\n"))
    ]
    return "\n".join(lines)


def wrap(text: str, width: int, first: str = "", rest: str = "") -> str:
    """`text` in lines of `width` columns at most; a long word, such as a link, stays whole."""
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


# Cleaned HTML is well formed, so that a pattern is enough here, and it is twenty times as fast.
_not_a_lead = re.compile(r"<(h\d|figure|table|pre)\b.*?</\1>", re.DOTALL)
_tag = re.compile(r"""<(?:[^<>"]|"[^"]*")*>""")


def excerpt(html: str, length: int = 300) -> str:
    """The first words of cleaned HTML, `length` characters at most, cut between words."""
    head = html[: length * 40]
    text = " ".join(unescape(_tag.sub(" ", _not_a_lead.sub(" ", head))).split())
    return shorten(text or " ".join(unescape(_tag.sub(" ", head)).split()), length)


def shorten(text: str, length: int) -> str:
    """`text`, cut between words and with an ellipsis if it is longer than `length`."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    if " " in cut[length // 2 :]:
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip(" ,.;:–—-") + "…"
