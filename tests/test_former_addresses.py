"""What was renamed leads on, what was removed says so, and no reader gets anything twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from starlette.testclient import TestClient

from publisher.bootstrap import opened
from publisher.cli import main
from publisher.config import Config
from publisher.ingest.raw import RawArticle
from publisher.model import Feed
from publisher.pipeline.build import build, syndicate
from publisher.pipeline.intake import take_in
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.verify import verify
from publisher.store import addresses, categories
from publisher.store.addresses import Former
from publisher.syndication.read_back import read_back, state_after
from publisher.web.feed_files import FeedFiles
from tests.test_change_log import CONTENT, NOW, sql
from tests.test_publishing import store


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.web.feed_documents.LOOK_SECONDS", 0.0)


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    site = {"url": "https://news.example"}
    config = {"root": tmp_path, "store": {"url": store_url}, "site": site}
    with opened(Config.model_validate(config)) as made:
        many = [replace(CONTENT, title=f"Story {n}", slug=f"s{n}") for n in range(60)]
        store(made, *many)
        syndicate(made, NOW)
        yield made


@pytest.fixture
def client(newsroom: Newsroom) -> TestClient:
    files = FeedFiles(newsroom.config.root / "feeds", "/feeds")
    return TestClient(files, follow_redirects=False)


def rename(newsroom: Newsroom, path: str, title: str, new: str) -> None:
    with newsroom.store.write() as session:
        one = categories.at(session, path)
        assert one is not None
        categories.rename(session, one, title, new)


def at(newsroom: Newsroom, name: str) -> Path:
    return newsroom.config.root / "feeds" / name


def problems(newsroom: Newsroom) -> list[str]:
    return [f"{one.file}: {one.reason}" for found in verify(newsroom) for one in found]


def test_a_renamed_category_keeps_its_feed_and_leads_to_it(
    newsroom: Newsroom, client: TestClient
) -> None:
    before = read_back(at(newsroom, "town/roads/atom.xml").read_bytes())
    archive = at(newsroom, "town/archive/1.xml").read_bytes()
    rename(newsroom, "town", "City", "city")
    syndicate(newsroom, NOW)
    for old, new in (
        ("town/atom.xml", "city/atom.xml"),
        ("town/rss.xml", "city/rss.xml"),
        ("town/roads/feed.json", "city/roads/feed.json"),
        ("town/archive/1.xml", "city/archive/1.xml"),
        ("town/", "city/"),
    ):
        answer = client.get(f"/feeds/{old}")
        assert (answer.status_code, answer.headers["location"]) == (301, f"/feeds/{new}"), old
        assert answer.headers["access-control-allow-origin"] == "*"
        assert client.get(f"/feeds/{new}").status_code == 200
    assert client.get("/feeds/city/archive/1.xml").content == archive, "archives are for ever"
    after = read_back(at(newsroom, "city/roads/atom.xml").read_bytes())
    assert after.entries.keys() >= before.entries.keys(), "nobody's entries are called gone"
    assert after.gone == ()
    assert not at(newsroom, "town").exists()
    assert problems(newsroom) == []
    assert "town/" not in at(newsroom, "index.opml").read_text()


def test_a_feed_keeps_its_id_whatever_its_category_is_called(newsroom: Newsroom) -> None:
    def ids() -> set[bytes]:
        files = at(newsroom, "").rglob("atom.xml")
        return {file.read_bytes().split(b"<id>")[1].split(b"<")[0] for file in files}

    before = ids()
    rename(newsroom, "town", "City", "city")
    syndicate(newsroom, NOW)
    assert ids() == before
    store(newsroom, replace(CONTENT, category=("Town",), title="New town", slug="new"), prefix="b")
    syndicate(newsroom, NOW)
    assert len(ids()) == len(before) + 1, "a new category at the old path is another feed"


def test_a_category_may_be_renamed_again_and_back(newsroom: Newsroom, client: TestClient) -> None:
    for title, path in (("City", "city"), ("Port", "port")):
        with newsroom.store.read() as session:
            here = next(one.path for one, _ in categories.counted(session) if "/" not in one.path)
        rename(newsroom, here, title, path)
        syndicate(newsroom, NOW)
    for old in ("town", "city"):
        answer = client.get(f"/feeds/{old}/atom.xml")
        assert answer.headers["location"] == "/feeds/port/atom.xml"
    rename(newsroom, "port", "Town", "town")
    syndicate(newsroom, NOW)
    assert client.get("/feeds/town/atom.xml").status_code == 200
    assert client.get("/feeds/port/atom.xml").headers["location"] == "/feeds/town/atom.xml"
    assert problems(newsroom) == []


def test_two_categories_may_change_places(newsroom: Newsroom) -> None:
    store(newsroom, replace(CONTENT, category=("Sport",), title="Match", slug="m"), prefix="b")
    syndicate(newsroom, NOW)
    with newsroom.store.read() as session:
        uids = {feed.key: feed.uid for feed in session.query(Feed).filter_by(kind="category")}
    rename(newsroom, "sport", "Sport", "elsewhere")
    rename(newsroom, "town", "Town", "sport")
    rename(newsroom, "elsewhere", "Sport", "town")
    syndicate(newsroom, NOW)
    with newsroom.store.read() as session:
        now = {feed.key: feed.uid for feed in session.query(Feed).filter_by(kind="category")}
    assert now == {
        "sport": uids["town"], "sport/roads": uids["town/roads"], "town": uids["sport"],
    }  # fmt: skip
    assert problems(newsroom) == []


def test_what_joins_a_category_that_has_news_is_an_addition_there(
    newsroom: Newsroom, client: TestClient
) -> None:
    """A category's row may be missing where another program wrote only what is below it."""
    sql(newsroom, "INSERT INTO category (path, title) VALUES ('port/cargo', 'Cargo')")
    sql(
        newsroom,
        "INSERT INTO article (title, body, published, category_id) SELECT 'Crane', '<p>Up</p>', "
        "'2024-05-02 09:00:00', id FROM category WHERE path = 'port/cargo'",
    )
    syndicate(newsroom, NOW)
    archive = at(newsroom, "town/archive/1.xml").read_bytes()
    rename(newsroom, "town", "Port", "port")
    syndicate(newsroom, NOW)
    files = [*sorted(at(newsroom, "port/archive").glob("*.xml")), at(newsroom, "port/atom.xml")]
    assert len(state_after([read_back(file.read_bytes()) for file in files])) == 61
    assert client.get("/feeds/town/rss.xml").headers["location"] == "/feeds/port/rss.xml"
    assert client.get("/feeds/town/archive/1.xml").content == archive, "no other archive goes on"
    assert problems(newsroom) == []


def test_a_removed_category_says_that_it_is_gone(newsroom: Newsroom, client: TestClient) -> None:
    sql(newsroom, "DELETE FROM article")
    sql(newsroom, "DELETE FROM category WHERE path = 'town/roads'")
    syndicate(newsroom, NOW)
    for path in ("atom.xml", "rss.xml", "feed.json", "archive/1.xml", ""):
        answer = client.get(f"/feeds/town/roads/{path}")
        assert answer.status_code == 410, path
        assert answer.headers["access-control-allow-origin"] == "*"
    assert client.get("/feeds/town/atom.xml").status_code == 200, "empty, but there"
    assert client.get("/feeds/never/atom.xml").status_code == 404
    store(newsroom, replace(CONTENT, slug="again"), prefix="b")
    syndicate(newsroom, NOW)
    assert client.get("/feeds/town/roads/atom.xml").status_code == 200
    assert problems(newsroom) == []


def test_an_article_is_found_by_every_slug_it_has_had(newsroom: Newsroom) -> None:
    for slug in ("first", "second", "s0", "third"):
        sql(newsroom, f"UPDATE article SET slug = '{slug}' WHERE id = 1")
    sql(newsroom, "DELETE FROM article WHERE id = 2")
    with newsroom.store.read() as session:
        for slug in ("first", "second", "s0"):
            assert addresses.former_article(session, slug) == Former("third")
        assert addresses.former_article(session, "s1") == Former(None)
        assert addresses.former_article(session, "never") is None


def test_a_former_path_of_a_category_is_found(newsroom: Newsroom) -> None:
    rename(newsroom, "town", "City", "city")
    with newsroom.store.read() as session:
        assert addresses.former_category(session, "town/roads") == Former("city/roads")
        assert addresses.former_category(session, "never") is None


def test_an_import_follows_a_rename(newsroom: Newsroom) -> None:
    rename(newsroom, "town", "City", "city")
    raw = RawArticle("a.md", 1, "later", "<p>x</p>", "Later", category=("Town", "Roads"),
                     published=NOW)  # fmt: skip
    for _ in take_in(newsroom, [raw], NOW):
        pass
    with newsroom.store.read() as session:
        assert {one.path: n for one, n in categories.counted(session)} == {
            "city": 0, "city/roads": 61,
        }  # fmt: skip


def test_a_path_that_is_not_made_of_the_title_is_found_by_imports_too(newsroom: Newsroom) -> None:
    rename(newsroom, "town", "Our fair town", "t")
    raw = RawArticle("a.md", 1, "later", "<p>x</p>", "Later", category=("Our fair town", "Roads"),
                     published=NOW)  # fmt: skip
    for _ in take_in(newsroom, [raw], NOW):
        pass
    with newsroom.store.read() as session:
        assert {one.path: n for one, n in categories.counted(session)} == {"t": 0, "t/roads": 61}


@pytest.mark.parametrize("path", ["../up", "a//b", "/a", "feeds", "a/archive", 'a"b', "a b", ""])
def test_a_path_that_cannot_be_an_address_is_set_aside(newsroom: Newsroom, path: str) -> None:
    sql(newsroom, "INSERT INTO category (path, title) VALUES (:path, 'Odd')", path=path)
    sql(
        newsroom,
        "INSERT INTO article (title, body, published, category_id) SELECT 'Odd', '<p>x</p>', "
        "'2024-05-02 09:00:00', id FROM category WHERE title = 'Odd'",
    )
    syndicate(newsroom, NOW)
    assert problems(newsroom) == []
    assert not (newsroom.config.root / "up").exists()
    with newsroom.store.read() as session:
        (row,) = session.execute(text("SELECT reason FROM set_aside")).all()
    assert "cannot be an address" in row[0]


def test_a_category_without_its_parents_has_their_slugs_for_titles(newsroom: Newsroom) -> None:
    sql(newsroom, "INSERT INTO category (path, title) VALUES ('media-center/news', 'News')")
    sql(
        newsroom,
        "INSERT INTO article (title, body, published, category_id) SELECT 'X', '<p>x</p>', "
        "'2024-05-02 09:00:00', id FROM category WHERE path = 'media-center/news'",
    )
    syndicate(newsroom, NOW)
    assert b"Media center" in at(newsroom, "media-center/news/rss.xml").read_bytes()


def test_what_the_config_ceases_to_publish_is_taken_away(newsroom: Newsroom) -> None:
    fewer = newsroom.config.feeds.model_copy(
        update={"kinds": ("everything", "category"), "formats": ("atom", "rss")}
    )
    config = newsroom.config.model_copy(update={"feeds": fewer})
    (at(newsroom, "town") / "own.txt").write_text("somebody's own file")
    build(replace(newsroom, config=config), every=True)
    assert not at(newsroom, "language").exists()
    assert sorted(file.name for file in at(newsroom, "town").glob("*.*")) == [
        "atom.xml", "atom.xml.br", "atom.xml.gz", "index.html", "index.html.br", "index.html.gz",
        "own.txt", "rss.xml", "rss.xml.br", "rss.xml.gz",
    ]  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    assert CliRunner().invoke(main, ["init", str(folder)]).exit_code == 0
    (folder / "a.json").write_text(
        '[{"title": "A", "body": "x", "published": "2024-05-02", "category": "Town › Roads"}]'
    )
    assert run(folder, "import", str(folder / "a.json"))[0] == 0
    return folder


def run(site: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["--config", str(site / "config.toml"), *arguments])
    return result.exit_code, result.output


def test_the_commands_list_rename_and_remove(site: Path) -> None:
    assert run(site, "category", "list") == (
        0, "town  Town (0 articles)\ntown/roads  Town › Roads (1 article)\n",
    )  # fmt: skip
    code, said = run(site, "category", "rename", "town", "Old Town")
    assert (code, said.splitlines()[:2]) == (0, ["town → old-town", "town/roads → old-town/roads"])
    assert "holds 1 article" in run(site, "category", "remove", "old-town/roads")[1]
    assert "is below it" in run(site, "category", "remove", "old-town")[1]
    assert "no category 'x'" in run(site, "category", "remove", "x")[1]
    assert (
        "cannot be a path" in run(site, "category", "rename", "old-town", "X", "--path", "a b")[1]
    )
    code, said = run(site, "category", "rename", "old-town/roads", "X", "--path", "old-town")
    assert (code, "already" in said) == (2, True)
