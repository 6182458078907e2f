"""From a stored article to feed files: what readers get, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from sqlalchemy import text

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.model import Content, Medium, Source
from publisher.pipeline.build import build, syndicate
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.sequencer import sequence
from publisher.store import articles, feeds

NOW = datetime(2024, 5, 2, 12, 0, tzinfo=UTC)
CONTENT = Content(
    title="Bridge & river: what < changes",
    body='<p>The bridge is open.</p><p dir="rtl" lang="ar">الجسر مفتوح</p>',
    published=NOW - timedelta(hours=2),
    category=("Town", "Roads"),
    language="en",
    summary="The bridge is open again.",
    sources=(Source("Town Hall"), Source("Agencies", "https://agencies.example/")),
    authors=("A. Writer", "B. Writer"),
    tags=("bridges",),
    media=(
        Medium("https://example.org/b.png", "image/png", "The bridge", 1200, 30, 40),
        Medium("https://example.org/talk.mp3", "audio/mpeg", size=99),
    ),
    slug="bridge",
)


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    config = Config.model_validate(
        {
            "root": tmp_path,
            "site": {"title": "News", "url": "https://news.example", "rights": "CC BY 4.0"},
            "store": {"url": store_url},
        }
    )
    with opened(config) as made:
        yield made


def store(newsroom: Newsroom, *contents: Content, prefix: str = "a") -> None:
    site = newsroom.config.site
    with newsroom.store.write() as session:
        writer = articles.Writer(session, site.url, site.zone, NOW)
        for number, content in enumerate(contents):
            writer.add(content, f"{prefix}{number}")


def sql(newsroom: Newsroom, statement: str, **values: object) -> None:
    with newsroom.store.engine.begin() as connection:
        connection.execute(text(statement), values)


def read(newsroom: Newsroom, name: str) -> Any:
    return feedparser.parse((newsroom.config.root / "feeds" / name).read_bytes())


def titles(newsroom: Newsroom, name: str = "atom.xml") -> list[str]:
    return [entry.title for entry in read(newsroom, name).entries]


def test_an_article_is_in_the_feeds_of_its_category_and_all_above_it(newsroom: Newsroom) -> None:
    store(newsroom, CONTENT)
    feeds_of_it = [name for name in syndicate(newsroom, NOW) if name.endswith((".xml", ".json"))]
    assert sorted(feeds_of_it) == sorted(
        f"{folder}{file}"
        for folder in ("", "town/", "town/roads/", "language/en/")
        for file in ("atom.xml", "rss.xml", "feed.json")
    )


@pytest.mark.parametrize("name", ["atom.xml", "rss.xml"])
def test_a_feed_parses_without_a_complaint_and_says_everything(
    newsroom: Newsroom, name: str
) -> None:
    store(newsroom, CONTENT)
    syndicate(newsroom, NOW)
    parsed = read(newsroom, name)
    assert not parsed.bozo
    (entry,) = parsed.entries
    assert entry.id.startswith("tag:news.example,2024-05-02:")
    assert entry.link == "https://news.example/articles/bridge"
    assert "The bridge is open." in entry.content[0].value
    assert 'dir="rtl"' in entry.content[0].value
    assert "Town Hall" in entry.content[0].value
    said = {tag.term for tag in entry.tags}
    assert said == {"bridges"} | (
        {"town", "town/roads"} if name == "atom.xml" else {"Town", "Roads"}
    )
    assert [author.name for author in entry.authors] == ["A. Writer", "B. Writer"]
    assert entry.published_parsed[:5] == (2024, 5, 2, 10, 0)
    assert entry.enclosures[0].href == "https://example.org/b.png"
    assert entry.enclosures[0].length == "1200"


def test_atom_carries_every_enclosure_and_where_the_story_comes_from(newsroom: Newsroom) -> None:
    store(newsroom, CONTENT)
    syndicate(newsroom, NOW)
    (entry,) = read(newsroom, "atom.xml").entries
    links = {(link.rel, link.href) for link in entry.links}
    assert {
        ("alternate", "https://news.example/articles/bridge"),
        ("enclosure", "https://example.org/b.png"),
        ("enclosure", "https://example.org/talk.mp3"),
        ("via", "https://agencies.example/"),
    } <= links


def test_a_title_reads_the_same_in_every_format(newsroom: Newsroom) -> None:
    store(newsroom, CONTENT)
    syndicate(newsroom, NOW)
    root = newsroom.config.root / "feeds"
    assert (
        b'<title type="text">Bridge &amp; river: what &lt; changes</title>'
        in (root / "atom.xml").read_bytes()
    )
    assert (
        b"<title>Bridge &#x26; river: what &#x3C; changes</title>"
        in (root / "rss.xml").read_bytes()
    )
    feed = json.loads((root / "feed.json").read_bytes())
    assert feed["items"][0]["title"] == CONTENT.title
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert len(feed["items"][0]["attachments"]) == 2


def test_the_same_entry_has_the_same_id_in_every_feed_and_format(newsroom: Newsroom) -> None:
    store(newsroom, CONTENT)
    syndicate(newsroom, NOW)
    root = newsroom.config.root / "feeds"
    ids = {
        entry.id
        for name in ("atom.xml", "rss.xml", "town/atom.xml", "town/roads/rss.xml")
        for entry in read(newsroom, name).entries
    }
    ids.add(json.loads((root / "feed.json").read_bytes())["items"][0]["id"])
    assert len(ids) == 1


def test_building_again_writes_nothing(newsroom: Newsroom) -> None:
    store(newsroom, *(replace(CONTENT, title=f"Story {n}", slug=f"s{n}") for n in range(5)))
    syndicate(newsroom, NOW)
    root = newsroom.config.root / "feeds"
    before = {path: path.read_bytes() for path in root.rglob("*.*")}
    assert build(newsroom, every=True) == []
    assert syndicate(newsroom, NOW + timedelta(days=400)) == []
    assert {path: path.read_bytes() for path in root.rglob("*.*")} == before


def test_only_the_feeds_of_a_changed_article_are_written(newsroom: Newsroom) -> None:
    other = replace(CONTENT, category=("Sport",), language="ar", title="Match", slug="match")
    store(newsroom, CONTENT, other)
    syndicate(newsroom, NOW)
    sql(newsroom, "UPDATE article SET title = 'Final' WHERE title = 'Match'")
    written = {name.rpartition("/")[0] for name in syndicate(newsroom, NOW)}
    assert written == {"", "sport", "language/ar"}


def test_an_embargoed_article_appears_at_its_time_and_not_before(newsroom: Newsroom) -> None:
    at = NOW + timedelta(hours=3)
    store(newsroom, replace(CONTENT, title="Later", published=at))
    syndicate(newsroom, NOW)
    build(newsroom, every=True)
    assert titles(newsroom) == []
    assert sequence(newsroom, at - timedelta(seconds=1)) == 0
    syndicate(newsroom, at)
    assert titles(newsroom) == ["Later"]


def test_an_expired_article_leaves_its_feeds(newsroom: Newsroom) -> None:
    end = NOW + timedelta(hours=3)
    store(newsroom, replace(CONTENT, title="Sale", expires=end))
    syndicate(newsroom, NOW)
    assert titles(newsroom) == ["Sale"]
    syndicate(newsroom, end)
    assert titles(newsroom) == []


def test_a_deleted_article_leaves_its_feeds(newsroom: Newsroom) -> None:
    store(newsroom, CONTENT)
    syndicate(newsroom, NOW)
    sql(newsroom, "DELETE FROM article")
    syndicate(newsroom, NOW)
    assert titles(newsroom) == titles(newsroom, "town/roads/atom.xml") == []


def test_an_article_that_moves_leaves_the_old_category(newsroom: Newsroom) -> None:
    store(newsroom, CONTENT, replace(CONTENT, category=("Sport",), slug="x", title="Match"))
    syndicate(newsroom, NOW)
    sql(
        newsroom,
        "UPDATE article SET category_id = (SELECT id FROM category WHERE path = 'sport')"
        " WHERE slug = 'bridge'",
    )
    syndicate(newsroom, NOW)
    assert titles(newsroom, "town/roads/atom.xml") == titles(newsroom, "town/atom.xml") == []
    assert len(titles(newsroom, "sport/atom.xml")) == 2


def test_a_row_by_plain_sql_is_cleaned_before_it_is_published(newsroom: Newsroom) -> None:
    sql(newsroom, "INSERT INTO category (path, title) VALUES ('news', 'News')")
    sql(
        newsroom,
        "INSERT INTO article (title, body, published, category_id, sources) VALUES "
        "('By <b>SQL</b>', '<p onclick=\"x()\">Safe<script>evil()</script></p>', "
        "'2024-05-02 09:00:00', 1, '[\"Agencies\"]')",
    )
    syndicate(newsroom, NOW)
    raw = (newsroom.config.root / "feeds" / "atom.xml").read_bytes()
    assert b"evil" not in raw
    assert b"onclick" not in raw
    (entry,) = read(newsroom, "news/atom.xml").entries
    assert "Safe" in entry.content[0].value
    assert "Agencies" in entry.content[0].value
    assert syndicate(newsroom, NOW) == []


def test_a_dirty_edit_by_plain_sql_is_never_shown(newsroom: Newsroom) -> None:
    store(newsroom, CONTENT)
    syndicate(newsroom, NOW)
    sql(newsroom, "UPDATE article SET body = '<p>New<script>evil()</script></p>'")
    build(newsroom, every=True)  # before the change is sequenced: the feed waits
    raw = (newsroom.config.root / "feeds" / "atom.xml").read_bytes()
    assert b"evil" not in raw
    assert b"The bridge is open." in raw
    syndicate(newsroom, NOW)
    raw = (newsroom.config.root / "feeds" / "atom.xml").read_bytes()
    assert b"evil" not in raw
    assert b"New" in raw


def test_an_article_that_cannot_be_understood_is_set_aside_and_the_others_go_on(
    newsroom: Newsroom,
) -> None:
    store(newsroom, CONTENT, replace(CONTENT, title="Good", slug="good"))
    syndicate(newsroom, NOW)
    sql(newsroom, "UPDATE article SET sources = '[7]' WHERE slug = 'bridge'")
    syndicate(newsroom, NOW)
    assert titles(newsroom) == ["Good"]
    with newsroom.store.read() as session:
        (aside,) = articles.all_set_aside(session)
        assert "sources" in aside.reason
    sql(newsroom, "UPDATE article SET sources = '[]' WHERE slug = 'bridge'")
    syndicate(newsroom, NOW)
    assert len(titles(newsroom)) == 2
    with newsroom.store.read() as session:
        assert articles.all_set_aside(session) == []


def test_updated_moves_with_a_correction_only(newsroom: Newsroom) -> None:
    store(newsroom, CONTENT)
    syndicate(newsroom, NOW)
    change: Callable[..., None] = lambda content, significant: _replace(  # noqa: E731
        newsroom, content, significant
    )
    change(replace(CONTENT, body="<p>The bridge is opened.</p>"), False)
    syndicate(newsroom, NOW)
    (entry,) = read(newsroom, "atom.xml").entries
    assert entry.updated_parsed[:5] == (2024, 5, 2, 10, 0)
    assert "opened" in entry.content[0].value
    change(replace(CONTENT, correction="The bridge opens at noon."), True)
    syndicate(newsroom, NOW)
    (entry,) = read(newsroom, "atom.xml").entries
    assert entry.updated_parsed[:5] == (2024, 5, 2, 12, 0)
    assert "opens at noon" in entry.content[0].value


def _replace(newsroom: Newsroom, content: Content, significant: bool) -> None:
    site = newsroom.config.site
    with newsroom.store.write() as session:
        writer = articles.Writer(session, site.url, site.zone, NOW)
        article = articles.known(session, ["a0"])["a0"]
        writer.replace(article, content, significant=significant)


def test_other_kinds_of_feed_are_published_where_the_config_asks(newsroom: Newsroom) -> None:
    store(newsroom, CONTENT)
    syndicate(newsroom, NOW)
    more = newsroom.config.feeds.model_copy(
        update={"kinds": ("everything", "tag", "author", "source"), "formats": ("atom",)}
    )
    config = newsroom.config.model_copy(update={"feeds": more})
    written = build(replace(newsroom, config=config), every=True)
    assert set(written) >= {
        "tag/bridges/atom.xml", "author/a-writer/atom.xml", "source/agencies/atom.xml",
    }  # fmt: skip


def test_a_feed_that_cannot_be_written_is_written_later(newsroom: Newsroom) -> None:
    from publisher.errors import PublishError

    root = newsroom.config.root / "feeds"
    root.mkdir(exist_ok=True)
    (root / "town").write_text("in the way")
    store(newsroom, CONTENT)
    with pytest.raises(PublishError, match="was not written"):
        syndicate(newsroom, NOW)
    (root / "town").unlink()
    syndicate(newsroom, NOW)
    assert titles(newsroom, "town/roads/atom.xml") == [
        entry.title for entry in read(newsroom, "atom.xml").entries
    ]
    with newsroom.store.read() as session:
        assert feeds.stale(session, newsroom.config.feeds.kinds) == []
