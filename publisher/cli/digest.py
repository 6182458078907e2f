"""`publisher digest`: editions of a list."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import click

from publisher.cli.common import Bar, as_json, counted, newsroom_of, now, print_json
from publisher.config import MailingList
from publisher.errors import UsageError
from publisher.model import Edition
from publisher.newsletter.compose import ComposedMail
from publisher.pipeline import editions, links
from publisher.pipeline.letters import Composer
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.sequencer import sequence
from publisher.store import deliveries, subscribers
from publisher.store import editions as stored

the_date = click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The edition's date; today, by the list's zone, if none is given.",
)


@click.group("digest")
def digest_command() -> None:
    """Preview, send and follow editions."""


@digest_command.command("preview")
@click.argument("list_name", metavar="LIST")
@the_date
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to write it."
)
@click.option("--text", is_flag=True, help="Print the text part instead.")
@click.option("--open/--no-open", "open_it", default=None, help="Show it in a browser.")
@click.pass_context
def preview_command(
    context: click.Context,
    list_name: str,
    day: datetime | None,
    output: Path | None,
    text: bool,
    open_it: bool | None,
) -> None:
    """Write what the edition holds, or would hold, as an HTML file, and open it."""
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        when = _date(newsroom, one, day)
        mail = _preview(newsroom, one, when)
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
    composer = Composer(newsroom, one, day, editions.contents(newsroom, one, day, now()))
    mail = composer.mail(composer.default)
    if mail is None:
        raise EmptyError(f"the edition of {day} is empty: {one.name} has had everything there is")
    return mail


class EmptyError(UsageError):
    """There is nothing to show."""

    exit_code = 1


@digest_command.command("send")
@click.argument("list_name", metavar="LIST")
@the_date
@as_json
@click.pass_context
def send_command(
    context: click.Context, list_name: str, day: datetime | None, as_json: bool
) -> None:
    """Send the edition now to everybody who has not got it; again is safe."""
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        edition = editions.cut(newsroom, one, _date(newsroom, one, day), now())
        tally = send(newsroom, one, edition)
        counts = _counts(newsroom, edition)
    if as_json:
        print_json({"list": one.name, "date": edition.local_date, "sent_now": tally, "all": counts})
    else:
        click.echo(_summary(one, edition, tally, counts))
    if any(counts.get(state) for state in ("failed", "deferred", "uncertain")):
        context.exit(1)


def send(newsroom: Newsroom, one: MailingList, edition: Edition) -> Counter[str]:
    """Send an edition with a progress bar; how many letters came out in which state."""
    tally: Counter[str] = Counter()
    if edition.state == "empty":
        return tally
    with newsroom.store.read() as session:
        total = subscribers.count_by_state(session, one.name).get("active", 0)
    with Bar("Sending", total) as bar:
        for progress in editions.deliver(newsroom, one, edition, now):
            tally.update(str(outcome.state) for outcome in progress.outcomes)
            bar.move_to(tally.total())
    return tally


@digest_command.command("status")
@click.argument("list_name", metavar="LIST")
@the_date
@as_json
@click.pass_context
def status_command(
    context: click.Context, list_name: str, day: datetime | None, as_json: bool
) -> None:
    """Say how far an edition is, and who did not get it and why."""
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        when = _date(newsroom, one, day)
        with newsroom.store.read() as session:
            edition = stored.find(session, one.name, when)
            if edition is None:
                raise UsageError(f"{one.name} has no edition of {when}")
            counts = deliveries.count_by_state(session, edition.id)
            troubled = deliveries.troubled(session, edition.id)
    if as_json:
        trouble = [{"email": e, "state": s, "reply": r} for e, s, r in troubled]
        print_json({"state": edition.state, "deliveries": counts, "troubled": trouble})
        return
    said = ", ".join(f"{number:,} {state}" for state, number in sorted(counts.items()))
    click.echo(f"{one.name}, edition of {when}: {edition.state}; {said or 'nobody to send it to'}")
    for email, state, reply in troubled:
        click.echo(f"  {email}: {state}: {reply}")


def _counts(newsroom: Newsroom, edition: Edition) -> dict[str, int]:
    with newsroom.store.read() as session:
        return deliveries.count_by_state(session, edition.id)


def _summary(
    one: MailingList, edition: Edition, tally: Counter[str], counts: dict[str, int]
) -> str:
    name = f"{one.name}, edition of {edition.local_date}"
    if edition.state == "empty":
        return f"{name}: empty, nothing is sent"
    if not counts:
        return (
            f"{name}: nobody to send it to; `publisher subscribers import` puts people on the list"
        )
    if not tally:
        return f"{name}: already sent to everybody ({counted(counts.get('accepted', 0), 'letter')})"
    return f"{name}: " + ", ".join(f"{number:,} {state}" for state, number in sorted(tally.items()))


def _date(newsroom: Newsroom, one: MailingList, day: datetime | None) -> date:
    return day.date() if day else now().astimezone(newsroom.config.zone_of(one)).date()
