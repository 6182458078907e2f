"""`publisher bounces`: what came back, and what became of whom."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click

from publisher.cli.common import as_json, counted, newsroom_of, now, print_json
from publisher.config.values import mailbox
from publisher.delivery.bounces.mail import LIMIT
from publisher.delivery.bounces.mailboxes import file_mail
from publisher.delivery.bounces.reading import Meaning
from publisher.errors import PublisherError, UsageError
from publisher.model import MailReport
from publisher.pipeline.bounces import Handled, mailbox_of, read_mailbox, take_mail
from publisher.store import bounces

# What tells a mail server to come again later (sysexits.h, EX_TEMPFAIL).
TRY_AGAIN = 75
LARGEST_KEPT = 50_000_000


@click.group("bounces")
def bounces_command() -> None:
    """Read mail that came back, and take back what it changed."""


@bounces_command.command("read")
@click.option("--maildir", type=click.Path(path_type=Path, file_okay=False), help="A Maildir.")
@click.option("--imap", metavar="URL", help="imaps://user:password@host[/FOLDER]")
@as_json
@click.pass_context
def read_command(
    context: click.Context, maildir: Path | None, imap: str | None, as_json: bool
) -> None:
    """Read the mailbox of the config once, or another one."""
    with newsroom_of(context) as newsroom:
        url = _named(maildir, imap) or newsroom.config.bounces.mailbox
        if not url:
            raise UsageError("there is no mailbox to read: set bounces.mailbox, or name --maildir")
        handled = list(read_mailbox(newsroom, mailbox_of(newsroom, url), now))
    if as_json:
        print_json([_row(one) for one in handled])
        return
    for one in handled:
        if line := _line(one):
            click.echo(line)
    click.echo(_summary(handled))


@bounces_command.command("pipe")
@click.pass_context
def pipe_command(context: click.Context) -> None:
    """Read one mail from standard input, for an alias of a mail server.

    A mail that is none of ours is put into the Maildir of bounces.unrelated. If anything goes
    wrong, it ends with 75, and the mail server tries again later.
    """
    data = sys.stdin.buffer.read(LARGEST_KEPT)
    while sys.stdin.buffer.read(LIMIT):  # else the mail server would see its pipe break
        pass
    try:
        with newsroom_of(context) as newsroom:
            handled = take_mail(newsroom, data, now())
            if not handled.finding.is_ours:
                file_mail(newsroom.config.path(newsroom.config.bounces.unrelated), data)
    except PublisherError as error:
        click.echo(f"publisher: {error}", err=True)
    except Exception as error:  # whatever it is, the mail must not be lost, nor be sent back
        click.echo(f"publisher: {error!r}", err=True)
    else:
        return
    context.exit(TRY_AGAIN)


@bounces_command.command("list")
@click.option("--email", default="", help="Only what is about this address.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1))
@as_json
@click.pass_context
def list_command(context: click.Context, email: str, limit: int, as_json: bool) -> None:
    """List what came back, newest first, with what it changed."""
    with newsroom_of(context) as newsroom, newsroom.store.read() as session:
        found = bounces.listed(session, email.strip().lower(), limit)
    if as_json:
        print_json([_report(report, address) for report, address in found])
        return
    for report, address in found:
        what = f"{report.before} → {report.after}" if report.before != report.after else "unchanged"
        undone = ", taken back" if report.undone else ""
        click.echo(
            f"{report.id:>6}  {report.at:%Y-%m-%d %H:%M}  {address}: {report.kind}, {what}{undone}"
        )
        if words := f"{report.status} {report.diagnostic}".strip():
            click.echo(f"        {words}")
    if not found:
        click.echo("Nothing has come back.")


@bounces_command.command("undo")
@click.argument("report_id", type=int, metavar="ID")
@click.pass_context
def undo_command(context: click.Context, report_id: int) -> None:
    """Take back what the report ID changed; it no longer counts then."""
    with newsroom_of(context) as newsroom, newsroom.store.write() as session:
        report, email = bounces.undo(session, report_id, now())
    what = f"is {report.before} again" if report.before != report.after else "was not changed"
    click.echo(f"{report_id} is taken back; {email} {what}")


def _named(maildir: Path | None, imap: str | None) -> str:
    """The address of the mailbox that the command line names; empty if it names none."""
    if maildir and imap:
        raise UsageError("--maildir and --imap cannot be read at once")
    if maildir:
        return f"maildir:{maildir.resolve()}"
    try:
        return mailbox(imap or "")
    except ValueError as error:
        raise UsageError(f"--imap is {error}") from None


def _line(one: Handled) -> str:
    """What is worth a line of its own."""
    found = one.finding
    words = f"{found.status} {found.diagnostic}".strip()
    if found.meaning is Meaning.UNVERIFIED:
        return f"left: {found.mail}: looks like one of ours, and nothing in it proves that: {words}"
    if one.changed:
        return f"{one.email}: {one.after}: {words}"
    if found.meaning is Meaning.POLICY:
        return f"{one.email}: refused us, not the reader: {words}"
    return ""


def _summary(handled: Iterable[Handled]) -> str:
    tally = Counter(one.finding.meaning for one in handled)
    left = sum(not one.finding.is_ours for one in handled)
    said = ", ".join(f"{tally[meaning]:,} {meaning}" for meaning in Meaning if tally[meaning])
    return f"{counted(tally.total(), 'mail')} read{': ' if said else ''}{said}; {left:,} left there"


def _row(one: Handled) -> dict[str, object]:
    return {
        "mail": one.finding.mail,
        "meaning": one.finding.meaning,
        "email": one.email,
        "status": one.finding.status,
        "diagnostic": one.finding.diagnostic,
        "before": one.before,
        "after": one.after,
        "left": not one.finding.is_ours,
    }


def _report(report: MailReport, address: str) -> dict[str, object]:
    return {
        "id": report.id,
        "at": report.at,
        "email": address,
        "list": report.list_name,
        "edition": report.edition_id,
        "kind": report.kind,
        "mail": report.mail,
        "status": report.status,
        "diagnostic": report.diagnostic,
        "before": report.before,
        "after": report.after,
        "undone": report.undone,
    }
