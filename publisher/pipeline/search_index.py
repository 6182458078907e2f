"""From the change log into the search index."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from publisher.model import Article, Content, seal
from publisher.pipeline.newsroom import Newsroom
from publisher.render.plain import words_only
from publisher.store import articles, feeds, log, search
from publisher.store.search_text import Entry
from publisher.syndication.selection import EVERYTHING
from publisher.terms import words_of

# Small enough that a writer who waits for this one does not wait long.
BATCH = 100
# What is taken in of an article; PostgreSQL keeps no more than a megabyte of words.
MOST_WORDS, MOST_BYTES = 15_000, 400_000


def index(newsroom: Newsroom) -> int:
    """Take the next part of the change log into the search index; how many rows that were.

    The log has no gaps and only grows, so that a position is enough to go on from. Articles that
    are not public any more leave; one that another program has just written to comes later,
    since cleaning it is a change as well.
    """
    with newsroom.store.read() as session:
        changes = log.after(session, search.progress(session), BATCH)
        if not changes:
            return 0
        ids = {change.article_id for change in changes}
        everything = feeds.find(session, [EVERYTHING]).get((EVERYTHING.kind, EVERYTHING.key))
        memberships = feeds.of_articles(session, ids)
        found = articles.by_ids(session, ids).values()
        public = [a for a in found if everything and everything.id in memberships.get(a.id, ())]
        sealed = [article for article in public if article.seal == seal(article.content)]
        entries = [_entry(article, memberships[article.id]) for article in sealed]
        gone = ids - {article.id for article in public}
        last = changes[-1].position
    with newsroom.store.write() as session:
        search.forget(session, gone)
        search.put(session, entries)
        search.move_on(session, last)
    return len(changes)


def _entry(article: Article, memberships: Collection[int]) -> Entry:
    content = article.content
    return Entry(
        article.id,
        content.published,
        tuple(word.text for word in words_of(content.title)),
        tuple(_words(_texts(content))),
        tuple(sorted(memberships)),
    )


def _texts(content: Content) -> Iterator[str]:
    yield from (content.summary or "", words_only(content.body), content.correction or "")
    yield from (*content.authors, *content.tags, *(source.name for source in content.sources))


def _words(texts: Iterable[str]) -> Iterator[str]:
    number = size = 0
    for text in texts:
        for word in words_of(text):
            number, size = number + 1, size + len(word.text.encode())
            if number > MOST_WORDS or size > MOST_BYTES:
                return
            yield word.text
