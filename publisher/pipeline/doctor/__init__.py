"""Looks a site over, and says of each thing how it is and what to do.

    machine   settings, zones, disk, backups
    database  reachable, writable, its tables' version, its clock
    content   clock, feeds, templates (trials), lists, today's edition, the mailbox for bounces
    address   where readers find the site, and its certificate
    mail      the mail server, and what DNS says of the sender's domain

Each check says something whatever happens; one that fails stops no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from publisher.config import Config
from publisher.delivery.records import Lookup
from publisher.errors import PublisherError
from publisher.pipeline.doctor import address, content, database, machine, mail
from publisher.pipeline.doctor.content import Pages
from publisher.pipeline.doctor.finding import Finding, Level, wrong
from publisher.pipeline.doctor.mail import Outgoing
from publisher.pipeline.newsroom import Newsroom

__all__ = ["Finding", "Level", "Outgoing", "examine"]

log = logging.getLogger(__name__)


def examine(
    config: Config,
    newsroom: Callable[[], Newsroom],
    outgoing: Outgoing,
    lookup: Callable[[], Lookup],
    pages: Pages,
    now: datetime,
    *,
    full: bool = False,
) -> Iterator[Finding]:
    """Every finding as soon as it is there. The newsroom is opened only if its store is well."""
    yield from _safely("config", lambda: machine.config(config))
    yield from _safely("zones", lambda: machine.zones())
    yield from _safely("disk", lambda: machine.disk(config))
    yield from _safely("backup", lambda: machine.backup(config, now))
    ready = True
    for finding in _safely("database", lambda: database.check(config, now, full=full)):
        ready &= database.can_be_used(finding)
        yield finding
    if ready:
        yield from _inside(newsroom, outgoing, pages, now, full=full)
    yield from _safely("site", lambda: address.site(config, lookup, now))
    yield from _safely("mail", lambda: mail.server(config, outgoing, now))
    yield from _safely("sender", lambda: mail.sender(config, outgoing, lookup))
    yield from _safely("one-click", lambda: mail.one_click(config, outgoing))


def _inside(
    newsroom: Callable[[], Newsroom], outgoing: Outgoing, pages: Pages, now: datetime, *, full: bool
) -> Iterator[Finding]:
    try:
        site = newsroom()
    except PublisherError as error:
        yield wrong("newsroom", str(error), "mend that first; the rest was not looked at")
        return
    yield from _safely("clock", lambda: content.clock(site, now))
    yield from _safely("feeds", lambda: content.feeds(site, now, full=full))
    yield from _safely("templates", lambda: content.templates(site, now, pages))
    yield from _safely("lists", lambda: content.lists(site))
    yield from _safely("editions", lambda: content.editions(site, now))
    to_world = bool(outgoing.servers)
    yield from _safely("bounces", lambda: content.bounces(site, to_world=to_world))


def _safely(subject: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except PublisherError as error:
        yield wrong(subject, str(error), "mend that, and run doctor again")
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        yield wrong(subject, f"{place}{error.strerror or error}", "see that it can be read")
    except Exception as error:  # a fault of ours must not hide what else there is to say
        log.exception("doctor: %s", subject)
        says = f"{type(error).__name__}: {error}"
        yield wrong(subject, says, "report this fault of the publisher, with the lines above")
