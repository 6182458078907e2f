"""What of a feed's log its live document shows, and how it stays small. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from publisher.model import FeedChange
from publisher.syndication.document import Entry

# Rows of the log in one archive document. Never change it: archives are for ever.
ARCHIVE_ROWS = 50
# What an entry takes besides its texts, in the longest of the formats: itself, each author, tag,
# category and source, each medium. Tests hold these against real documents.
ENTRY_BYTES = 700
PART_BYTES = 80
MEDIUM_BYTES = 400
TOMBSTONE_BYTES = 200
# Namespaces are declared only where they are used, so a document without entries lacks some.
NAMESPACE_BYTES = 200


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


def most_tombstones(max_bytes: int) -> int:
    """How many tombstones a live document may have; they take a quarter of it at most.

    Given newest first, what is left out stands in an archive document already.
    """
    return max(ARCHIVE_ROWS, max_bytes // 4 // TOMBSTONE_BYTES)


def fit(first: Sequence[Entry], rest: Iterable[Entry], room: int) -> list[Entry]:
    """The entries, newest first, that fit into so many bytes of a document in any format.

    `first` are those that no archive document holds yet: they stay, at least as summaries. Of the
    `rest`, which is only read as far as there is room, what does not fit in full falls to its
    summary, and then out.
    """
    kept = [replace(entry, full=False) for entry in first]
    left = room - NAMESPACE_BYTES - sum(map(bytes_of, kept))
    for number, entry in enumerate(first):
        more = _escaped(entry.html) - _escaped(entry.short)
        if entry.full and more <= left:
            kept[number] = entry
            left -= more
    for entry in rest:
        form = entry if bytes_of(entry) <= left else replace(entry, full=False)
        left -= bytes_of(form)
        if left < 0:
            break
        kept.append(form)
    return kept


def bytes_of(entry: Entry) -> int:
    """How many bytes an entry takes at most, in the format that makes it longest."""
    view = entry.view
    texts = [view.uid, view.url, view.title, view.summary, *[view.language] * 3]
    texts += [*view.authors, *view.tags, *view.tags, view.correction or "", view.original_url or ""]
    for category in view.categories:
        texts += [category.path, category.scheme, category.title, category.title]
    for source in view.sources:
        texts += [source.name, source.name, source.url or ""]
    for medium in view.media:
        texts += [medium.url, medium.url, medium.type, medium.type, medium.alt, medium.alt]
    texts += [entry.picture.url] if entry.picture else []
    lists = (view.authors, view.tags, view.categories, view.sources)
    markup = ENTRY_BYTES + PART_BYTES * sum(map(len, lists)) + MEDIUM_BYTES * len(view.media)
    return markup + _escaped(entry.content) + _escaped_twice("".join(texts))


def _escaped(text: str) -> int:
    """Bytes of a text that is escaped as the text of an XML element, or for JSON."""
    grown = 3 * (text.count("<") + text.count(">")) + 4 * (text.count("&") + text.count("\r"))
    return len(text.encode()) + grown + sum(text.count(one) for one in '"\\\n\t')


def _escaped_twice(text: str) -> int:
    """Bytes of a text of one line that is HTML inside XML, or an attribute, or for JSON."""
    grown = 7 * (text.count("<") + text.count(">")) + 8 * text.count("&")
    return len(text.encode()) + grown + 5 * text.count('"') + text.count("\\")
