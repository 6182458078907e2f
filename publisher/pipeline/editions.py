"""From the store to the inboxes: an edition is cut once, composed per variant, sent per reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta

from publisher.config import MailingList
from publisher.delivery import ledger
from publisher.delivery.ledger import Progress
from publisher.errors import UsageError
from publisher.model import Article, Edition
from publisher.newsletter import calendar
from publisher.pipeline.letters import Composer, Letters
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.sequencer import sequence
from publisher.render.view import ArticleView, view
from publisher.store import deliveries, editions, subscribers

# Longer than any group of letters takes: what has been "sending" longer was cut off by a crash.
LEASE = timedelta(minutes=15)


def the_list(newsroom: Newsroom, name: str) -> MailingList:
    """The list of that name. Raises UsageError, naming the lists there are."""
    found = newsroom.config.list_named(name)
    if found is None:
        names = ", ".join(one.name for one in newsroom.config.lists)
        raise UsageError(f"there is no list {name!r}; the config has: {names}")
    return found


def due_date(newsroom: Newsroom, one: MailingList, now: datetime) -> date | None:
    """The latest local date whose edition is due and not made; None where none is.

    Days that were missed need no edition of their own: the next one holds what they would have.
    A list that nobody reads yet is never due.
    """
    with newsroom.store.read() as session:
        since = editions.latest_date(session, one.name)
        if not subscribers.has_active(session, one.name):
            return None
    zone = newsroom.config.zone_of(one)
    return max(calendar.due_dates(zone, one.send_at, since, now), default=None)


def cut(newsroom: Newsroom, one: MailingList, day: date, now: datetime) -> Edition:
    """The edition of the list for that local date; made now if there is none yet."""
    while sequence(newsroom, now):
        pass
    with newsroom.store.write() as session:
        found = editions.find(session, one.name, day)
        if found is not None:
            return found
        cut_at, oldest = _limits(newsroom, one, day, now)
        return editions.cut(session, one.name, day, one.categories, oldest, cut_at)


def contents(newsroom: Newsroom, one: MailingList, day: date, now: datetime) -> list[ArticleView]:
    """What the edition of that date holds, or would hold if it were cut now. Changes nothing."""
    with newsroom.store.read() as session:
        found = editions.find(session, one.name, day)
        if found is not None:
            held: Sequence[Article] = editions.articles(session, found)
        else:
            cut_at, oldest = _limits(newsroom, one, day, now)
            held = editions.candidates(session, one.name, one.categories, oldest, cut_at)
        return [view(article, site=newsroom.config.site) for article in held]


def _limits(
    newsroom: Newsroom, one: MailingList, day: date, now: datetime
) -> tuple[datetime, datetime]:
    zone = newsroom.config.zone_of(one)
    cut_at = min(calendar.cut_moment(day, one.send_at, zone), now)
    first = day - timedelta(days=one.first_days - 1)
    return cut_at, datetime.combine(first, time.min, zone)


def deliver(
    newsroom: Newsroom,
    one: MailingList,
    edition: Edition,
    now: Callable[[], datetime],
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Progress]:
    """Send the edition to everybody who should have it and has not; goes on where it stopped.

    Raises UnreachableError where mail cannot leave now, TemplateError where a template is broken.
    """
    views = contents(newsroom, one, edition.local_date, edition.cut_at)
    composer = Composer(newsroom, one, edition.local_date, views)
    with newsroom.store.write() as session:
        deliveries.doubt(session, edition.id, now() - LEASE, now())
        readers = [
            (subscription.subscriber_id, composer.variant_of(subscription).key)
            for subscription in subscribers.active(session, one.name)
            if composer.mail(composer.variant_of(subscription))
        ]
        deliveries.prepare(session, edition.id, readers, now())
    letters = Letters(newsroom, one, edition, composer)
    yield from ledger.deliver(
        newsroom.store, edition.id, letters.write, newsroom.transport, now, stopping
    )
    with newsroom.store.write() as session:
        deliveries.finish(session, edition.id)


def unfinished(newsroom: Newsroom, one: MailingList) -> Sequence[Edition]:
    """Editions of the list that were cut and are not yet sent to the end."""
    with newsroom.store.read() as session:
        return editions.unfinished(session, one.name)
