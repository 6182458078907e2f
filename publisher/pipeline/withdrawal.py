"""Takes files away that are not published any more, and says where their readers find the rest."""

from __future__ import annotations

from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.shelf import Shelf
from publisher.store import addresses, feeds
from publisher.store.editions import FEED as EDITIONS
from publisher.syndication.document import FILES
from publisher.syndication.former import former_lists
from publisher.syndication.selection import feed_path

PAGE = "index.html"
EVERY_FILE = (*FILES.values(), PAGE)


def withdraw_moved(newsroom: Newsroom, shelf: Shelf, *, every: bool = False) -> bool:
    """Clear the folders of categories that were renamed or removed; whether there were any.

    Raises PublishError. The lists of former addresses come first, so that no reader meets a 404
    in between.
    """
    with newsroom.store.read() as session:
        moved = [row.path for row in addresses.to_sweep(session)]
        if not moved and not every:
            return False
        former = addresses.all_former_paths(session)
        joined = {path for path in moved if addresses.joined_another(session, path)}
    for name, data in former_lists(former).items():
        if former or shelf.has(name):
            shelf.put_hidden(name, data)
    for path in moved:
        if path in former:  # else another category has taken the path since
            shelf.take_away(path, EVERY_FILE, archives=path not in joined)
    if moved:
        with newsroom.store.write() as session:
            addresses.swept(session, moved)
    return bool(moved)


def withdraw_unpublished(newsroom: Newsroom, shelf: Shelf) -> None:
    """Remove what the config has ceased to publish: kinds of feeds, and formats."""
    settings = newsroom.config.feeds
    dropped = [file for form, file in FILES.items() if form not in settings.formats]
    with newsroom.store.read() as session:
        names = [(feed.kind, feed_path(feed.kind, feed.key)) for feed in feeds.every(session)]
    for kind, folder in names:
        if kind in (*settings.kinds, EDITIONS):
            shelf.take_away(folder, dropped)
        elif folder:
            shelf.take_away(folder, EVERY_FILE, archives=True)
