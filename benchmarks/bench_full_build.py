"""Feeds against Django's feedgenerator: the live documents, and a build of everything. Limit 2.

The 552 articles of ../shared/corpora where that is (or of the folder that is named), else a
made-up newsroom of the same size; all of them public. First the Atom and RSS bytes of the live
documents, ours against Django's, of the same entries with the same content. Then everything that
`feeds build` makes from nothing: live documents in all formats, archives, pages, compressed forms.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.utils.feedgenerator import Atom1Feed, Enclosure, Rss201rev2Feed
from sqlalchemy import delete, update

from benchmarks.bench_import import ARTICLES, CORPUS
from benchmarks.measure import Result, in_turns, timed
from benchmarks.newsroom import contents, newsroom, store
from publisher.cli.importing import Source
from publisher.model import Archive, Article
from publisher.pipeline.build import Builder, build
from publisher.pipeline.intake import take_in
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.sequencer import sequence
from publisher.store import feeds
from publisher.syndication.document import FeedDocument
from publisher.syndication.xml_feeds import xml_documents

TURNS = 7
# After the newest of them was published.
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


class DjangoAtom(Atom1Feed):  # type: ignore[misc]
    """Atom with the text of an article beside its summary."""

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        if item["content"]:
            handler.addQuickElement("content", item["content"], {"type": "html"})


class DjangoRss(Rss201rev2Feed):  # type: ignore[misc]
    """RSS with the same."""

    def rss_attributes(self) -> dict[str, str]:
        more = {"xmlns:content": "http://purl.org/rss/1.0/modules/content/"}
        return {**super().rss_attributes(), **more}

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        if item["content"]:
            handler.addQuickElement("content:encoded", item["content"])


@contextmanager
def full(corpus: Path) -> Iterator[tuple[Newsroom, str]]:
    """A newsroom with all articles public and sequenced, and what they are called."""
    with newsroom() as made:
        if corpus.is_dir():
            for _ in take_in(made, Source((str(corpus),), None, made.config).pieces(), WHEN):
                pass
            with made.store.write() as session:
                session.execute(update(Article).values(expires=None))
        else:
            store(made, contents(ARTICLES, 800))
        while sequence(made, WHEN):
            pass
        yield made, f"{ARTICLES} articles" + ("" if corpus.is_dir() else " (made up)")


def live_documents(made: Newsroom) -> list[FeedDocument]:
    """The live documents of every feed, ready to be written."""
    builder = Builder(made)
    with made.store.read() as session:
        published = feeds.published(session, made.config.feeds.kinds)
        return [builder.live(session, feed) for feed in published]


def ours(documents: list[FeedDocument]) -> None:
    """Atom and RSS of each."""
    for one in documents:
        xml_documents(one)


def django(documents: list[FeedDocument]) -> None:
    """The same entries by Django's feedgenerator."""
    for one in documents:
        for kind in (DjangoAtom, DjangoRss):
            django_document(kind, one)


def django_document(kind: Any, made: FeedDocument) -> str:
    """One feed in one of Django's formats, as its documentation does it."""
    feed = kind(
        title=made.title,
        link=made.page,
        description=made.subtitle,
        language=made.language,
        author_name=made.publisher,
        feed_url=made.addresses["atom"],
        feed_copyright=made.rights or None,
        feed_guid=made.id,
    )
    for entry in made.entries:
        view = entry.view
        feed.add_item(
            title=view.title,
            link=view.url,
            description=view.summary,
            author_name=", ".join(view.authors) or None,
            pubdate=view.published,
            updateddate=entry.updated,
            unique_id=view.uid,
            unique_id_is_permalink=False,
            enclosures=[Enclosure(m.url, str(m.size or 0), m.type) for m in view.media[:1]],
            categories=[*(category.path for category in view.categories), *view.tags],
            content=str(entry.html) if entry.full else "",
        )
    return str(feed.writeString("utf-8"))


def from_nothing(made: Newsroom) -> float:
    """Milliseconds of a build of everything, with no file and no archive document there."""
    shutil.rmtree(made.config.root / made.config.feeds.folder, ignore_errors=True)
    with made.store.write() as session:
        session.execute(delete(Archive))
    return timed(partial(build, made, every=True))


def run(corpus: Path = CORPUS) -> list[Result]:
    """Live documents in turns; then everything, with Django's live documents beside it."""
    with full(corpus) as (made, name):
        from_nothing(made)
        documents = live_documents(made)
        for one in documents:
            written = xml_documents(one)["atom"].decode()
            assert written.count("<content") == django_document(DjangoAtom, one).count("<content")
        peer = partial(timed, partial(django, documents))
        shown = sum(len(one.entries) for one in documents)
        live = in_turns(
            f"live Atom and RSS documents of {len(documents)} feeds, {shown} entries, "
            "against Django's feedgenerator",
            partial(timed, partial(ours, documents)),
            peer,
            turns=3 * TURNS,
            limit=2,
        )
        whole = in_turns(
            f"full build of {name}, all feeds, archives, formats and compressed forms, "
            "against Django's live Atom and RSS documents alone",
            partial(from_nothing, made),
            peer,
            turns=TURNS,
        )
    print(f"full build of {name}: {ARTICLES / whole.ours * 1000:.0f} articles/s")
    return [live, whole]


if __name__ == "__main__":
    for result in run(Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS):
        print(result)
