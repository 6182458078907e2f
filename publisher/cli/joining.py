"""What became of a file of people: counted and named while it is read, summed up at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import click

from publisher.cli.common import print_json
from publisher.config import Config
from publisher.errors import RejectedError
from publisher.newsletter.subscriptions import Row
from publisher.pipeline.joining import Joined, Origin
from publisher.pipeline.reading import PeopleFile


class Tally:
    """Counts outcomes, and hands each reject and each address left alone on to `say` as they come;
    without it, for JSON, they are kept."""

    def __init__(self, source: PeopleFile, say: Callable[[str], None] | None) -> None:
        self.source = source
        self.counts: Counter[Joined] = Counter()
        self.rejected = 0
        self.rejects: list[RejectedError] = []
        self.left_alone: list[str] = []
        self._say = say
        if say and source.encoding.example:
            say(_guess(source))

    def take(self, part: Iterable[RejectedError | tuple[Row, Joined]]) -> None:
        """What became of a batch."""
        for one in part:
            if isinstance(one, RejectedError):
                self._reject(one)
            else:
                self._joined(*one)

    def _reject(self, one: RejectedError) -> None:
        self.rejected += 1
        if self._say:
            self._say(f"rejected: {one}")
        else:
            self.rejects.append(one)

    def _joined(self, row: Row, outcome: Joined) -> None:
        self.counts[outcome] += 1
        if outcome is not Joined.LEFT:
            return
        where = f"{self.source.path}:{row.line}: {row.wish.email}"
        if self._say:
            self._say(f"left alone: {where}")
        else:
            self.left_alone.append(where)


def _guess(source: PeopleFile) -> str:
    found = source.encoding
    others = "".join(f" or {other}" for other in found.others)
    advice = f"; if that is wrong, say so with --encoding{': ' if others else ''}{others[4:]}"
    return f"{source.path} is not UTF-8 and is read as {found}{advice}"


def report(tally: Tally, config: Config, origin: Origin, *, as_json: bool, dry: bool) -> None:
    """Say what became of everybody."""
    header = tally.source.header
    unused = header.unused if header else ()
    if as_json:
        rejected = [{"where": one.where, "reason": one.reason} for one in tally.rejects]
        counts = {one.value: tally.counts[one] for one in Joined if one is not Joined.LEFT}
        print_json(
            {
                **counts, "rejected": rejected, "left_alone": tally.left_alone, "dry_run": dry,
                "encoding": tally.source.encoding.shown, "unused_columns": unused,
            }
        )  # fmt: skip
        return
    said = ", ".join(f"{tally.counts[one]:,} {one.value}" for one in Joined)
    click.echo(f"{'would be: ' if dry else ''}{said}, {tally.rejected:,} rejected")
    click.echo(f"read as {tally.source.encoding.shown}", err=True)
    if unused:
        click.echo(f"not used: the columns {', '.join(unused)}", err=True)
    if tally.counts[Joined.NEW] and not origin.consent and not dry:
        days = config.subscribers.confirm_days
        click.echo(
            f"Who is new is asked by mail, and forgotten if they do not confirm within {days} days."
            " If they have agreed already: --confirmed WHERE says where.",
            err=True,
        )
