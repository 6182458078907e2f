"""`publisher digest`: editions of a list."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import click

from publisher.cli.common import (
    Bar,
    as_json,
    counted,
    newsroom_of,
    now,
    print_json,
    until_a_signal,
)
from publisher.cli.pausing import pause_command, skip_command
from publisher.cli.sending import state_of_sending
from publisher.config import MailingList
from publisher.errors import UsageError
from publisher.model import DeliveryState, Edition, EditionState
from publisher.newsletter.compose import ComposedMail
from publisher.pipeline import editions, links, pauses, sending
from publisher.pipeline.letters import proof
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.remarks import remarks_on
from publisher.pipeline.sequencer import sequence
from publisher.store import deliveries, subscribers
from publisher.store import editions as stored

the_list = click.argument("list_name", metavar="LIST")
the_date = click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The edition's date; today, by the list's zone, if none is given.",
)


@click.group("digest")
def digest_command() -> None:
    """Preview, send, stop and follow editions."""


@digest_command.command("preview")
@the_list
@the_date
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to write it."
)
@click.option("--text", is_flag=True, help="Print the text part instead.")
@click.option("--to", "email", metavar="ADDRESS", help="Mail it to this address instead.")
@click.option("--open/--no-open", "open_it", default=None, help="Show it in a browser.")
@click.pass_context
def preview_command(
    context: click.Context,
    list_name: str,
    day: datetime | None,
    output: Path | None,
    text: bool,
    email: str | None,
    open_it: bool | None,
) -> None:
    """Write what the edition holds, or would hold, as an HTML file, and open it."""
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        when = _date(newsroom, one, day)
        for line in remarks_on(newsroom, one, now()):
            click.echo(line, err=True)
        mail = _preview(newsroom, one, when)
        if email:
            click.echo(f"{mail.subject}\n{proof(newsroom, one, mail, email, now())}")
            return
        if text:
            click.echo(mail.text)
            return
        path = output or newsroom.config.path("previews") / f"{one.name}-{when}.html"
        html = mail.html
        for marker, link in links.example(newsroom).items():
            html = html.replace(marker, link)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} was not written: {error.strerror}") from error
    click.echo(f"{mail.subject}\n{path} ({len(html.encode()) / 1000:.0f} kB)")
    if open_it or (open_it is None and sys.stdout.isatty() and not output):
        click.launch(str(path))


def _preview(newsroom: Newsroom, one: MailingList, day: date) -> ComposedMail:
    while sequence(newsroom, now()):
        pass
    composer = editions.composer(newsroom, one, day, now())
    mail = composer.mail(editions.default_variant(newsroom, one))
    if mail is None:
        raise EmptyError(f"the edition of {day} is empty: {one.name} has had everything there is")
    return mail


class EmptyError(UsageError):
    """There is nothing to show."""

    exit_code = 1


@digest_command.command("send")
@the_list
@the_date
@click.option(
    "--retry",
    type=click.Choice(["failed", "uncertain", "deferred"]),
    help="Try those again, too. What is uncertain may have arrived, and would arrive twice.",
)
@as_json
@click.pass_context
def send_command(
    context: click.Context, list_name: str, day: datetime | None, retry: str | None, as_json: bool
) -> None:
    """Send the edition now to everybody who has not got it; again is safe.

    An edition that was stopped goes on, and so does a list that waits. Ctrl-C and SIGTERM let the
    letters that are on their way arrive; the next time it goes on.
    """
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        when = _date(newsroom, one, day)
        if when > editions.today(newsroom, one, now()):
            raise UsageError(f"{when} is still to come; the clock sends it, or --date names a day")
        pauses.resume(newsroom, one)
        edition = editions.cut(newsroom, one, when, now())
        if retry:
            edition = _retry(newsroom, edition, DeliveryState(retry))
        tally = send(newsroom, one, edition)
        counts = _counts(newsroom, edition)
    if as_json:
        print_json({"list": one.name, "date": edition.local_date, "sent_now": tally, "all": counts})
    else:
        click.echo(_summary(one, edition, tally, counts))
    if any(counts.get(state) for state in ("failed", "deferred", "uncertain")):
        context.exit(1)


def _retry(newsroom: Newsroom, edition: Edition, state: DeliveryState) -> Edition:
    with newsroom.store.write() as session:
        number = deliveries.retry(session, edition.id, state, now())
        again = stored.find(session, edition.list_name, edition.local_date)
    click.echo(f"{counted(number, f'{state} letter')} to be tried again", err=True)
    return again or edition


def send(newsroom: Newsroom, one: MailingList, edition: Edition) -> Counter[str]:
    """Send an edition with a progress bar; how many letters came out in which state."""
    tally: Counter[str] = Counter()
    if edition.state in (EditionState.EMPTY, EditionState.SKIPPED):
        return tally
    with newsroom.store.read() as session:
        total = subscribers.count_by_state(session, one.name).get("active", 0)
        before = deliveries.count_by_state(session, edition.id)
    done = sum(before.values()) - before.get("pending", 0) - before.get("deferred", 0)
    total = max(total, sum(before.values()))
    with Bar("Sending", total, "letters") as bar, until_a_signal() as end:
        bar.move_to(done)
        for progress in sending.deliver(newsroom, one, edition, now, end.is_set, everybody=True):
            tally.update(str(outcome.state) for outcome in progress.outcomes)
            bar.move_to(done + tally.total())
    return tally


@digest_command.command("stop")
@the_list
@the_date
@click.pass_context
def stop_command(context: click.Context, list_name: str, day: datetime | None) -> None:
    """Let nothing more of an edition leave, held or being sent, until `send` or `resume`."""
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        when = _date(newsroom, one, day)
        edition = editions.stop(newsroom, one, when, now())
        counts = _counts(newsroom, edition)
    sent = f"; {counts['accepted']:,} have got it" if counts.get("accepted") else ""
    click.echo(
        f"{one.name}, edition of {when}: stopped{sent}. "
        "`publisher digest resume` lets it go on by itself, `digest send` sends it now"
    )


@digest_command.command("resume")
@the_list
@the_date
@click.pass_context
def resume_command(context: click.Context, list_name: str, day: datetime | None) -> None:
    """Let a list that waits, or else a stopped edition, go on by itself: at its time, or now if
    that has passed."""
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        if pauses.resume(newsroom, one):
            click.echo(f"{one.name} goes on")
            return
        edition = editions.resume(newsroom, one, _date(newsroom, one, day), now())
    click.echo(f"{one.name}, edition of {edition.local_date}: {edition.state}")


@digest_command.command("rebuild")
@the_list
@the_date
@click.pass_context
def rebuild_command(context: click.Context, list_name: str, day: datetime | None) -> None:
    """Make an edition anew from what is stored now, as long as no letter of it has left."""
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        edition = editions.rebuild(newsroom, one, _date(newsroom, one, day), now())
    click.echo(f"{one.name}, edition of {edition.local_date}: built anew, {edition.state}")


@digest_command.command("status")
@the_list
@the_date
@click.option("--page", type=click.IntRange(1), default=1, help="Which page of those without it.")
@as_json
@click.pass_context
def status_command(
    context: click.Context, list_name: str, day: datetime | None, page: int, as_json: bool
) -> None:
    """Say how far an edition is, and who did not get it and why."""
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        when = _date(newsroom, one, day)
        with newsroom.store.read() as session:
            edition = stored.find(session, one.name, when)
            if edition is None:
                raise UsageError(f"{one.name} has no edition of {when}")
            found = state_of_sending(session, edition, now(), page)
    if as_json:
        print_json(asdict(found))
        return
    for line in found.lines(one.name, when):
        click.echo(line)


digest_command.add_command(pause_command)
digest_command.add_command(skip_command)


def _counts(newsroom: Newsroom, edition: Edition) -> dict[str, int]:
    with newsroom.store.read() as session:
        return deliveries.count_by_state(session, edition.id)


def _summary(
    one: MailingList, edition: Edition, tally: Counter[str], counts: dict[str, int]
) -> str:
    name = f"{one.name}, edition of {edition.local_date}"
    if edition.state in (EditionState.EMPTY, EditionState.SKIPPED):
        return f"{name}: {edition.state}, nothing is sent"
    if not counts:
        return (
            f"{name}: nobody to send it to; `publisher subscribers import` puts people on the list"
        )
    later = f"; {counts['pending']:,} leave later" if counts.get("pending") else ""
    if not tally and not later:
        return f"{name}: already sent to everybody ({counted(counts.get('accepted', 0), 'letter')})"
    said = ", ".join(f"{number:,} {state}" for state, number in sorted(tally.items()))
    return f"{name}: {said or 'none left now'}{later}"


def _date(newsroom: Newsroom, one: MailingList, day: datetime | None) -> date:
    return day.date() if day else editions.today(newsroom, one, now())
