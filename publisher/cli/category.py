"""`publisher category`: the sections of the site."""

from __future__ import annotations

import click

from publisher.cli.common import as_json, counted, newsroom_of, print_json
from publisher.errors import UsageError
from publisher.model import Category
from publisher.pipeline import sections
from publisher.store import categories
from publisher.store.engine import Session


@click.group("category")
def category_command() -> None:
    """List, rename and remove categories."""


@category_command.command("list")
@as_json
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List every category with the number of its articles."""
    with newsroom_of(context) as newsroom, newsroom.store.read() as session:
        rows = [(one.path, " › ".join(one.titles), n) for one, n in categories.counted(session)]
    if as_json:
        print_json([{"path": path, "title": title, "articles": n} for path, title, n in rows])
        return
    for path, title, number in rows:
        click.echo(f"{path}  {title} ({counted(number, 'article')})")
    if not rows:
        click.echo("No categories yet: `publisher import FILE…` takes articles in.")


@category_command.command("rename")
@click.argument("path")
@click.argument("title")
@click.option("--path", "new_path", help="The new path; made of the titles if none is given.")
@click.pass_context
def rename_command(context: click.Context, path: str, title: str, new_path: str | None) -> None:
    """Give the category at PATH another TITLE; what is below it goes along.

    Its old feeds, archives and pages lead to the new ones (301), and no reader gets anything twice.
    """
    with newsroom_of(context) as newsroom, newsroom.store.write() as session:
        moves = sections.rename(session, _existing(session, path), title, new_path)
    for old, new in moves:
        click.echo(f"{old} → {new}")
    click.echo("`publisher run` or `feeds build` publishes it")


@category_command.command("remove")
@click.argument("path")
@click.pass_context
def remove_command(context: click.Context, path: str) -> None:
    """Remove the empty category at PATH; its feeds and pages are gone (410) from then on."""
    with newsroom_of(context) as newsroom, newsroom.store.write() as session:
        try:
            categories.remove(session, _existing(session, path))
        except ValueError as error:
            raise UsageError(str(error)) from error
    click.echo(f"{path} is removed; `publisher run` or `feeds build` publishes it")


def _existing(session: Session, path: str) -> Category:
    found = categories.at(session, path.strip("/"))
    if found is None:
        raise UsageError(f"there is no category {path!r}; `publisher category list` names them")
    return found
