"""`publisher doctor`: is all well, and if not, what is to be done?"""

from __future__ import annotations

import contextlib
import shutil
import sys
import textwrap
from dataclasses import asdict

import click

from publisher.bootstrap import mail_servers, manners, opened
from publisher.cli.common import as_json, counted, now, print_json, read_config
from publisher.delivery.codes import explain
from publisher.delivery.records import Lookup
from publisher.errors import UsageError
from publisher.pipeline.doctor import Finding, Level, Outgoing, examine
from publisher.web.trial import broken_pages

MARKS = {Level.FINE: "ok", Level.NOTE: "note", Level.UNKNOWN: "?", Level.WRONG: "WRONG"}
# Where what is said begins: behind the mark and the subject.
INDENT = 17


@click.command("doctor")
@click.option("--full", is_flag=True, help="Read the whole database, and every file of every feed.")
@click.option("--nameserver", metavar="ADDRESS[:PORT]", help="Ask this DNS server.")
@click.option("--explain", "reply", metavar="TEXT", help="Only explain what a mail server said.")
@as_json
@click.pass_context
def doctor_command(
    context: click.Context, full: bool, nameserver: str | None, reply: str | None, as_json: bool
) -> None:
    """Look the site over: each line says how something is, and what to do about it.

    The exit code is 1 if anything is wrong.
    """
    if reply is not None:
        _explain(reply)
        return
    config = read_config(context)
    findings: list[Finding] = []
    with contextlib.ExitStack() as stack:
        for one in examine(
            config,
            lambda: stack.enter_context(opened(config)),
            Outgoing(mail_servers(config), manners(config)),
            lambda: _lookup(nameserver),
            broken_pages,
            now(),
            full=full,
        ):
            findings.append(one)
            if not as_json:
                _show(one)
    number = sum(one.level is Level.WRONG for one in findings)
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
        click.echo(f"{counted(number, 'thing')} wrong" if number else "nothing is wrong")
    if number:
        context.exit(1)


def _show(one: Finding) -> None:
    colour = {Level.WRONG: "red", Level.NOTE: "yellow", Level.UNKNOWN: "yellow"}.get(one.level)
    mark = click.style(f"{MARKS[one.level]:<6}", fg=colour)
    click.echo(f"{mark}{one.subject:<11}{_folded(one.says, '')}")
    if one.do:
        click.echo(f"{'':<{INDENT}}→ {_folded(one.do, '  ')}")


def _folded(text: str, more: str) -> str:
    """The text in the column that it stands in, on a terminal; elsewhere a line stays a line."""
    if not sys.stdout.isatty():
        return text
    width = max(40, shutil.get_terminal_size().columns - INDENT - len(more))
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return f"\n{'':<{INDENT}}{more}".join(lines)


def _lookup(nameserver: str | None) -> Lookup:
    address, _, port = (nameserver or "").partition(":")
    if port and not port.isdecimal():
        raise UsageError(f"--nameserver {nameserver}: the port is no number")
    return Lookup(address, int(port or 53))


def _explain(reply: str) -> None:
    meaning = explain(reply)
    if meaning is None:
        raise UsageError("there is no status code such as 5.7.26 in that")
    click.echo(f"{meaning.says}\n→ {meaning.do}")
