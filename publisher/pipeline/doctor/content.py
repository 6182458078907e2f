"""What is published: feeds as files, templates, lists, and the next edition."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from publisher.errors import PublisherError
from publisher.model import Article, Category, seal
from publisher.newsletter.budget import HTML_BYTES
from publisher.newsletter.compose import Composer
from publisher.newsletter.edition import Contents, Dates
from publisher.pipeline import editions as steps
from publisher.pipeline import preflight
from publisher.pipeline.doctor.finding import Finding, fine, note, wrong
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.verify import verify
from publisher.render.article import as_html, as_text
from publisher.render.view import ArticleView, view
from publisher.store import categories, pauses
from publisher.store import feeds as stored
from publisher.syndication.selection import feed_path

SHOWN = 5


def feeds(newsroom: Newsroom, *, full: bool) -> Iterator[Finding]:
    """Whether the files are there and up to date; with `full`, whether they say what is stored."""
    kinds = newsroom.config.feeds.kinds
    with newsroom.store.read() as session:
        published = stored.published(session, kinds)
        late = len(stored.stale(session, kinds))
    root = newsroom.config.path(newsroom.config.feeds.folder)
    lacking = [
        path
        for feed in published
        if feed.built and not (path := root / feed_path(feed.kind, feed.key)).is_dir()
    ]
    for path in lacking[:SHOWN]:
        yield wrong("feeds", f"{path} is not there", "`publisher feeds build`")
    if late:
        yield note("feeds", f"{late:,} are out of date", "`publisher run` or `feeds build`")
    if not full:
        if not lacking:
            yield fine("feeds", f"{len(published):,} published (--full compares every file)")
        return
    problems = [one for found in verify(newsroom) for one in found]
    for problem in problems[:SHOWN]:
        yield wrong("feeds", f"{problem.file}: {problem.reason}", "`publisher feeds build`")
    if len(problems) > SHOWN:
        yield wrong("feeds", f"and {len(problems) - SHOWN:,} more", "`publisher feeds verify`")
    if not problems:
        yield fine("feeds", f"{len(published):,} published, every file says what is stored")


def templates(newsroom: Newsroom, now: datetime) -> Iterator[Finding]:
    """Whether every template can be used, and those of articles and digests work."""
    broken = list(newsroom.templates.broken())
    for trouble in broken:
        yield wrong("templates", trouble, "mend that line")
    if broken:
        return
    sample = sample_article(newsroom, now)
    as_html(newsroom.templates, sample)
    as_text(newsroom.templates, sample)
    for one in newsroom.config.lists:
        dates, contents = Dates(now.date(), now.date()), Contents((sample,))
        composer = Composer(one, dates, contents, newsroom.templates, newsroom.config)
        mail = composer.mail(steps.default_variant(newsroom, one))
        if mail is not None:
            preflight.check(one.name, mail)
    yield fine("templates", "all of them can be used, and a mail has its link to unsubscribe")


def sample_article(newsroom: Newsroom, now: datetime) -> ArticleView:
    """An article that has everything an article can have."""
    made = Article(
        id=0, uid="tag:example.org,2024-01-01:sample", slug="sample", title="A sample",
        title_derived=False, body='<p>Text with <a href="https://example.org/">a link</a>.</p>',
        category=Category(path="sample", title="Sample"), published=now, updated=now,
        language=newsroom.config.site.language, sources=[{"name": "Source"}], authors=["Author"],
        tags=["tag"], media=[], aliases=[], revision=1, correction="A note of correction",
    )  # fmt: skip
    made.seal = seal(made.content)
    return view(made, site=newsroom.config.site)


def lists(newsroom: Newsroom) -> Iterator[Finding]:
    """Whether lists name categories that there are, and none waits."""
    with newsroom.store.read() as session:
        waiting = pauses.all_pauses(session)
        unknown = [
            (one.name, path)
            for one in newsroom.config.lists
            for path in one.categories
            if categories.at(session, path) is None
        ]
    for name, path in unknown:
        yield wrong("lists", f"{name} carries {path!r}, and there is no such category",
                    "`publisher category list` names those there are")  # fmt: skip
    for pause in waiting:
        yield wrong("lists", f"{pause.list_name} waits: {pause.reason}",
                    f"`publisher digest skip`, `resume` or `send {pause.list_name}`")  # fmt: skip
    if not unknown and not waiting:
        yield fine("lists", ", ".join(one.name for one in newsroom.config.lists))


def editions(newsroom: Newsroom, now: datetime) -> Iterator[Finding]:
    """How large the next edition of each list is by now, and whether it could leave."""
    for one in newsroom.config.lists:
        day = now.astimezone(newsroom.config.zone_of(one)).date()
        try:
            composer = steps.composer(newsroom, one, day, now)
            mail = composer.mail(steps.default_variant(newsroom, one))
            if mail is None:
                yield fine("editions", f"{one.name}, {day}: nothing that the list has not had")
                continue
            preflight.check(one.name, mail)
        except PublisherError as error:
            yield wrong("editions", str(error), "mend that before the list's hour")
            continue
        size = f"{len(mail.html.encode()) / 1000:.0f} of {HTML_BYTES / 1000:.0f} kB"
        if mail.left_out:
            yield note("editions", f"{one.name}, {day}: {mail.left_out} articles "
                       "do not fit", "send it more often, or with fewer categories")  # fmt: skip
        else:
            yield fine("editions", f"{one.name}, {day}: {len(mail.shown)} articles, {size}")
