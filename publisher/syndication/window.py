"""What of a feed's log its live document shows, and how it stays small. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from publisher.model import FeedChange
from publisher.syndication.document import Entry

# Rows of the log in one archive document. Never change it: archives are for ever.
ARCHIVE_ROWS = 50
# What an entry takes besides its text, in the largest of the formats.
ENTRY_BYTES = 1500
FEED_BYTES = 4000


def complete_archives(length: int) -> int:
    """How many archive documents a log of that length fills."""
    return length // ARCHIVE_ROWS


def live_rows(
    newest_first: Sequence[FeedChange], *, days: int, at_least: int, archived: int
) -> list[FeedChange]:
    """The rows that a live document shows: the last one of each article, newest first.

    All since the last archive document, so that nothing is missing between the two; all of the
    last `days`, counted back from the newest change; and `at_least` so many articles.
    """
    if not newest_first:
        return []
    oldest = newest_first[0].at - timedelta(days=days)
    shown: dict[int, FeedChange] = {}
    for row in newest_first:
        needed = row.position >= archived * ARCHIVE_ROWS or row.at >= oldest
        if not needed and len(shown) >= at_least:
            break
        shown.setdefault(row.article_id, row)
    return list(shown.values())


def last_of_each(rows: Sequence[FeedChange]) -> list[FeedChange]:
    """The last row of each article, in the order of the log."""
    return sorted({row.article_id: row for row in rows}.values(), key=lambda row: row.position)


def fit(first: Sequence[Entry], rest: Iterable[Entry], max_bytes: int) -> list[Entry]:
    """The entries, newest first, that fit into a document of `max_bytes`.

    `first` are those that no archive document holds yet: they stay, at least as summaries. Of the
    `rest`, which is only read as far as there is room, what does not fit in full falls to its
    summary, and then out.
    """
    reserved = sum(_bytes(replace(entry, full=False)) for entry in first)
    left = max_bytes - FEED_BYTES - reserved
    kept = []
    for entry in first:
        short = replace(entry, full=False)
        more = _bytes(entry) - _bytes(short)
        kept.append(entry if more <= left else short)
        left -= more if more <= left else 0
    for entry in rest:
        form = entry if _bytes(entry) <= left else replace(entry, full=False)
        left -= _bytes(form)
        if left < 0:
            break
        kept.append(form)
    return kept


def _bytes(entry: Entry) -> int:
    text = _escaped(entry.html) if entry.full else 0
    return ENTRY_BYTES + _escaped(entry.view.summary) + text


def _escaped(text: str) -> int:
    """Bytes of a text in the format that makes it longest: escaped for XML, or for JSON."""
    grown = 3 * (text.count("<") + text.count(">")) + 4 * text.count("&")
    return len(text.encode()) + grown + text.count('"') + text.count("\n") + text.count("\\")
