"""An article is the same whether it is read from Atom, from RSS or from JSON.

What a format cannot say is listed here, and only that may differ from what is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from publisher.model import Source
from publisher.syndication.document import FeedDocument
from publisher.syndication.publish import formats
from tests.feed_readers import (
    EntryRecord,
    FeedRecord,
    of_document,
    read_atom,
    read_json,
    read_rss,
)
from tests.feed_rules import problems
from tests.rich_articles import documents

checked = settings(
    max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@checked
@given(documents())
def test_what_is_read_from_each_format_is_what_is_stored(document: FeedDocument) -> None:
    written = formats(document)
    assert problems_of(written) == []
    assert read_atom(written["atom.xml"]) == said_by_atom(of_document(document, "atom"), document)
    if not document.archive:  # archives are Atom alone
        assert read_rss(written["rss.xml"]) == said_by_rss(of_document(document, "rss"), document)
        assert read_json(written["feed.json"]) == of_document(document, "json")


def problems_of(written: dict[str, bytes]) -> list[str]:
    return [said for name, data in written.items() for said in problems(name, data)]


def said_by_atom(record: FeedRecord, document: FeedDocument) -> FeedRecord:
    """Atom shows either a summary or a text that replaces it, and links sources by name."""

    def said(entry: EntryRecord, full: bool) -> EntryRecord:
        return replace(
            entry, summary=entry.summary if full else "", sources=linked_by_name(entry.sources)
        )

    return with_entries(record, document, said)


def said_by_rss(record: FeedRecord, document: FeedDocument) -> FeedRecord:
    """RSS has moreover no deletions, needs a description, and titles categories without paths."""

    def said(entry: EntryRecord, full: bool) -> EntryRecord:
        return replace(entry, categories=tuple((title, title) for _, title in entry.categories))

    subtitle = record.subtitle or record.title
    return with_entries(
        said_by_atom(record, document), document, said, deleted=(), subtitle=subtitle
    )


def with_entries(
    record: FeedRecord,
    document: FeedDocument,
    said: Callable[[EntryRecord, bool], EntryRecord],
    **values: object,
) -> FeedRecord:
    entries = tuple(
        said(one, entry.full) for one, entry in zip(record.entries, document.entries, strict=True)
    )
    return replace(record, entries=entries, **values)  # type: ignore[arg-type]


def linked_by_name(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    addresses = {one.name: one.url for one in reversed(sources) if one.url}
    return tuple(Source(one.name, addresses.get(one.name)) for one in sources)
