"""Editions: held ahead of their time, cut once, and what a person can do with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta

from publisher.config import MailingList
from publisher.errors import TemplateError, UsageError
from publisher.model import Edition, EditionState
from publisher.newsletter import calendar
from publisher.newsletter.compose import Composer
from publisher.newsletter.edition import Contents, Dates
from publisher.newsletter.frozen import freeze
from publisher.newsletter.variants import Variant
from publisher.pipeline import preflight
from publisher.pipeline.contents import clean_views, composer_of, corrections_for
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.sequencer import sequence
from publisher.store import corrections, edition_texts, stale, subscribers
from publisher.store import editions as stored
from publisher.store.engine import Session


def the_list(newsroom: Newsroom, name: str) -> MailingList:
    """The list of that name. Raises UsageError, naming the lists there are."""
    found = newsroom.config.list_named(name)
    if found is None:
        names = ", ".join(one.name for one in newsroom.config.lists)
        raise UsageError(f"there is no list {name!r}; the config has: {names}")
    return found


def advance(newsroom: Newsroom, one: MailingList, now: datetime) -> list[Edition]:
    """Cut the editions of a list that are due, and hold the one that soon will be; what was made.

    A list that nobody reads yet has none.
    """
    with newsroom.store.read() as session:
        since = stored.latest_date(session, one.name)
        stopped = stored.stopped_dates(session, one.name)
        held = {e.local_date for e in stored.in_state(session, one.name, EditionState.HELD)}
        days = _due(newsroom, one, since, now, held, stopped)
        coming = _coming(newsroom, one, days[-1] if days else since, now) - stopped
        is_more = days or coming != held
        if not is_more or not subscribers.has_active(session, one.name):
            return []
    made = [cut(newsroom, one, day, now) for day in days]
    if coming != held - set(days):
        made += _hold(newsroom, one, coming, now)
    return made


def _due(
    newsroom: Newsroom,
    one: MailingList,
    since: date | None,
    now: datetime,
    held: set[date],
    stopped: set[date],
) -> list[date]:
    """The dates whose editions are to be cut now, oldest first."""
    zone = newsroom.config.zone_of(one)
    begun = since or min((day - calendar.DAY for day in held), default=None)
    due = calendar.due_dates(zone, one.send_at, begun, now, one.weekdays)
    wanted = [day for day in due if day not in stopped]
    if one.catch_up == "merge":
        wanted = wanted[-1:]
    late = [  # a person let them go on after later ones had been cut
        day
        for day in held
        if since and day < since and calendar.cut_moment(day, one.send_at, zone) <= now
    ]
    return sorted({*wanted, *late})


def _coming(newsroom: Newsroom, one: MailingList, since: date | None, now: datetime) -> set[date]:
    """The date, if there is one, whose edition is due within the list's hold window."""
    zone = newsroom.config.zone_of(one)
    ahead = now + timedelta(minutes=one.hold_minutes)
    days = calendar.due_dates(zone, one.send_at, since, ahead, one.weekdays)
    return {day for day in days[-1:] if calendar.cut_moment(day, one.send_at, zone) > now}


def _hold(newsroom: Newsroom, one: MailingList, coming: set[date], now: datetime) -> list[Edition]:
    made = []
    with newsroom.store.write() as session:
        stored.drop_held(session, one.name, coming)
        for day in coming:
            edition = stored.put(session, one.name, day, _planned(newsroom, one, day))
            if edition.built_at is None:
                edition.built_at = now
                made.append(edition)
    for edition in made:
        check(newsroom, one, edition.local_date, now)
    return made


@contextmanager
def settled(newsroom: Newsroom, now: datetime) -> Iterator[Session]:
    """A writing session in which every change so far has been sequenced, and so is clean."""
    while True:
        while sequence(newsroom, now):
            pass
        with newsroom.store.write() as session:
            if not stale.count_due(session, now):
                yield session
                return


def cut(newsroom: Newsroom, one: MailingList, day: date, now: datetime) -> Edition:
    """The edition of the list for that local date; its contents are settled now if they are not.

    One that was stopped goes on.
    """
    with settled(newsroom, now) as session:
        edition = stored.put(session, one.name, day, _planned(newsroom, one, day))
        if edition.frozen_at is None:
            _freeze(newsroom, session, one, edition, now)
            stored.drop_held(session, one.name, ())
        elif edition.state == EditionState.STOPPED:
            edition.state = EditionState.CUT
        stored.touch_feeds(session, [one.name])
        return edition


def _freeze(
    newsroom: Newsroom, session: Session, one: MailingList, edition: Edition, now: datetime
) -> None:
    cut_at, oldest = _limits(newsroom, one, edition.local_date, now)
    told = corrections_for(newsroom, session, one, cut_at)
    held = stored.cut(session, edition, one.categories, oldest, cut_at, now)
    contents = Contents(clean_views(newsroom, held), told, one.content)
    if not held and not (told and one.empty == "corrections"):
        edition.state = EditionState.EMPTY
        return
    corrections.carried(session, edition.id, {k.article_id: k.change for k in told})
    edition_texts.keep(session, edition.id, freeze(contents))


def stop(newsroom: Newsroom, one: MailingList, day: date, now: datetime) -> Edition:
    """Let nothing more of the edition leave, until a person lets it go on. Raises UsageError."""
    with newsroom.store.write() as session:
        edition = stored.find(session, one.name, day)
        if edition is None and day < today(newsroom, one, now):
            raise UsageError(f"{one.name} has no edition of {day}")
        edition = edition or stored.put(session, one.name, day, _planned(newsroom, one, day))
        if edition.state in (EditionState.SENT, EditionState.EMPTY):
            raise UsageError(f"the edition of {day} is {edition.state}: nothing is left to stop")
        edition.state = EditionState.STOPPED
        stored.touch_feeds(session, [one.name])
        return edition


def resume(newsroom: Newsroom, one: MailingList, day: date, now: datetime) -> Edition:
    """Let a stopped edition go on by itself: at its time, or now if that has passed.

    Raises UsageError.
    """
    with newsroom.store.write() as session:
        edition = _existing(session, one, day)
        if edition.state != EditionState.STOPPED:
            raise UsageError(f"the edition of {day} is {edition.state}, not stopped")
        frozen = edition.frozen_at is not None
        edition.state = EditionState.CUT if frozen else EditionState.HELD
        edition.built_at = edition.built_at or now
        stored.touch_feeds(session, [one.name])
        return edition


def rebuild(newsroom: Newsroom, one: MailingList, day: date, now: datetime) -> Edition:
    """Make the edition anew from what the store holds now, if no letter of it has left.

    It stays held or stopped as it was. Raises UsageError.
    """
    with newsroom.store.write() as session:
        edition = _existing(session, one, day)
        was_cut = edition.frozen_at is not None
        if was_cut and not stored.unsettle(session, edition):
            raise UsageError(
                f"readers have got the edition of {day} already; correct or retract the article "
                "instead: `publisher article correct ID --note … --mail` tells them"
            )
        if edition.state != EditionState.STOPPED:
            edition.state = EditionState.HELD
        edition.built_at = now
    if was_cut and edition.state == EditionState.HELD:
        return cut(newsroom, one, day, now)
    check(newsroom, one, day, now)
    return edition


def check(newsroom: Newsroom, one: MailingList, day: date, now: datetime) -> str:
    """Compose an edition ahead, so that a broken template is known before its time; what is wrong.

    The edition's `trouble` says so, too.
    """
    while sequence(newsroom, now):
        pass
    trouble = ""
    try:
        mail = composer(newsroom, one, day, now).mail(default_variant(newsroom, one))
        if mail is not None:
            preflight.check(one.name, mail)
    except TemplateError as error:
        trouble = str(error)
    note_trouble(newsroom, one, day, trouble)
    return trouble


def note_trouble(newsroom: Newsroom, one: MailingList, day: date, trouble: str) -> None:
    """Keep why an edition waits, or that it does not any more (an empty text)."""
    with newsroom.store.read() as session:
        edition = stored.find(session, one.name, day)
        if edition is None or edition.trouble == trouble:
            return
    with newsroom.store.write() as session:
        _existing(session, one, day).trouble = trouble


def default_variant(newsroom: Newsroom, one: MailingList) -> Variant:
    """The variant of a reader who has chosen nothing."""
    return Variant((), newsroom.config.language_of(one), "html")


def composer(newsroom: Newsroom, one: MailingList, day: date, now: datetime) -> Composer:
    """What the edition of that date says, or would say if it were cut now. Changes nothing."""
    with newsroom.store.read() as session:
        edition = stored.find(session, one.name, day)
        if edition is not None and edition.frozen_at is not None:
            as_cut = edition.state == EditionState.SENT
            return composer_of(newsroom, session, one, edition, as_cut=as_cut)
        cut_at, oldest = _limits(newsroom, one, day, now)
        held = stored.candidates(session, one.name, one.categories, oldest, cut_at)
        told = corrections_for(newsroom, session, one, cut_at)
        dates = Dates(stored.first_date(session, one.name, day), day)
        contents = Contents(clean_views(newsroom, held), told, one.content)
    return Composer(one, dates, contents, newsroom.templates, newsroom.config)


def today(newsroom: Newsroom, one: MailingList, now: datetime) -> date:
    """The list's local date."""
    return now.astimezone(newsroom.config.zone_of(one)).date()


def _existing(session: Session, one: MailingList, day: date) -> Edition:
    edition = stored.find(session, one.name, day)
    if edition is None:
        raise UsageError(f"{one.name} has no edition of {day}")
    return edition


def _planned(newsroom: Newsroom, one: MailingList, day: date) -> datetime:
    return calendar.cut_moment(day, one.send_at, newsroom.config.zone_of(one))


def _limits(
    newsroom: Newsroom, one: MailingList, day: date, now: datetime
) -> tuple[datetime, datetime]:
    first = day - timedelta(days=one.first_days - 1)
    oldest = datetime.combine(first, time.min, newsroom.config.zone_of(one))
    return min(_planned(newsroom, one, day), now), oldest
