"""Several machines that serve feeds: built once, the same bytes and validators on each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from publisher.mirror import Mirror
from publisher.pipeline import build as building
from publisher.pipeline.build import build, syndicate
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.shelf import mirror
from publisher.pipeline.verify import verify
from tests.postgres import Server
from tests.sites import browser, newsroom_at, sql, store, story

Nodes = tuple[Newsroom, Newsroom]
LATER = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
VALIDATORS = ("etag", "last-modified", "content-type", "content-length")


@pytest.fixture
def nodes(postgres_server: Server, tmp_path: Path) -> Iterator[Nodes]:
    """Two machines of one newsroom; the first one also builds."""
    with postgres_server.database() as url, ExitStack() as stack:
        shared = {"cluster": {"feeds": "store"}}
        folders = [tmp_path / "one", tmp_path / "two"]
        for folder in folders:
            folder.mkdir()
        one, two = (stack.enter_context(newsroom_at(f, url, **shared)) for f in folders)
        yield one, two


def files(newsroom: Newsroom) -> dict[str, tuple[bytes, int]]:
    """Every file of a machine's folder: its bytes and its time."""
    root = newsroom.config.path("feeds")
    return {
        str(file.relative_to(root)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in root.rglob("*")
        if file.is_file()
    }


def both(nodes: Nodes) -> dict[str, tuple[bytes, int]]:
    """The files of both machines, which are the same."""
    for node in nodes:
        mirror(node)
    one, two = map(files, nodes)
    assert one.keys() == two.keys()
    assert one == two
    return one


def test_every_machine_has_the_same_bytes_and_times(nodes: Nodes) -> None:
    store(nodes[0], *(story(f"Story {n}") for n in range(60)))
    syndicate(nodes[0], LATER)
    found = both(nodes)
    assert {"atom.xml", "feed.json", "rss.xml.br", "archive/1.xml", "index.opml"} <= found.keys()
    assert not [problem for checked in verify(nodes[1]) for problem in checked]


def test_every_machine_answers_with_the_same_validators(nodes: Nodes) -> None:
    store(nodes[0], story("Ferry"))
    syndicate(nodes[0], LATER)
    mirror(nodes[0])
    time.sleep(1.1)  # the second machine comes to it in another second
    mirror(nodes[1])
    one, two = map(browser, nodes)
    for path in ("/feeds/atom.xml", "/feeds/rss.xml", "/feeds/feed.json", "/feeds/index.html"):
        for coding in ("identity", "gzip", "br"):
            headers = {"accept-encoding": coding}
            first, second = one.get(path, headers=headers), two.get(path, headers=headers)
            assert first.content == second.content
            assert [first.headers[k] for k in VALIDATORS] == [second.headers[k] for k in VALIDATORS]
            known = {"if-none-match": first.headers["etag"], **headers}
            assert two.get(path, headers=known).status_code == 304
            seen = {"if-modified-since": first.headers["last-modified"], **headers}
            assert two.get(path, headers=seen).status_code == 304


def test_whoever_builds_next_changes_nothing_that_is_the_same(nodes: Nodes) -> None:
    store(nodes[0], story("Ferry"))
    syndicate(nodes[0], LATER)
    before = both(nodes)
    assert build(nodes[1], every=True) == []
    assert both(nodes) == before


def test_a_change_reaches_every_machine_with_a_time_of_its_own(nodes: Nodes) -> None:
    store(nodes[0], story("Ferry"))
    syndicate(nodes[0], LATER)
    before = both(nodes)
    store(nodes[1], story("Harbour"), prefix="b")
    syndicate(nodes[1], LATER)
    after = both(nodes)
    assert after["atom.xml"][0] != before["atom.xml"][0]
    assert after["atom.xml"][1] > before["atom.xml"][1]
    assert after["style.css"] == before["style.css"]


def test_what_is_taken_away_is_gone_on_every_machine(nodes: Nodes) -> None:
    store(nodes[0], story("Ferry"))
    syndicate(nodes[0], LATER)
    assert "media-center/atom.xml" in both(nodes)
    sql(nodes[0], "UPDATE category SET path = 'press' WHERE path = 'media-center'")
    sql(nodes[0], "UPDATE category SET path = 'press/coalition-news' WHERE path LIKE 'media-c%'")
    syndicate(nodes[0], LATER)
    found = both(nodes)
    assert "press/atom.xml" in found
    assert "media-center/atom.xml" not in found
    assert browser(nodes[1]).get("/feeds/media-center/atom.xml").status_code == 301


def test_a_machine_that_comes_later_gets_everything(nodes: Nodes) -> None:
    store(nodes[0], story("Ferry"))
    syndicate(nodes[0], LATER)
    store(nodes[0], story("Harbour"), prefix="b")
    syndicate(nodes[0], LATER)
    both(nodes)


def test_two_builders_never_put_an_older_state_over_a_newer_one(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(nodes[0], story("Ferry"))

    def overtaken(*arguments: Any) -> None:
        monkeypatch.undo()
        store(nodes[1], story("Harbour"), prefix="b")
        syndicate(nodes[1], LATER)
        building._note(*arguments)

    monkeypatch.setattr(building, "_note", overtaken)
    syndicate(nodes[0], LATER)
    assert b"Harbour" in both(nodes)["atom.xml"][0]


def test_in_a_common_folder_what_an_older_builder_wrote_last_is_mended(
    postgres_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        postgres_server.database() as url,
        newsroom_at(tmp_path, url) as one,
        newsroom_at(tmp_path, url) as two,
    ):
        store(one, story("Ferry"))
        syndicate(one, LATER)
        old = (tmp_path / "feeds" / "atom.xml").read_bytes()
        store(one, story("Late"), prefix="b")

        def overtaken(*arguments: Any) -> None:
            monkeypatch.undo()
            store(two, story("Harbour"), prefix="c")
            syndicate(two, LATER)
            (tmp_path / "feeds" / "atom.xml").write_bytes(old)
            building._note(*arguments)

        monkeypatch.setattr(building, "_note", overtaken)
        syndicate(one, LATER)
        syndicate(two, LATER)
        assert b"Harbour" in (tmp_path / "feeds" / "atom.xml").read_bytes()


def test_feeds_that_were_built_before_go_into_the_store(
    postgres_server: Server, tmp_path: Path
) -> None:
    (tmp_path / "two").mkdir()
    with postgres_server.database() as url:
        with newsroom_at(tmp_path, url) as alone:
            store(alone, story("Ferry"))
            syndicate(alone, LATER)
        with newsroom_at(tmp_path, url, cluster={"feeds": "store"}) as one:
            syndicate(one, LATER)
            with newsroom_at(tmp_path / "two", url, cluster={"feeds": "store"}) as two:
                both((one, two))


def test_a_running_machine_has_a_change_within_a_second(nodes: Nodes) -> None:
    running = Mirror(nodes[1])
    running.start()
    try:
        store(nodes[0], story("Ferry"))
        syndicate(nodes[0], LATER)
        began = time.monotonic()
        file = nodes[1].config.path("feeds") / "atom.xml"
        while not file.exists():
            assert time.monotonic() - began < 5, "the file did not come"
            time.sleep(0.01)
    finally:
        running.stop()
