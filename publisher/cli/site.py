"""`publisher init`: a new site."""

from __future__ import annotations

from pathlib import Path

import click

from publisher.errors import UsageError
from publisher.packaged import place_of


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
def init_command(folder: Path) -> None:
    """Make a new site in FOLDER (here, if none is named).

    The config works as it is: SQLite, one list named `daily`, mail into a local mailbox.
    """
    make_site(folder)
    where = "" if folder == Path() else f"cd {folder} && "
    click.echo(f"A new site in {folder}: config.toml holds every setting, with comments.")
    click.echo(f"Next: {where}publisher import FILE… && publisher run")


def make_site(folder: Path) -> None:
    """Write the files of a new site. Raises UsageError rather than touch an existing one."""
    config = folder / "config.toml"
    if config.exists():
        raise UsageError(f"{config} exists already; a new site needs a folder of its own")
    try:
        for name in ("email_templates", "feeds", "media"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        config.write_text(place_of("config.toml").read_text(encoding="utf-8"), encoding="utf-8")
        (folder / "email_templates" / "README.txt").write_text(TEMPLATES_NOTE, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be made a site: {error.strerror}") from error


TEMPLATES_NOTE = f"""\
Put a template here to use it instead of the packaged one of the same name, for instance
article.html or digest/body.html. Copy it from here, and change the copy:

    {place_of("email_templates")}
"""
