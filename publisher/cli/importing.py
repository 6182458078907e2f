"""`publisher import`: articles from files, folders and addresses."""

from __future__ import annotations

from collections.abc import Iterator

import click

from publisher.cli.common import Bar, as_json, newsroom_of, now, print_json
from publisher.config import Config
from publisher.ingest.changes import Change
from publisher.ingest.documents import FORMATS, Document, Piece, discover, read_document
from publisher.ingest.markdown import Skipped
from publisher.pipeline import imports
from publisher.pipeline.intake import Taken, take_in

SHOWN_REJECTS = 50
SHOWN_LEFT_OUT = 10


@click.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Instead of finding it out.")
@click.option("--category", help="For articles that name none: “Media Center › News”.")
@as_json
@click.pass_context
def import_command(
    context: click.Context,
    paths: tuple[str, ...],
    form: str | None,
    category: str | None,
    as_json: bool,
) -> None:
    """Take articles in from files, folders and http(s) addresses.

    Listing text, Markdown with front matter, JSON, JSON lines, RSS, Atom and JSON Feed.
    Importing twice changes nothing. Ends with 1 if anything was rejected.
    """
    with newsroom_of(context) as newsroom:
        source = Source(paths, form, newsroom.config)
        if category:
            newsroom = newsroom.with_category(category)
        taken = Taken()
        with Bar("Importing", source.size) as bar:
            for tally in take_in(newsroom, source.pieces(), now()):
                taken = tally
                bar.move_to(source.read)
        imports.note(newsroom, "articles", ", ".join(paths), _counts(taken), now())
    report(taken, as_json)
    if taken.rejects:
        context.exit(1)


class Source:
    """What the arguments name, as one stream; counts the bytes that have been read."""

    def __init__(self, paths: tuple[str, ...], form: str | None, config: Config) -> None:
        self._config = config
        self._found = list(discover(paths, form, config.root))
        self.size = sum(one.size for one in self._found if isinstance(one, Document))
        self.read = 0

    def pieces(self) -> Iterator[Piece]:
        """Everything, in the order of the arguments."""
        for one in self._found:
            if isinstance(one, Document):
                yield from read_document(one, self._config.ingest)
                self.read += one.size
            else:
                yield one


def report(taken: Taken, as_json: bool) -> None:
    """Say what became of everything, with each reject by file, line and reason."""
    new, unchanged = taken.counts[Change.NEW], taken.counts[Change.SAME]
    changed = taken.counts[Change.EDITED] + taken.counts[Change.CORRECTED]
    if as_json:
        rejects = [{"where": one.where, "reason": one.reason} for one in taken.rejects]
        tally = {"new": new, "changed": changed, "unchanged": unchanged, "rejected": rejects}
        print_json({**tally, "left_out": [vars_of(one) for one in taken.skipped]})
        return
    for reject in taken.rejects[:SHOWN_REJECTS]:
        click.echo(f"rejected: {reject}", err=True)
    if len(taken.rejects) > SHOWN_REJECTS:
        click.echo(
            f"… and {len(taken.rejects) - SHOWN_REJECTS:,} more; `publisher status` names them",
            err=True,
        )
    for one in taken.skipped[:SHOWN_LEFT_OUT]:
        click.echo(f"left out: {one.origin}: {one.reason}", err=True)
    left_out = f", {len(taken.skipped):,} left out" if taken.skipped else ""
    click.echo(
        f"{new:,} new, {changed:,} changed, {unchanged:,} unchanged, "
        f"{len(taken.rejects):,} rejected{left_out}"
    )


def _counts(taken: Taken) -> dict[str, int]:
    found = {
        "new": taken.counts[Change.NEW],
        "changed": taken.counts[Change.EDITED] + taken.counts[Change.CORRECTED],
        "unchanged": taken.counts[Change.SAME],
        "rejected": len(taken.rejects),
        "left out": len(taken.skipped),
    }
    return {name: number for name, number in found.items() if number}


def vars_of(skipped: Skipped) -> dict[str, str]:
    """A left-out file as JSON has it."""
    return {"where": skipped.origin, "reason": skipped.reason}
