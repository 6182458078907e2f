"""`publisher article`: what is stored, and what becomes of it."""

from __future__ import annotations

import sys

import click

from publisher.cli.common import as_json, counted, newsroom_of, now, print_json
from publisher.model import Article
from publisher.pipeline import corrections
from publisher.pipeline.newsroom import Newsroom
from publisher.store import articles

PUBLISHES = "`publisher run` or `feeds build` publishes it"


@click.group("article")
def article_command() -> None:
    """Look at articles, correct and retract them."""


@article_command.command("list")
@click.option("--category", default="", help="Only this category path and what is below it.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1))
@as_json
@click.pass_context
def list_command(context: click.Context, category: str, limit: int, as_json: bool) -> None:
    """List the newest articles."""
    with newsroom_of(context) as newsroom:
        zone = newsroom.config.site.zone
        with newsroom.store.read() as session:
            found = articles.newest(session, category, limit)
    if as_json:
        print_json([_row(one) for one in found])
        return
    for one in found:
        when = one.published.astimezone(zone)
        click.echo(f"{one.id:>7}  {when:%Y-%m-%d %H:%M}  {one.category.path}  {one.title}")
    if not found:
        click.echo("No articles yet: `publisher import FILE…` takes them in.")


@article_command.command("show")
@click.argument("article_id", type=int, metavar="ID")
@as_json
@click.pass_context
def show_command(context: click.Context, article_id: int, as_json: bool) -> None:
    """Show one article, with all that is known of it."""
    with newsroom_of(context) as newsroom, newsroom.store.read() as session:
        article = corrections.existing(session, article_id)
        row = {**_row(article), "body": article.body, "sources": article.sources}
        row |= {"authors": article.authors, "tags": article.tags, "media": article.media}
    if as_json:
        print_json(row)
        return
    for name, value in row.items():
        if value not in (None, "", []):
            click.echo(f"{name + ':':<12} {value}")


mail = click.option(
    "--mail", is_flag=True, help="Tell those by mail whose delivered edition carried it."
)
yes = click.option("--yes", is_flag=True, help="Do not ask before mail is sent.")


@article_command.command("correct")
@click.argument("article_id", type=int, metavar="ID")
@click.option("--note", required=True, help="What was wrong, for readers.")
@mail
@yes
@click.pass_context
def correct_command(
    context: click.Context, article_id: int, note: str, mail: bool, yes: bool
) -> None:
    """Put a correction note on an article; its feed entries count as updated.

    The next digest of each list that has had it carries the note.
    """
    with newsroom_of(context) as newsroom:
        told = _agreed(newsroom, article_id, yes) if mail else 0
        corrections.correct(newsroom, article_id, note, now(), mail=mail)
    click.echo(f"{article_id} is corrected{_told(told, mail)}; {PUBLISHES}")


@article_command.command("retract")
@click.argument("article_id", type=int, metavar="ID")
@click.option("--note", required=True, help="Why, for readers.")
@mail
@yes
@click.pass_context
def retract_command(
    context: click.Context, article_id: int, note: str, mail: bool, yes: bool
) -> None:
    """Withdraw an article: it leaves every feed, and leaves a tombstone there.

    Letters that have not left yet go without it, and the next digest carries the note.
    """
    with newsroom_of(context) as newsroom:
        told = _agreed(newsroom, article_id, yes) if mail else 0
        corrections.retract(newsroom, article_id, note, now(), mail=mail)
    click.echo(f"{article_id} is retracted{_told(told, mail)}; {PUBLISHES}")


def _agreed(newsroom: Newsroom, article_id: int, yes: bool) -> int:
    """To how many a mail goes, after a person at a terminal has agreed to it."""
    number = corrections.readers_of(newsroom, article_id)
    if number and not yes and _is_terminal():
        click.confirm(f"Send a mail to {counted(number, 'reader')}?", abort=True, err=True)
    return number


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _told(number: int, mail: bool) -> str:
    return f", and {counted(number, 'reader')} will be told by mail" if mail else ""


def _row(article: Article) -> dict[str, object]:
    return {
        "id": article.id,
        "uid": article.uid,
        "slug": article.slug,
        "title": article.title,
        "title_derived": article.title_derived,
        "category": article.category.path,
        "language": article.language,
        "published": article.published,
        "updated": article.updated,
        "expires": article.expires,
        "revision": article.revision,
        "correction": article.correction,
        "retracted": article.retracted,
        "retraction": article.retraction,
    }
