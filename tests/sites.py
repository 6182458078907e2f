"""Newsrooms with articles, and their pages as a browser asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from sqlalchemy import event, text
from starlette.testclient import TestClient

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.model import Content
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.search_index import index
from publisher.pipeline.sequencer import sequence
from publisher.store import articles
from publisher.web.app import application

NOW = datetime(2024, 5, 2, 12, 0, tzinfo=UTC)
URL = "https://news.example"
CONTENT = Content(
    title="Story",
    body="<p>Text.</p>",
    published=datetime(2018, 2, 15, 9, 0, tzinfo=UTC),
    category=("Media Center", "Coalition News"),
    language="en",
)


@contextmanager
def newsroom_at(folder: Path, store_url: str = "", **sections: Any) -> Iterator[Newsroom]:
    """An open newsroom; `sections` are those of its config."""
    site = {"title": "Harbour Post", "url": URL} | sections.pop("site", {})
    config: dict[str, Any] = {"root": folder, "site": site, **sections}
    if store_url:
        config["store"] = {"url": store_url}
    with opened(Config.model_validate(config)) as made:
        yield made


def browser(newsroom: Newsroom, **options: Any) -> TestClient:
    """Asks the newsroom's application itself; nothing is redirected by itself."""
    return TestClient(
        application(newsroom), base_url=newsroom.config.site.url, follow_redirects=False, **options
    )


def story(title: str, **values: Any) -> Content:
    """An article of that title."""
    return replace(CONTENT, title=title, **values)


def store(newsroom: Newsroom, *contents: Content, now: datetime = NOW, prefix: str = "a") -> None:
    """Store articles and bring everything up to date."""
    with newsroom.store.write() as session:
        site = newsroom.config.site
        writer = articles.Writer(session, site.url, site.zone, now)
        for number, content in enumerate(contents):
            writer.add(content, f"{prefix}/{number}")
    update(newsroom, now)


def update(newsroom: Newsroom, now: datetime = NOW) -> None:
    """What the syndicator does for pages."""
    while sequence(newsroom, now):
        pass
    while index(newsroom):
        pass


def sql(newsroom: Newsroom, statement: str, **values: object) -> None:
    """What another program does."""
    with newsroom.store.engine.begin() as connection:
        connection.execute(text(statement), values)


@contextmanager
def counted_statements(newsroom: Newsroom) -> Iterator[list[str]]:
    """The statements that the store is asked inside the block."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "SET LOCAL")):
            seen.append(statement)

    event.listen(newsroom.store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(newsroom.store.engine, "before_cursor_execute", note)


class Document(HTMLParser):
    """A page taken apart: links, headings, texts, and elements with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.headings: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._open.append(tag)
        if tag in ("h1", "h2", "h3"):
            self.headings.append(f"{tag} ")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"style", "script", "title"} & set(self._open):
            self.texts.append(data)
        if self.headings and {"h1", "h2", "h3"} & set(self._open):
            self.headings[-1] += data

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """The attributes of each element of that name which has these."""
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and wanted.items() <= attributes.items()
        ]

    @property
    def links(self) -> list[str]:
        """Where its links lead."""
        return [attributes["href"] for attributes in self.all("a") if "href" in attributes]

    @property
    def text(self) -> str:
        """All that is read."""
        return " ".join("".join(self.texts).split())


def page(client: TestClient, path: str, status: int = 200) -> Document:
    """The page of a path, which is answered with that status."""
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return Document(answer.text)


def fresh(newsroom: Newsroom, path: str, status: int = 200) -> Document:
    """The page as a server that has just started makes it."""
    return page(browser(newsroom), path, status)


def titles(document: Document) -> list[str]:
    """What the articles of a list are called."""
    return [text.removeprefix("h3 ") for text in document.headings if text.startswith("h3 ")]
