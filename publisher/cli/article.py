"""`publisher article`: what is stored."""

from __future__ import annotations

import click

from publisher.cli.common import as_json, newsroom_of, print_json
from publisher.errors import UsageError
from publisher.model import Article
from publisher.store import articles


@click.group("article")
def article_command() -> None:
    """Look at stored articles."""


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
        article = articles.by_ids(session, [article_id]).get(article_id)
        if article is None:
            raise UsageError(
                f"there is no article {article_id}; `publisher article list` names them"
            )
        row = {**_row(article), "body": article.body, "sources": article.sources}
        row |= {"authors": article.authors, "tags": article.tags, "media": article.media}
    if as_json:
        print_json(row)
        return
    for name, value in row.items():
        if value not in (None, "", []):
            click.echo(f"{name + ':':<12} {value}")


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
    }
