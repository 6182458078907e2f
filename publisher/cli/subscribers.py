"""`publisher subscribers`: who is on a list."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click

from publisher.cli.common import Bar, as_json, newsroom_of, print_json
from publisher.errors import RejectedError, UsageError
from publisher.newsletter.subscriptions import CsvSubscriber, read_csv
from publisher.pipeline import editions
from publisher.store import subscribers
from publisher.store.subscribers import Joined, Wish

BATCH = 500

the_list = click.option("--list", "list_name", default="daily", show_default=True)
confirmed = click.option(
    "--confirmed",
    metavar="WHERE",
    help="Where their consent comes from. Without it they wait as pending and get nothing.",
)


@click.group("subscribers")
def subscribers_command() -> None:
    """Put people on a list, and see who is on it."""


@subscribers_command.command("add")
@click.argument("email")
@click.option("--name", default="")
@the_list
@confirmed
@click.pass_context
def add_command(
    context: click.Context, email: str, name: str, list_name: str, confirmed: str | None
) -> None:
    """Put one address on a list."""
    row = next(
        iter(read_csv(f"email,name\n{_quoted(email)},{_quoted(name)}\n", "command line")), None
    )
    if not isinstance(row, CsvSubscriber):
        raise UsageError(row.reason if row else "an empty address")
    with newsroom_of(context) as newsroom:
        editions.the_list(newsroom, list_name)
        with newsroom.store.write() as session:
            outcomes = subscribers.join(session, list_name, [_wish(row)], confirmed=bool(confirmed))
    click.echo(f"{row.email}: {outcomes[0].value}")


@subscribers_command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@the_list
@confirmed
@as_json
@click.pass_context
def import_command(
    context: click.Context, file: Path, list_name: str, confirmed: str | None, as_json: bool
) -> None:
    """Put everybody in a CSV FILE on a list.

    Its header is email,name,language,timezone,categories, in any order; only email must be there.
    Whoever has unsubscribed stays so. Importing twice changes nothing.
    """
    text = _text(file)
    rejects: list[RejectedError] = []
    tally: Counter[Joined] = Counter()
    with newsroom_of(context) as newsroom, Bar("Importing", text.count("\n")) as bar:
        editions.the_list(newsroom, list_name)
        for wishes in _batches(read_csv(text, str(file)), rejects):
            with newsroom.store.write() as session:
                tally.update(
                    subscribers.join(session, list_name, wishes, confirmed=bool(confirmed))
                )
            bar.move_to(tally.total() + len(rejects))
    _report(tally, rejects, as_json)
    if not confirmed and tally[Joined.NEW]:
        click.echo(
            "They are pending: --confirmed WHERE says where their consent comes from.", err=True
        )
    if rejects:
        context.exit(1)


@subscribers_command.command("list")
@the_list
@as_json
@click.pass_context
def list_command(context: click.Context, list_name: str, as_json: bool) -> None:
    """Say who is on a list, and in which state, as CSV."""
    with newsroom_of(context) as newsroom:
        editions.the_list(newsroom, list_name)
        with newsroom.store.read() as session:
            rows = list(subscribers.emails(session, list_name))
    if as_json:
        print_json([{"email": e, "name": n, "state": s} for e, n, s in rows])
        return
    csv.writer(sys.stdout).writerows([("email", "name", "state"), *rows])


def read_rows(file: Path) -> tuple[list[Wish], list[RejectedError]]:
    """Everybody in a CSV file, and what of it cannot be used. Raises UsageError."""
    rejects: list[RejectedError] = []
    wishes = [wish for part in _batches(read_csv(_text(file), str(file)), rejects) for wish in part]
    return wishes, rejects


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 at byte {error.start}; save it as UTF-8") from error


def _batches(
    rows: Iterator[CsvSubscriber | RejectedError], rejects: list[RejectedError]
) -> Iterator[list[Wish]]:
    while part := list(islice(rows, BATCH)):
        rejects += [row for row in part if isinstance(row, RejectedError)]
        yield [_wish(row) for row in part if isinstance(row, CsvSubscriber)]


def _wish(row: CsvSubscriber) -> Wish:
    return Wish(row.email, row.name, row.language, row.timezone, tuple(row.categories))


def _report(tally: Counter[Joined], rejects: list[RejectedError], as_json: bool) -> None:
    counts = {outcome.value: tally[outcome] for outcome in Joined}
    if as_json:
        rejected = [{"where": one.where, "reason": one.reason} for one in rejects]
        print_json({**counts, "rejected": rejected})
        return
    for reject in rejects:
        click.echo(f"rejected: {reject}", err=True)
    said = ", ".join(f"{number:,} {name}" for name, number in counts.items())
    click.echo(f"{said}, {len(rejects):,} rejected")


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""').replace("\n", " ") + '"'
