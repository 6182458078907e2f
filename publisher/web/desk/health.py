"""Feeds and their health; what became of imports, and what is set aside."""

from __future__ import annotations

from publisher.pipeline.feed_pages import feed_links
from publisher.store import desk_subscribers, feeds, numbers, stale
from publisher.web.desk.asked import Answer, Asked, Door, Shown

FEEDS, IMPORTS, SET_ASIDE = 300, 50, 200


def show_feeds(asked: Asked) -> Answer:
    """Each feed: where it is, when it changed, and whether its files say so."""
    config = asked.newsroom.config
    with asked.newsroom.store.read() as session:
        found = numbers.newest_feeds(session, config.feeds.kinds, FEEDS)
        total = feeds.count(session, config.feeds.kinds)
        late = len(feeds.stale(session, config.feeds.kinds))
        oldest = numbers.oldest_waiting(session, asked.now)
        waiting = stale.count_due(session, asked.now)
        websub = numbers.websub(session, config.websub.hubs, asked.now)
    rows = [
        (one, feed_links(config, one.kind, one.key, one.key or config.site.title)) for one in found
    ]
    context = {
        "rows": rows, "total": total, "late": late, "oldest": oldest, "waiting": waiting,
        "websub": websub, "hubs": config.hubs,
    }  # fmt: skip
    return Shown("desk/feeds/list.html", "Feeds", context)


def show_imports(asked: Asked) -> Answer:
    """What became of the latest imports, and what could not be used, with the reason."""
    with asked.newsroom.store.read() as session:
        context = {
            "reports": desk_subscribers.imports(session, IMPORTS),
            "aside": desk_subscribers.set_aside(session, SET_ASIDE),
            "most": SET_ASIDE,
        }
    return Shown("desk/imports/list.html", "Imports", context)


DOORS = (Door("/desk/feeds/", show_feeds), Door("/desk/imports/", show_imports))
