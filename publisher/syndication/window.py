"""What of a feed's log its live document shows, and how it stays small. Pure."""

from __future__ import annotations

from collections.abc import Sequence
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


def fit(entries: Sequence[Entry], needed: int, max_bytes: int) -> list[Entry]:
    """The entries, newest first, that fit into a document of `max_bytes`.

    What does not fit in full falls to its summary, and then out; but the first `needed`, which no
    archive document holds yet, stay at least as summaries.
    """
    left = max_bytes - FEED_BYTES
    # Keep room for the summaries of those that must stay.
    reserved = sum(_bytes(replace(entry, full=False)) for entry in entries[:needed])
    kept = []
    for number, entry in enumerate(entries):
        short = replace(entry, full=False)
        if number < needed:
            reserved -= _bytes(short)
        for form in (entry, short):
            if _bytes(form) <= left - reserved or (form is short and number < needed):
                kept.append(form)
                left -= _bytes(form)
                break
        else:
            break
    return kept


def _bytes(entry: Entry) -> int:
    # Markup grows when it is escaped in XML: by a third at most, seen on real articles.
    text = len(entry.html.encode()) * 4 // 3 if entry.full else 0
    return ENTRY_BYTES + len(entry.view.summary.encode()) * 2 + text
