"""`publisher subscribers`: who is on a list, one by one and in files."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from publisher.cli import people
from publisher.cli.common import Bar, as_json, newsroom_of, now, print_json
from publisher.cli.joining import Tally, report
from publisher.config import MailingList
from publisher.errors import UsageError
from publisher.model import SubscriptionState
from publisher.newsletter.subscriptions import COLUMNS, FORMATS, STATES, safe_cell, wish_of
from publisher.pipeline import editions, imports
from publisher.pipeline.forgetting import known
from publisher.pipeline.joining import Joined, Origin, join, known_categories
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.reading import import_people, open_people
from publisher.pipeline.subscribing import ask_again
from publisher.store import subscribers, transitions
from publisher.store.subscribers import Listed, Wish

the_list = click.option("--list", "list_name", default="daily", show_default=True)


def _consent(_context: click.Context, _option: click.Parameter, where: str | None) -> str:
    plain = " ".join((where or "").split())
    if where is not None and not plain:
        raise UsageError("--confirmed is empty; say where their consent comes from")
    return plain


confirmed = click.option(
    "--confirmed",
    metavar="WHERE",
    callback=_consent,
    help="Where their consent comes from. Without it they are asked to confirm by mail.",
)


@click.group("subscribers")
def subscribers_command() -> None:
    """Put people on a list, take them off, and see who is on it."""


for command in people.COMMANDS:
    subscribers_command.add_command(command)


@subscribers_command.command("add")
@click.argument("email")
@click.option("--name", default="")
@click.option("--language", default="", help="A tag such as ar; the list's, if none is given.")
@click.option("--timezone", default="", help="Such as Asia/Amman; the list's, if none is given.")
@click.option("--categories", default="", help="Paths, separated by |; all, if none is given.")
@click.option("--format", type=click.Choice(FORMATS), default="html", show_default=True)
@the_list
@confirmed
@click.pass_context
def add_command(context: click.Context, /, list_name: str, confirmed: str, **cells: str) -> None:
    """Put one address on a list."""
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        try:
            wish = wish_of(cells, known_categories(newsroom, one))
        except ValueError as error:
            raise UsageError(str(error)) from None
        origin = Origin("publisher subscribers add", confirmed)
        with newsroom.store.write() as session:
            (outcome,) = join(session, one.name, [wish], origin, now())
        asked = outcome is Joined.NEW or ask_again(newsroom, one, wish.email, now())
        click.echo(_added(newsroom, one, wish, outcome, asked=asked))
    if outcome is Joined.LEFT:
        context.exit(1)


def _added(
    newsroom: Newsroom, one: MailingList, wish: Wish, outcome: Joined, *, asked: bool
) -> str:
    with newsroom.store.read() as session:
        place = subscribers.places(session, one.name, [wish.email])[wish.email]
        if outcome is Joined.LEFT and place.suppression is not None:
            return (
                f"{wish.email}: left alone, since it was erased; only its owner can bring it back"
            )
        if outcome is Joined.LEFT:
            person = known(session, wish.email)
            name = one.name if place.address_state == "deliverable" else ""
            last = transitions.last(session, person.id, name)
            why = f"{last.cause} on {last.at:%Y-%m-%d}" if last else "it has left"
            return (
                f"{wish.email}: left alone ({why}); if its owner wants it back: publisher "
                f"subscribers restore {wish.email} --list {one.name} --note WHY"
            )
    head = f"{wish.email}: {outcome.value}"
    if place.subscription_state is not SubscriptionState.PENDING:
        return f"{head}, {place.subscription_state} on {one.name}"
    days = newsroom.config.subscribers.confirm_days
    if asked:
        return f"{head}, asked to confirm within {days} days; the mail leaves with the clock"
    hours = newsroom.config.subscribers.ask_again_hours
    return f"{head}, pending; it was asked to confirm less than {hours} hours ago"


@subscribers_command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@the_list
@confirmed
@click.option("--encoding", help="Instead of finding it out: utf-8, windows-1252, …")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@as_json
@click.pass_context
def import_command(
    context: click.Context,
    file: Path,
    list_name: str,
    confirmed: str,
    encoding: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Put everybody in a CSV FILE on a list.

    Its header is email,name,language,timezone,categories,format,state, in any order; only email
    must be there. Whoever has left, bounced or complained stays so. Importing twice changes
    nothing. Ends with 1 if anything was rejected.
    """
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        source = open_people(file, encoding, newsroom.config.language_of(one))
        origin = Origin(file.name, confirmed)
        with Bar("Importing", source.size) as bar:
            tally = Tally(source, None if as_json else bar.say)
            for part in import_people(newsroom, one, source, origin, now(), dry=dry_run):
                tally.take(part)
                bar.move_to(source.read)
        if not dry_run:
            counts = {one.value: number for one, number in tally.counts.items() if number}
            rejected = {"rejected": tally.rejected} if tally.rejected else {}
            imports.note(newsroom, "people", file.name, counts | rejected, now())
        report(tally, newsroom.config, origin, as_json=as_json, dry=dry_run)
    if tally.rejected:
        context.exit(1)


@subscribers_command.command("export")
@the_list
@click.option(
    "--state", "states", multiple=True, type=click.Choice([*STATES, "all"]),
    default=["active"], show_default=True, help="May be given more than once.",
)  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to.")
@click.pass_context
def export_command(
    context: click.Context, list_name: str, states: tuple[str, ...], output: Path | None
) -> None:
    """Write a list as CSV, which `import` reads again.

    Cells that a spreadsheet would take for a formula begin with an apostrophe.
    """
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        wanted = () if "all" in states else states
        with newsroom.store.read() as session, _written(output) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(_cells(row) for row in subscribers.listed(session, one.name, wanted))


@contextmanager
def _written(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise UsageError(f"{output} was not written: {error.strerror}") from error


def _cells(row: Listed) -> Iterable[str]:
    texts = (
        row.email, row.name, row.language or "", row.timezone or "", "|".join(row.categories),
        row.format, row.state,
    )  # fmt: skip
    return map(safe_cell, texts)


@subscribers_command.command("list")
@the_list
@as_json
@click.pass_context
def list_command(context: click.Context, list_name: str, as_json: bool) -> None:
    """Say who is on a list, and in which state, as CSV."""
    with newsroom_of(context) as newsroom:
        one = editions.the_list(newsroom, list_name)
        with newsroom.store.read() as session:
            rows = subscribers.listed(session, one.name)
            if as_json:
                found = [{"email": r.email, "name": r.name, "state": r.state} for r in rows]
                print_json(found)
                return
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(("email", "name", "state"))
            writer.writerows(map(safe_cell, (r.email, r.name, r.state)) for r in rows)
