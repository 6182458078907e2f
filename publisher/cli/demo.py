"""`publisher demo`: a sample newsroom, with everything at work."""

from __future__ import annotations

import secrets
import shutil
import socket
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from publisher import config as settings
from publisher import logs, sample
from publisher.bootstrap import opened
from publisher.cli.common import counted, now
from publisher.cli.digest import send
from publisher.cli.importing import Source
from publisher.cli.joining import Tally
from publisher.cli.run import serve_all
from publisher.config import MailingList
from publisher.errors import UsageError
from publisher.ingest.changes import Change
from publisher.model import Role
from publisher.pipeline import editions, users
from publisher.pipeline.build import build
from publisher.pipeline.intake import take_in
from publisher.pipeline.joining import Origin
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.reading import import_people, open_people
from publisher.pipeline.search_index import index
from publisher.store import feeds

MARK = ".publisher-demo"
PORT = 8000
USER = "olga"


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"))
@click.option("--once", is_flag=True, help="End when everything is made, instead of serving it.")
def demo_command(folder: Path, once: bool) -> None:
    """Make a sample newsroom in FOLDER (demo), send today's digest, and serve everything.

    A demo that stands there already is made anew; any other folder is left alone.
    """
    _make_folder(folder, now())
    with opened(settings.load(folder / "config.toml")) as newsroom:
        _say(*_fill(newsroom, folder))
        _where_to_look(newsroom, folder, _let_in(newsroom))
        if once:
            return
        click.echo("\nServing. Ctrl-C ends it.\n")
        logs.set_up(sys.stderr, newsroom.config.log.format, newsroom.config.log.level)
        serve_all(newsroom)


def _make_folder(folder: Path, moment: datetime) -> None:
    if (folder / MARK).exists():
        shutil.rmtree(folder)
    elif folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty and no demo; name a folder that can be made")
    try:
        sample.unpack(folder, moment.astimezone(ZoneInfo(sample.TIMEZONE)))
        (folder / MARK).write_text("`publisher demo` made this folder and may make it anew.\n")
        text = (folder / "config.toml").read_text(encoding="utf-8")
        text = text.replace("@port@", str(_free_port()))
        (folder / "config.toml").write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}") from error


def _free_port() -> int:
    for port in (PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return PORT


def _fill(newsroom: Newsroom, folder: Path) -> tuple[Counter[Change], int, Counter[str]]:
    one = newsroom.config.lists[0]
    changes: Counter[Change] = Counter()
    tally: Counter[str] = Counter()
    today = editions.today(newsroom, one, now())
    # Yesterday's edition carries an article that is corrected before today's.
    for part, day in (("articles", today - timedelta(days=1)), ("corrected", today)):
        source = Source((str(folder / part),), None, newsroom.config)
        for taken in take_in(newsroom, source.pieces(), now()):
            last = taken
        changes.update(last.counts)
        for reject in last.rejects:
            click.echo(f"rejected: {reject}", err=True)
        _invite(newsroom, one, folder)  # again is the same; the categories are there now
        tally += send(newsroom, one, editions.cut(newsroom, one, day, now()))
    written = len(build(newsroom, every=True))
    while index(newsroom):
        pass
    return changes, written, tally


def _invite(newsroom: Newsroom, one: MailingList, folder: Path) -> None:
    people = open_people(folder / "subscribers.csv", None, newsroom.config.language_of(one))
    origin = Origin("the demo", "the sample's invented readers")
    readers = Tally(people, click.echo)
    for batch in import_people(newsroom, one, people, origin, now()):
        readers.take(batch)


def _say(changes: Counter[Change], written: int, tally: Counter[str]) -> None:
    click.echo(
        f"{counted(changes[Change.NEW], 'article')} taken in, "
        f"{counted(changes[Change.CORRECTED], 'correction')} made, "
        f"{counted(written, 'feed document')} written, "
        f"{counted(tally['accepted'], 'digest mail')} delivered."
    )


def _let_in(newsroom: Newsroom) -> str:
    """Somebody who may sign in at the desk: the password."""
    password = secrets.token_urlsafe(12)
    users.add(newsroom, USER, Role.OPERATOR, password, now())
    return password


def _where_to_look(newsroom: Newsroom, folder: Path, password: str) -> None:
    config = newsroom.config
    with newsroom.store.read() as session:
        categories = [f.key for f in feeds.published(session, ("category",))]
    rows = [
        ("Pages", f"{config.site.url}/ (also {config.site.url}/search?q=ferry)"),
        ("of a category", f"{config.site.url}/{categories[-1]}/"),
        ("of a day", f"{config.site.url}/{now().astimezone(config.site.zone):%Y/%m/%d}/"),
        ("an article", f"{config.site.url}/articles/night-ferry (and in Arabic from there)"),
        ("Feeds", f"{config.site.url}/feeds/atom.xml (also rss.xml, feed.json)"),
        ("of a category", f"{config.site.url}/feeds/{categories[-1]}/atom.xml"),
        ("as files", f"{folder}/feeds/"),
        ("Mails", f"{folder}/mailbox/new/ (a Maildir; each .eml opens in a mail program)"),
        ("Editions", f"{config.site.url}/editions/{config.lists[0].name}/"),
        ("Subscribe", f"{config.site.url}/subscribe"),
        ("Desk", f"{config.site.url}/desk/ (sign in as {USER}, password {password})"),
        ("Embeds", f"{config.site.url}/embed/"),
        ("API", f"{config.site.url}/api/v1/"),
        ("Digest", f"publisher --config {folder}/config.toml digest preview daily"),
        ("Articles", f"{folder}/articles/ (change one, then import the folder again)"),
        ("Settings", f"{folder}/config.toml"),
    ]
    click.echo("\nWhere to look:")
    for name, place in rows:
        click.echo(f"  {name:<14} {place}")
