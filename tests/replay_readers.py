"""Feed readers as the replay needs them: each keeps what it has been told, over HTTP only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import feedparser
from starlette.testclient import TestClient

from publisher.syndication.read_back import ReadDocument, ReadEntry, read_back

SITE = "https://news.example"
_previous = re.compile(
    rb'rel="prev-archive"[^>]*href="([^"]*)"|href="([^"]*)"[^>]*rel="prev-archive"'
)


def previous(data: bytes) -> str | None:
    """The address of the archive document before a document."""
    found = _previous.search(data)
    return (found[1] or found[2]).decode().removeprefix(SITE) if found else None


@dataclass
class Reader:
    """Polls one address; remembers it anew where it has moved for good."""

    client: TestClient
    address: str
    asks_for_deltas: bool = False
    etag: str = ""
    statuses: list[int] = field(default_factory=list)

    @property
    def folder(self) -> str:
        """The feed's folder, as the store's categories are called."""
        return self.address.removeprefix("/feeds/").rpartition("/")[0]

    def get(self) -> bytes | None:
        """The document, if it is there and has changed."""
        headers = {"if-none-match": self.etag} if self.etag else {}
        headers |= {"a-im": "feed"} if self.asks_for_deltas else {}
        answer = self.client.get(self.address, headers=headers)
        if answer.history:
            assert {one.status_code for one in answer.history} == {301}
            self.address = answer.url.path
        self.statuses.append(answer.status_code)
        assert answer.status_code in (200, 226, 304, 404)
        if answer.status_code not in (200, 226):
            return None
        self.etag = answer.headers["etag"]
        return answer.content


@dataclass
class ArchiveReader(Reader):
    """Follows the archive documents (RFC 5005), so it holds all there is after any absence."""

    entries: dict[str, ReadEntry] = field(default_factory=dict)
    archives: set[str] = field(default_factory=set)

    def poll(self) -> None:
        """Read what has come since the last time, oldest first."""
        data = self.get()
        if data is None:
            return
        documents = [read_back(data)]
        while (address := previous(data)) and _number(address) not in self.archives:
            data = self.client.get(address).content
            documents.append(read_back(data))
            self.archives.add(_number(address))
        for document in reversed(documents):
            self.take(document)

    def take(self, document: ReadDocument) -> None:
        """Merge a document into what is held."""
        for uid in document.gone:
            self.entries.pop(uid, None)
        self.entries |= document.entries


@dataclass
class LiveReader(Reader):
    """Knows the live document alone, as most readers do; it may have been away for weeks."""

    entries: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)

    def poll(self) -> None:
        """Read the live document."""
        data = self.get()
        if data is None:
            return
        parsed = feedparser.parse(data)
        assert not parsed.bozo
        self.shown = {entry.id: entry.title for entry in parsed.entries}
        assert len(self.shown) == len(parsed.entries), "an id stands once"
        self.entries |= self.shown


def _number(address: str) -> str:
    return address.rpartition("/")[2]
