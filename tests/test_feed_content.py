"""What a feed carries: of itself, and full texts or summaries as the site wishes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import feedparser
import pytest

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.errors import ConfigError
from publisher.model import Content
from publisher.pipeline.build import build, syndicate
from publisher.pipeline.newsroom import Newsroom
from tests.feed_readers import FeedRecord, read_atom, read_json, read_rss
from tests.test_publishing import CONTENT, NOW, sql, store

Feeds = dict[str, Any]
READ: dict[str, Callable[[bytes], FeedRecord]] = {
    "atom.xml": read_atom,
    "rss.xml": read_rss,
    "feed.json": read_json,
}
LONG = "The bridge is open."
NOTE = "It opens at <ten>, not at nine."


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with opened(site(tmp_path)) as made:
        yield made


def site(folder: Path, **sections: Any) -> Config:
    own = {"title": "News", "url": "https://news.example", **sections.pop("site", {})}
    return Config.model_validate({"root": folder, "site": own, **sections})


def under(newsroom: Newsroom, **feeds: Any) -> Newsroom:
    """The same newsroom with other settings of its feeds."""
    changed = newsroom.config.feeds.model_validate(feeds)
    return replace(newsroom, config=newsroom.config.model_copy(update={"feeds": changed}))


def record(newsroom: Newsroom, path: str) -> FeedRecord:
    data = (newsroom.config.root / "feeds" / path).read_bytes()
    return READ[path.rpartition("/")[2]](data)


def is_full(newsroom: Newsroom, folder: str) -> bool:
    """Whether all documents of a feed carry full texts; fails where they differ."""
    (full,) = {LONG in record(newsroom, f"{folder}{name}").entries[0].content for name in READ}
    return full


def test_feeds_carry_full_texts_unless_the_config_says_otherwise(newsroom: Newsroom) -> None:
    store(newsroom, replace(CONTENT, summary="Short."))
    syndicate(newsroom, NOW)
    assert is_full(newsroom, "")
    build(under(newsroom, content="summary"), every=True)
    assert not is_full(newsroom, "")


def test_a_feed_that_is_named_carries_the_other_of_the_two(newsroom: Newsroom) -> None:
    store(newsroom, replace(CONTENT, summary="Short."))
    syndicate(newsroom, NOW)
    exceptions = ["/town/", "language/en"]
    build(under(newsroom, content_exceptions=exceptions), every=True)
    found = {name: is_full(newsroom, name) for name in ("", "town/", "town/roads/", "language/en/")}
    assert found == {"": True, "town/": False, "town/roads/": True, "language/en/": False}
    build(under(newsroom, content="summary", content_exceptions=["/"]), every=True)
    found = {name: is_full(newsroom, name) for name in found}
    assert found == {"": True, "town/": False, "town/roads/": False, "language/en/": False}


@pytest.mark.parametrize("wrong", ["", "a//b", "https://news.example/feeds/town/", "a b"])
def test_what_is_no_folder_of_a_feed_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a feed's folder"):
        Config.model_validate({"feeds": {"content_exceptions": [wrong]}})


def test_an_archive_stays_as_it_was_written_whatever_is_set_later(newsroom: Newsroom) -> None:
    store(newsroom, *(replace(CONTENT, title=f"Story {n}", slug=f"s{n}") for n in range(60)))
    syndicate(newsroom, NOW)
    archive = newsroom.config.root / "feeds" / "archive" / "1.xml"
    before = archive.read_bytes()
    assert LONG.encode() in before
    archive.unlink()
    build(under(newsroom, content="summary"), every=True)
    assert archive.read_bytes() == before
    assert not is_full(newsroom, "")


@pytest.mark.parametrize("content", ["full", "summary"])
def test_a_correction_reaches_readers_in_every_format(newsroom: Newsroom, content: str) -> None:
    newsroom = under(newsroom, content=content)
    store(newsroom, replace(CONTENT, correction=NOTE, summary="Short."))
    syndicate(newsroom, NOW)
    for name in READ:
        (entry,) = record(newsroom, name).entries
        assert "Correction:</strong> It opens at &lt;ten&gt;, not at nine." in entry.content
        assert entry.correction == NOTE
        assert '(Source: Town Hall + <a href="https://agencies.example/">' in entry.content


def test_a_summary_keeps_its_language_and_direction(newsroom: Newsroom) -> None:
    newsroom = under(newsroom, content="summary")
    store(newsroom, Content("جسر", "<p>نص</p>", NOW, ("News",), "ar", summary="ملخص"))
    syndicate(newsroom, NOW)
    for name in READ:
        (entry,) = record(newsroom, name).entries
        assert entry.language == "ar"
        assert entry.content.startswith('<div class="article" lang="ar" dir="rtl">\n<p>ملخص</p>')


def test_a_summary_that_looks_like_markup_is_shown_as_it_is(newsroom: Newsroom) -> None:
    store(newsroom, replace(CONTENT, summary="a <b and c & d &copy"))
    syndicate(newsroom, NOW)
    assert {record(newsroom, name).entries[0].summary for name in READ} == {"a <b and c & d &copy"}
    rss = (newsroom.config.root / "feeds" / "rss.xml").read_bytes()
    assert feedparser.parse(rss).entries[0].summary == "a &lt;b and c &amp; d &amp;copy"


SAID = {
    "title": "News",
    "rights": "© News & others",
    "license": "https://license.example/by/4.0/",
    "icon": "https://news.example/icon.png",
    "logo": "https://news.example/logo.png?size=2&x=1",
}


@pytest.mark.parametrize("name", READ)
def test_a_feed_says_who_publishes_it_under_which_licence_and_by_which_hubs(
    tmp_path: Path, name: str
) -> None:
    websub = {"own": True, "hubs": ["https://hub.example/?a=1&b=2"]}
    with opened(site(tmp_path, site=SAID, websub=websub)) as newsroom:
        store(newsroom, CONTENT)
        syndicate(newsroom, NOW)
        said = record(newsroom, name)
    assert {key: getattr(said, key) for key in SAID} == SAID
    assert said.hubs == ("https://news.example/hub", "https://hub.example/?a=1&b=2")
    assert said.address == f"https://news.example/feeds/{name}"
    assert (said.page, said.publisher) == ("https://news.example/", "News")


def test_an_archive_names_no_hub(tmp_path: Path) -> None:
    with opened(site(tmp_path, websub={"own": True})) as newsroom:
        store(newsroom, *(replace(CONTENT, title=f"Story {n}", slug=f"s{n}") for n in range(50)))
        syndicate(newsroom, NOW)
    assert b'rel="hub"' in (tmp_path / "feeds" / "atom.xml").read_bytes()
    assert b'rel="hub"' not in (tmp_path / "feeds" / "archive" / "1.xml").read_bytes()


def test_an_address_in_the_config_is_kept_to_the_letter_and_must_be_one(tmp_path: Path) -> None:
    from publisher.config import parse

    for value in ("logo.png", "//news.example/logo.png", "ftp://x.example/", "https://a b/"):
        with pytest.raises(ConfigError, match="not an address"):
            parse({"site": {"logo": value}}, {}, root=tmp_path, name="config.toml")
        with pytest.raises(ConfigError, match="not an address"):
            parse({"websub": {"hubs": [value]}}, {}, root=tmp_path, name="config.toml")
    with pytest.raises(ConfigError, match="must not be empty"):
        parse({"site": {"title": " "}}, {}, root=tmp_path, name="config.toml")


def test_two_pictures_with_the_same_words_are_not_taken_for_one(newsroom: Newsroom) -> None:
    twins = tuple(replace(CONTENT.media[0], url=f"https://a.example/{n}.png") for n in (1, 2))
    store(newsroom, replace(CONTENT, media=twins))
    syndicate(newsroom, NOW)
    feed = json.loads((newsroom.config.root / "feeds" / "feed.json").read_bytes())
    first, second = feed["items"][0]["attachments"]
    assert "title" not in first
    assert first["_publisher"]["alt"] == second["_publisher"]["alt"] == "The bridge"


def test_media_that_another_program_wrote_wrongly_set_the_article_aside_alone(
    newsroom: Newsroom,
) -> None:
    store(newsroom, CONTENT, replace(CONTENT, title="Good", slug="good"))
    for media in ('[{"url": "https://a.example/", "size": "big"}]', '[{"url": 7}]', "[[]]"):
        sql(newsroom, "UPDATE article SET media = :media WHERE slug = 'bridge'", media=media)
        syndicate(newsroom, NOW)
        assert [one.title for one in record(newsroom, "rss.xml").entries] == ["Good"]
    sql(
        newsroom,
        "UPDATE article SET media = :media WHERE slug = 'bridge'",
        media='[{"url": "https://a.example/x", "alt": null, "type": "nonsense"}]',
    )
    syndicate(newsroom, NOW)
    assert len(record(newsroom, "rss.xml").entries) == 2
