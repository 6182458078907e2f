"""`publisher feeds`: build them, list them, verify them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import click

from publisher.cli.common import Bar, as_json, counted, newsroom_of, now, print_json
from publisher.config import Config
from publisher.model import Feed
from publisher.pipeline.build import build
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.sequencer import sequence
from publisher.pipeline.shelf import is_shared, mirror
from publisher.pipeline.verify import verify
from publisher.store import articles, feeds, stale
from publisher.syndication.document import FILES, title_of
from publisher.syndication.selection import feed_path


@click.group("feeds")
def feeds_command() -> None:
    """Build, list and verify feeds."""


@feeds_command.command("build")
@as_json
@click.pass_context
def build_command(context: click.Context, as_json: bool) -> None:
    """Write every feed into the folder `feeds/`; what has not changed is left alone."""
    with newsroom_of(context) as newsroom:
        _sequence_all(newsroom)
        with Bar("Building feeds", 1000) as bar:
            written = build(
                newsroom, every=True, progress=lambda done, total: bar.move_to(1000 * done // total)
            )
        if is_shared(newsroom):
            mirror(newsroom)
        with newsroom.store.read() as session:
            published = feeds.published(session, newsroom.config.feeds.kinds)
            number, unknown = len(published), _unknown_exceptions(newsroom.config, published)
            aside = articles.count_set_aside(session)
    for folder in unknown:
        click.echo(f"[feeds] content_exceptions: there is no feed {folder!r} yet", err=True)
    if as_json:
        print_json({"feeds": number, "written": written, "set_aside": aside})
        return
    click.echo(
        f"{counted(number, 'feed')} in {newsroom.config.path(newsroom.config.feeds.folder)}: "
        f"{counted(len(written), 'file')} written, the others were up to date"
    )
    if aside:
        click.echo(f"{counted(aside, 'piece')} set aside; `publisher status` says why", err=True)


@feeds_command.command("verify")
@as_json
@click.pass_context
def verify_command(context: click.Context, as_json: bool) -> None:
    """Rebuild what the published files say, from them alone, and compare it with the store.

    Ends with 1 if a file is missing, altered, or says something else than the store.
    """
    with newsroom_of(context) as newsroom:
        with newsroom.store.read() as session:
            total = len(feeds.published(session, newsroom.config.feeds.kinds))
            waiting = stale.count_due(session, now())
        if waiting:
            click.echo(
                f"{counted(waiting, 'change')} not published yet: run `feeds build`", err=True
            )
        problems = []
        with Bar("Verifying", total) as bar:
            for number, found in enumerate(verify(newsroom), 1):
                problems += found
                bar.move_to(number)
    if as_json:
        print_json({"feeds": total, "problems": [asdict(one) for one in problems]})
    else:
        for one in problems:
            click.echo(f"{one.file}: {one.reason}", err=True)
        click.echo(f"{counted(total, 'feed')} verified, {counted(len(problems), 'problem')}")
    if problems:
        context.exit(1)


def _unknown_exceptions(config: Config, published: Iterable[Feed]) -> list[str]:
    folders = {feed_path(feed.kind, feed.key).strip("/") for feed in published}
    return [one for one in config.feeds.content_exceptions if one not in folders]


def _sequence_all(newsroom: Newsroom) -> None:
    with newsroom.store.read() as session:
        total = stale.count(session)
    with Bar("Reading articles", total) as bar:
        done = 0
        while taken := sequence(newsroom, now()):
            done += taken
            bar.move_to(min(done, total))


@feeds_command.command("list")
@as_json
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List every feed with its number of articles and its addresses."""
    with newsroom_of(context) as newsroom:
        config = newsroom.config
        with newsroom.store.read() as session:
            rows = feeds.sizes(session, config.feeds.kinds)
    found = [_listed(config, feed, size) for feed, size in rows]
    if as_json:
        print_json(found)
        return
    for one in found:
        size = counted(one["articles"], "article")
        text = "full text" if one["content"] == "full" else "summaries"
        click.echo(f"{one['title']} ({one['kind']}, {size}, {text})")
        for address in one["addresses"]:
            click.echo(f"  {address}")
    if not found:
        click.echo("No feeds yet: `publisher import` takes articles in, `feeds build` builds.")


def _listed(config: Config, feed: Feed, size: int) -> dict[str, Any]:
    folder = feed_path(feed.kind, feed.key)
    addresses = [f"{config.site.url}/feeds/{folder}{FILES[form]}" for form in config.feeds.formats]
    return {
        "title": title_of(feed) or config.site.title,
        "kind": feed.kind,
        "articles": size,
        "content": "full" if config.feeds.is_full(folder) else "summary",
        "addresses": addresses,
    }
