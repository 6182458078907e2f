"""What is published: feeds as files, templates, lists, and the next edition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from urllib.parse import urlsplit

from publisher.errors import PublisherError
from publisher.newsletter.budget import HTML_BYTES
from publisher.pipeline import editions as steps
from publisher.pipeline import preflight
from publisher.pipeline.bounces import mailbox_of
from publisher.pipeline.doctor import trials
from publisher.pipeline.doctor.finding import Finding, fine, note, wrong
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.verify import verify, verify_live
from publisher.store import categories, log, pauses, stale
from publisher.store import feeds as stored

SHOWN = 5
BUILD = "`publisher run` does it, or `feeds build`"
# So many feeds are looked at where not all of them are.
LOOKED_AT = 20
CLOCK_SECONDS = 5.0
# What is wrong with the pages of a newsroom, by a room above this one.
Pages = Callable[[Newsroom], Iterable[str]]


def clock(newsroom: Newsroom, now: datetime) -> Iterator[Finding]:
    """Whether the clock is behind what was written by it before."""
    with newsroom.store.read() as session:
        last = log.last_moment(session)
    if last is not None and (last - now).total_seconds() > CLOCK_SECONDS:
        yield wrong("clock", f"it is {now:%Y-%m-%d %H:%M} UTC here, which is behind the newest "
                    f"change, of {last:%Y-%m-%d %H:%M}", "the clock is wrong now, or was then: let "
                    "the machine keep time by NTP")  # fmt: skip
        return
    zone = newsroom.config.site.zone
    yield fine("clock", f"{now:%Y-%m-%d %H:%M} UTC, {now.astimezone(zone):%H:%M} in {zone.key}; "
               "nothing stored is from after it")  # fmt: skip


def feeds(newsroom: Newsroom, now: datetime, *, full: bool) -> Iterator[Finding]:
    """Whether files say what is stored: the live documents of some feeds; with `full`, all."""
    kinds = newsroom.config.feeds.kinds
    with newsroom.store.read() as session:
        number = stored.count(session, kinds)
        late = len(stored.stale(session, kinds))
        waiting = stale.count_due(session, now)
    checked = verify(newsroom) if full else verify_live(newsroom, LOOKED_AT)
    problems = [one for found in checked for one in found]
    for problem in problems[:SHOWN]:
        yield wrong("feeds", f"{problem.file}: {problem.reason}", "`publisher feeds build`")
    if len(problems) > SHOWN:
        yield wrong("feeds", f"and {len(problems) - SHOWN:,} more", "`publisher feeds verify`")
    if waiting:
        yield note("feeds", f"{waiting:,} changes are in no feed yet", BUILD)
    if late:
        yield note("feeds", f"{late:,} are out of date", BUILD)
    if not (problems or waiting or late):
        some = f"the newest files of {min(number, LOOKED_AT)} say what is stored (--full: all)"
        what = "every file says what is stored" if full else some
        yield fine("feeds", f"{number:,} published; {what}" if number else "nothing is stored yet")


def templates(newsroom: Newsroom, now: datetime, pages: Pages) -> Iterator[Finding]:
    """Whether every template can be used, and articles, mails and pages are made by them."""
    broken = list(newsroom.templates.broken())
    for trouble in broken:
        yield wrong("templates", trouble, "mend that line")
    if broken:
        return
    works = True
    for trouble in [*trials.made(newsroom, now), *pages(newsroom)]:
        works = False
        yield wrong("templates", trouble, "mend that; report it, if no template is named")
    if works:
        yield fine("templates", "articles, mails, feeds and pages are made by them; mails have "
                   "their links")  # fmt: skip


def lists(newsroom: Newsroom) -> Iterator[Finding]:
    """Whether lists name categories that there are, and none waits."""
    with newsroom.store.read() as session:
        waiting = pauses.all_pauses(session)
        unknown = [
            (one.name, path)
            for one in newsroom.config.lists
            for path in one.categories
            if categories.at(session, path) is None
        ]
    for name, path in unknown:
        yield wrong("lists", f"{name} carries {path!r}, and there is no such category",
                    "`publisher category list` names those there are")  # fmt: skip
    for pause in waiting:
        yield wrong("lists", f"{pause.list_name} waits: {pause.reason}",
                    f"`publisher digest skip`, `resume` or `send {pause.list_name}`")  # fmt: skip
    if not unknown and not waiting:
        yield fine("lists", ", ".join(one.name for one in newsroom.config.lists))


def editions(newsroom: Newsroom, now: datetime) -> Iterator[Finding]:
    """How large the next edition of each list is by now, and whether it could leave."""
    for one in newsroom.config.lists:
        day = now.astimezone(newsroom.config.zone_of(one)).date()
        try:
            composer = steps.composer(newsroom, one, day, now)
            mail = composer.mail(steps.default_variant(newsroom, one))
            if mail is None:
                yield fine("editions", f"{one.name}, {day}: nothing that the list has not had")
                continue
            preflight.check(one.name, mail)
        except PublisherError as error:
            yield wrong("editions", str(error), "mend that before the list's hour")
            continue
        size = f"{len(mail.html.encode()) / 1000:.0f} of {HTML_BYTES / 1000:.0f} kB"
        if mail.left_out:
            yield note("editions", f"{one.name}, {day}: {mail.left_out} articles "
                       "do not fit", "send it more often, or with fewer categories")  # fmt: skip
        else:
            yield fine("editions", f"{one.name}, {day}: {len(mail.shown)} articles, {size}")


def bounces(newsroom: Newsroom, *, to_world: bool) -> Iterator[Finding]:
    """Whether the mailbox can be opened that bounces and complaints come to."""
    url = newsroom.config.bounces.mailbox
    if not url:
        if to_world:
            yield note("bounces", "nobody reads what comes back, so mail goes on to addresses "
                       "that are gone", "set bounces.mailbox (docs/bounces.md)")  # fmt: skip
        return
    with mailbox_of(newsroom, url):
        place = urlsplit(url).hostname or url
    yield fine("bounces", f"the mailbox at {place} can be opened")
