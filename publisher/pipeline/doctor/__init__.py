"""Looks a site over, and says of each thing how it is and what to do.

    machine   clock, zones, disk
    database  reachable, writable, its tables' version
    content   feeds, templates, lists, today's edition
    mail      the mail server, and what DNS says of the sender's domain

Each check says something whatever happens; one that fails stops no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from publisher.config import Config
from publisher.delivery.records import Lookup
from publisher.errors import PublisherError
from publisher.pipeline.doctor import content, database, machine, mail
from publisher.pipeline.doctor.finding import Finding, Level, wrong
from publisher.pipeline.doctor.mail import Outgoing
from publisher.pipeline.newsroom import Newsroom

__all__ = ["Finding", "Level", "Outgoing", "examine"]


def examine(
    config: Config,
    newsroom: Callable[[], Newsroom],
    outgoing: Outgoing,
    lookup: Callable[[], Lookup],
    now: datetime,
    *,
    full: bool = False,
) -> Iterator[Finding]:
    """Every finding as soon as it is there. The newsroom is opened only if its store is well."""
    yield from _safely("config", lambda: machine.config(config))
    yield from _safely("clock", lambda: machine.zones())
    yield from _safely("disk", lambda: machine.disk(config))
    ready = True
    for finding in _safely("database", lambda: database.check(config, now)):
        ready &= finding.level is not Level.WRONG and finding.subject != "migrations"
        yield finding
    if ready:
        try:
            site = newsroom()
        except PublisherError as error:
            yield wrong("newsroom", str(error), "mend that first; the rest was not looked at")
        else:
            yield from _safely("feeds", lambda: content.feeds(site, full=full))
            yield from _safely("templates", lambda: content.templates(site, now))
            yield from _safely("lists", lambda: content.lists(site))
            yield from _safely("editions", lambda: content.editions(site, now))
    yield from _safely("mail", lambda: mail.server(config, outgoing, now))
    yield from _safely("sender", lambda: mail.sender(config, outgoing, lookup))
    yield from _safely("one-click", lambda: mail.one_click(config, outgoing))


def _safely(subject: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except PublisherError as error:
        yield wrong(subject, str(error), "mend that, and run doctor again")
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        yield wrong(subject, f"{place}{error.strerror or error}", "see that it can be read")
