"""A crawler: it reads sitemaps, and checks each against the rules of the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree
from starlette.applications import Starlette
from starlette.testclient import TestClient

from publisher.config import Config
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.sequencer import sequence
from publisher.web.sitemaps import Sitemaps

SPACES = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "image": "http://www.google.com/schemas/sitemap-image/1.1",
    "news": "http://www.google.com/schemas/sitemap-news/0.9",
}
SITE = {"title": "Saltmere <Courier>", "url": "https://news.example"}
MOST_BYTES = 52_428_800
MOST_NEWS = 1_000


class Clock:
    """A clock that stands still until it is set."""

    now = datetime(2024, 5, 2, 17, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def config(folder: Path, url: str = "sqlite:///newsroom.db") -> Config:
    """The config of a site in a folder."""
    return Config.model_validate({"root": folder, "store": {"url": url}, "site": SITE})


def client_of(newsroom: Newsroom, clock: Clock) -> TestClient:
    """A client of the site's sitemaps, and of nothing else."""
    return TestClient(Starlette(routes=Sitemaps(newsroom, clock).routes))


def sequence_all(newsroom: Newsroom, now: datetime) -> None:
    """Bring the change log up to date."""
    while sequence(newsroom, now):
        pass


@dataclass(frozen=True)
class Listed:
    """One `url` or `sitemap` element; what it does not have is empty."""

    address: str
    changed: str
    images: tuple[str, ...]
    title: str
    language: str
    published: str


@cache
def schema() -> etree.XMLSchema:
    """Our own schema, made from the text of the specifications."""
    return etree.XMLSchema(etree.parse(Path(__file__).parent / "schemas" / "sitemap.xsd"))


def read(data: bytes, host: str = "news.example") -> list[Listed]:
    """What a sitemap, or an index, lists. Fails where it breaks a rule."""
    assert len(data) <= MOST_BYTES
    root = etree.fromstring(data)
    schema().assertValid(root)
    listed = [_listed(element) for element in root]
    assert {urlsplit(one.address).netloc for one in listed} <= {host}, "one host, its own"
    assert sum(bool(one.title) for one in listed) <= MOST_NEWS
    return listed


def crawl(client: TestClient) -> dict[str, list[Listed]]:
    """Everything that the index leads to: part → what it lists, each page in one part only."""
    parts = {}
    for part in read(client.get("/sitemap.xml").content):
        answer = client.get(urlsplit(part.address).path)
        assert answer.status_code == 200, part.address
        parts[urlsplit(part.address).path] = read(answer.content)
        assert parts[urlsplit(part.address).path], "an index names no empty part"
    pages = [one.address for listed in parts.values() for one in listed]
    assert len(pages) == len(set(pages))
    return parts


def _listed(element: etree._Element) -> Listed:
    def text(path: str) -> str:
        return str(element.findtext(path, "", SPACES))

    return Listed(
        address=text("s:loc"),
        changed=text("s:lastmod"),
        images=tuple(one.text or "" for one in element.findall("image:image/image:loc", SPACES)),
        title=text("news:news/news:title"),
        language=text("news:news/news:publication/news:language"),
        published=text("news:news/news:publication_date"),
    )


def slugs(client: TestClient) -> set[str]:
    """The articles that the sitemap lists."""
    found = [one.address for part in crawl(client).values() for one in part]
    prefix = "https://news.example/articles/"
    return {address.removeprefix(prefix) for address in found if address.startswith(prefix)}
