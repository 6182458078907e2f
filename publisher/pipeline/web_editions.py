"""Editions on the web: what each said when it was cut, what has been said about it since, and a
feed of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from markupsafe import Markup

from publisher.config import MailingList
from publisher.model import Edition, Feed
from publisher.names import entry_id
from publisher.newsletter.compose import edition_url
from publisher.newsletter.corrections import Correction
from publisher.newsletter.edition import Contents, DateGroup, Dates, by_date
from publisher.newsletter.frozen import thaw
from publisher.pipeline.contents import correction_of
from publisher.pipeline.newsroom import Newsroom
from publisher.render.dates import long_date
from publisher.render.translations import words
from publisher.render.view import ArticleView
from publisher.store import edition_texts
from publisher.store.engine import Session
from publisher.syndication.document import Entry, FeedDocument, feed_document

# So many editions a feed of them shows.
FEED_EDITIONS = 60


@dataclass(frozen=True, slots=True)
class WebEdition:
    """An edition as it stands at `/editions/LIST/DATE/`, whatever has happened to its articles.

    `contents` are what it said when it was cut, to a reader of all categories. `notes` are the
    corrections and retractions since, by the uid of their article. `before` and `after` are the
    dates of the editions beside it.
    """

    number: int
    list: MailingList
    dates: Dates
    subject: str
    url: str
    language: str
    cut_at: datetime
    contents: Contents
    notes: Mapping[str, Correction]
    before: date | None = None
    after: date | None = None

    @property
    def groups(self) -> tuple[DateGroup, ...]:
        """Its articles by date, as the mail has them."""
        return by_date(self.contents.articles)


@dataclass(frozen=True, slots=True)
class WebEditionLink:
    """One line in a list of editions."""

    dates: Dates
    subject: str
    url: str


def web_edition(newsroom: Newsroom, one: MailingList, day: date) -> WebEdition | None:
    """The edition of that date; None if there is none, or none that readers may see (yet)."""
    with newsroom.store.read() as session:
        found = _web_editions(newsroom, session, one, day=day)
        if not found:
            return None
        before, after = edition_texts.neighbours(session, one.name, day)
    return replace(found[0], before=before, after=after)


def web_editions(newsroom: Newsroom, one: MailingList, limit: int) -> list[WebEditionLink]:
    """The list's newest editions, newest first."""
    with newsroom.store.read() as session:
        return [
            WebEditionLink(
                _dates(edition), kept.subject, edition_url(newsroom.config, one, _dates(edition))
            )
            for edition, kept in edition_texts.on_web(session, one.name, limit=limit)
        ]


def feed_of_editions(newsroom: Newsroom, session: Session, feed: Feed) -> FeedDocument:
    """The feed of a list's editions, also of a list that the config has no more."""
    one = newsroom.config.list_named(feed.key) or MailingList(name=feed.key, title=feed.title)
    editions = _web_editions(newsroom, session, one, limit=FEED_EDITIONS)
    return feed_document(
        newsroom.config,
        uid=feed.uid,
        kind=feed.kind,
        key=feed.key,
        title=f"{one.title} – {newsroom.config.site.title}",
        subtitle=one.description or newsroom.config.site.description,
        page=f"{newsroom.config.site.url}/editions/{one.name}/",
        language=newsroom.config.language_of(one),
        entries=[_entry(newsroom, edition) for edition in editions],
    )


def _web_editions(
    newsroom: Newsroom,
    session: Session,
    one: MailingList,
    *,
    day: date | None = None,
    limit: int = 1,
) -> list[WebEdition]:
    found = edition_texts.on_web(session, one.name, day=day, limit=limit)
    notes = edition_texts.notes_since(session, [edition.id for edition, _ in found])
    return [
        WebEdition(
            number=edition.id,
            list=one,
            dates=_dates(edition),
            subject=kept.subject,
            url=edition_url(newsroom.config, one, _dates(edition)),
            language=newsroom.config.language_of(one),
            cut_at=edition.cut_at,
            contents=thaw(kept.data),
            notes={
                uid: note
                for uid, (change, article) in notes[edition.id].items()
                if (note := correction_of(newsroom, change, article)) is not None
            },
        )
        for edition, kept in found
    ]


def _dates(edition: Edition) -> Dates:
    return Dates(edition.first_date or edition.local_date, edition.local_date)


def _entry(newsroom: Newsroom, edition: WebEdition) -> Entry:
    site, day = newsroom.config.site, edition.dates.last
    html = newsroom.templates.render(
        "feeds/edition.html",
        edition=edition,
        corrections=[*edition.notes.values(), *edition.contents.corrections],
        date_text=lambda when: long_date(when, edition.language),
        _=words(edition.language).text,
    )
    titles = [article.title for group in edition.groups for article in group.articles]
    titles += [] if titles else [one.title for one in edition.contents.corrections]
    seen = ArticleView(
        uid=entry_id(site.url, day, f"edition/{edition.list.name}/{day}"),
        url=edition.url,
        title=edition.subject,
        title_derived=False,
        body=Markup(html),  # noqa: S704 - the template escapes
        summary=" · ".join(titles),
        sources=(),
        authors=(),
        tags=(),
        media=(),
        categories=(),
        published=edition.cut_at,
        updated=max((note.at for note in edition.notes.values()), default=None),
        local_date=day,
        language=edition.language,
        correction=None,
        original_url=None,
    )
    return Entry(seen, html, position=edition.number)
