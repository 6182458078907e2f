"""`publisher article`: what is stored, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace

import click

from publisher.cli.common import as_json, newsroom_of, now, print_json
from publisher.errors import UsageError
from publisher.ingest.clean import legal
from publisher.model import Article
from publisher.store import articles
from publisher.store.engine import Session


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
        article = _existing(session, article_id)
        row = {**_row(article), "body": article.body, "sources": article.sources}
        row |= {"authors": article.authors, "tags": article.tags, "media": article.media}
    if as_json:
        print_json(row)
        return
    for name, value in row.items():
        if value not in (None, "", []):
            click.echo(f"{name + ':':<12} {value}")


@article_command.command("correct")
@click.argument("article_id", type=int, metavar="ID")
@click.option("--note", required=True, help="What was wrong, for readers.")
@click.pass_context
def correct_command(context: click.Context, article_id: int, note: str) -> None:
    """Put a correction note on an article; its feed entries count as updated."""
    with newsroom_of(context) as newsroom:
        site = newsroom.config.site
        with newsroom.store.write() as session:
            article = _existing(session, article_id)
            writer = articles.Writer(session, site.url, site.zone, now())
            corrected = replace(article.content, correction=_note(note))
            writer.replace(article, corrected, significant=True)
    click.echo(f"{article_id} is corrected; `publisher run` or `feeds build` publishes it")


@article_command.command("retract")
@click.argument("article_id", type=int, metavar="ID")
@click.option("--note", required=True, help="Why, for readers.")
@click.pass_context
def retract_command(context: click.Context, article_id: int, note: str) -> None:
    """Withdraw an article: it leaves every feed, and leaves a tombstone there."""
    with newsroom_of(context) as newsroom, newsroom.store.write() as session:
        article = _existing(session, article_id)
        if article.retracted is not None:
            raise UsageError(f"article {article_id} is retracted already")
        article.retracted, article.retraction = now(), _note(note)
    click.echo(f"{article_id} is retracted; `publisher run` or `feeds build` publishes it")


def _existing(session: Session, article_id: int) -> Article:
    article = articles.by_ids(session, [article_id]).get(article_id)
    if article is None:
        raise UsageError(f"there is no article {article_id}; `publisher article list` names them")
    return article


def _note(note: str) -> str:
    plain = " ".join(legal(note).split())
    if not plain:
        raise UsageError("the note is empty; say in a sentence what readers should know")
    return plain


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
