"""Uses the templates as sending and building do, on an article that has all that one can have."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime

from publisher.config import MailingList
from publisher.errors import TemplateError
from publisher.model import Article, Category, NoticeKind, seal
from publisher.newsletter.compose import Composer
from publisher.newsletter.edition import Contents, Dates
from publisher.newsletter.notices import CorrectedArticle, compose_notice
from publisher.pipeline import editions, preflight
from publisher.pipeline.build import Builder, WaitError
from publisher.pipeline.feed_pages import lists, page_of
from publisher.pipeline.newsroom import Newsroom
from publisher.render.article import as_html, as_text
from publisher.render.view import ArticleView, view
from publisher.store import feeds

# The link without which the mail is of no use to its reader.
NEEDED = {
    NoticeKind.CONFIRM: "@@CONFIRM@@",
    NoticeKind.WELCOME: "@@UNSUBSCRIBE@@",
    NoticeKind.CORRECTION: "@@UNSUBSCRIBE@@",
    NoticeKind.DATA: "@@DATA@@",
}


def made(newsroom: Newsroom, now: datetime) -> Iterator[str]:
    """What is wrong, by file and line, with the templates of articles, feeds and mails."""
    sample = sample_article(newsroom, now)
    yield from _tried(lambda: as_html(newsroom.templates, sample))
    yield from _tried(lambda: as_text(newsroom.templates, sample))
    yield from _tried(lambda: _feed_pages(newsroom))
    for one in newsroom.config.lists:
        yield from _tried(lambda one=one: _digest(newsroom, one, sample, now))  # type: ignore[misc]
        for kind in NoticeKind:
            yield from _tried(lambda one=one, kind=kind: _notice(newsroom, one, kind, sample))  # type: ignore[misc]


def _tried(use: Callable[[], object]) -> Iterator[str]:
    try:
        use()
    except TemplateError as error:
        yield str(error)


def _feed_pages(newsroom: Newsroom) -> None:
    with newsroom.store.read() as session:
        some = feeds.first(session, newsroom.config.feeds.kinds, 2)
        with contextlib.suppress(WaitError):  # an article in it is about to be cleaned
            for feed in some:
                page_of(newsroom, feed, Builder(newsroom).live(session, feed))
    for _ in lists(newsroom, some):
        pass


def _digest(newsroom: Newsroom, one: MailingList, sample: ArticleView, now: datetime) -> None:
    dates, contents = Dates(now.date(), now.date()), Contents((sample,))
    composer = Composer(one, dates, contents, newsroom.templates, newsroom.config)
    mail = composer.mail(editions.default_variant(newsroom, one))
    if mail is not None:
        preflight.check(one.name, mail)


def _notice(newsroom: Newsroom, one: MailingList, kind: NoticeKind, sample: ArticleView) -> None:
    mail = compose_notice(
        kind,
        one,
        newsroom.config.language_of(one),
        newsroom.templates,
        newsroom.config,
        corrected=CorrectedArticle(sample, "A note", is_retraction=False),
    )
    for template, part in (("body.txt", mail.text), ("body.html", mail.html)):
        if (link := NEEDED.get(kind, "")) not in part:
            raise TemplateError(
                f"{kind}/{template}: its reader needs a link that is not in it; put {link} into it"
            )


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
