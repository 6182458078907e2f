"""`publisher backup` and `publisher restore`: a whole site in one file, and back."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from publisher import config as settings
from publisher.cli.common import Bar, as_json, now, print_json, read_config
from publisher.config import Config
from publisher.pipeline import pg_tools
from publisher.pipeline.backup import FOLDER, NAME, Contents, back_up, old_backups
from publisher.pipeline.pauses import after_restore
from publisher.pipeline.restore import Restored, unpack
from publisher.store.copy import sqlite_file
from publisher.store.engine import open_store


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--keep", type=click.IntRange(1), help="Remove all but the newest N of the folder.")
@click.option("--without-database", is_flag=True, help="Only the files; the database is elsewhere.")
@as_json
@click.pass_context
def backup_command(
    context: click.Context,
    file: Path | None,
    keep: int | None,
    without_database: bool,
    as_json: bool,
) -> None:
    """Pack the whole site into FILE, while everything runs.

    In it are the database, the config, the templates, the media and the keys that sign mail: keep
    it where nobody else reads it. Without FILE, or if it is a folder, it gets a name by the time.
    """
    config, moment = read_config(context), now()
    target = _target(config, file, moment)
    with _Steps() as steps:
        contents = back_up(
            config,
            context.find_root().obj.absolute(),
            target,
            moment,
            steps.show,
            with_database=not without_database,
        )
    removed = old_backups(target.parent, keep) if keep else []
    for old in removed:
        old.unlink(missing_ok=True)
    if as_json:
        size = target.stat().st_size
        print_json({"file": target, "bytes": size, "files": len(contents.files)} | _facts(contents))
        return
    click.echo(
        f"{target} ({target.stat().st_size / 1e6:,.1f} MB): {len(contents.files):,} files, "
        f"{_database(contents)}; checked"
    )
    if removed:
        click.echo(f"removed {len(removed)} older than the newest {keep}")
    if without_database and sqlite_file(config.store_url) is None:
        command = pg_tools.dump_command(config.store_url, Path("newsroom.pgdump"))
        click.echo(f"Dump the database by: {command}")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option(
    "--nothing-sent-since",
    "nothing_sent",
    is_flag=True,
    help="No mail has left since the backup was made; lists need not wait.",
)
def restore_command(file: Path, folder: Path, nothing_sent: bool) -> None:
    """Make a site in FOLDER (here, if none is named) of the backup FILE.

    Nothing that exists is overwritten. What was sent after the backup is not written down in it,
    so lists with readers wait until you say how they go on, for each: `digest resume`, `digest
    send` or `digest skip`.
    """
    with _Steps() as steps:
        restored = unpack(file, folder, lambda done, all_: steps.show("Unpacking", done, all_))
    click.echo(
        f"{restored.config.parent.resolve()}: the site as it was at "
        f"{restored.contents.moment:%Y-%m-%d %H:%M:%S} UTC, {_database(restored.contents)}; checked"
    )
    for here, there in restored.elsewhere:
        click.echo(f"  {here} was {there}: put it there, or name its new place in the config")
    _go_on(restored, nothing_sent)


def _go_on(restored: Restored, nothing_sent: bool) -> None:
    """Let the lists of the restored site wait, and say what is to be done."""
    named = f"publisher --config {restored.config}"
    config = settings.load(restored.config)
    if restored.contents.database != "sqlite" or restored.database is None:
        _say_by_hand(restored, config, named, nothing_sent)
        return
    here = f"sqlite:///{restored.database.resolve()}"
    if sqlite_file(config.store_url) != restored.database.resolve():
        click.echo(f"  store.url names another database: set it to {here}")
    store = open_store(here)
    try:
        waiting = after_restore(store, config, restored, now(), nothing_sent=nothing_sent)
    finally:
        store.close()
    if waiting:
        click.echo(
            f"Waiting, since their editions may have been sent after the backup: "
            f"{', '.join(waiting)}. For each of them, say one of:"
        )
        for line in ways_on("LIST"):
            click.echo(f"  {named} {line}")
    click.echo(f"Next: {named} doctor && {named} run")


def ways_on(name: str) -> list[str]:
    """The commands that let a list go on."""
    return [
        f"digest skip {name}     what is due was sent: count it as had",
        f"digest resume {name}   nothing was sent: go on as if nothing had happened",
        f"digest send {name}     the same, and send now what is due",
    ]


def _say_by_hand(restored: Restored, config: Config, named: str, nothing_sent: bool) -> None:
    """What a person does to put a database of PostgreSQL back."""
    click.echo("The database is put back by PostgreSQL's own programs:")
    dump = restored.database or Path("newsroom.pgdump")
    if sqlite_file(config.store_url) is None:
        click.echo("  createdb …, empty, and name it in store.url; then")
        click.echo(f"  {pg_tools.restore_command(config.store_url, dump)}")
    since = restored.contents.made
    if not nothing_sent:
        for one in config.lists:
            click.echo(f"  {named} digest pause {one.name} --since {since}")
    click.echo(f"  {named} feeds build")


def _target(config: Config, file: Path | None, moment: datetime) -> Path:
    name = moment.strftime(NAME)
    if file is None:
        return config.path(FOLDER) / name
    return file / name if file.is_dir() else file


def _facts(contents: Contents) -> dict[str, str]:
    return {"made": contents.made, "database": contents.database, "tables": contents.tables}


def _database(contents: Contents) -> str:
    kind = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(contents.database)
    return f"with the database ({kind})" if kind else "WITHOUT the database"


class _Steps:
    """One progress bar after the other, a bar for each step of the work."""

    def __init__(self) -> None:
        self._what = ""
        self._bar: Bar | None = None

    def __enter__(self) -> _Steps:
        return self

    def __exit__(self, *trouble: object) -> None:
        self._end()

    def show(self, what: str, done: int, total: int) -> None:
        """The step, and how far it is."""
        if not sys.stderr.isatty():
            return
        if what != self._what:
            self._end()
            self._what, self._bar = what, Bar(what, total)
            self._bar.__enter__()
        if self._bar is not None:
            self._bar.move_to(done)

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
