"""Feed files are written in one step and served with validators."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from publisher.errors import PublishError
from publisher.syndication.publish import write_if_changed
from publisher.web.feed_files import FeedFiles

DATA = b"<feed/>"


def test_a_file_is_written_once_and_left_alone_while_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "atom.xml"
    assert write_if_changed(path, DATA) is True
    before = path.stat()
    assert write_if_changed(path, DATA) is False
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert write_if_changed(path, b"<feed>new</feed>") is True
    assert path.read_bytes() == b"<feed>new</feed>"


def test_a_full_disk_leaves_the_old_file_whole_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "atom.xml"
    write_if_changed(path, DATA)

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PublishError, match="make room"):
        write_if_changed(path, b"<feed>new</feed>")
    assert [file.name for file in tmp_path.iterdir()] == ["atom.xml"]
    assert path.read_bytes() == DATA


def test_a_path_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file where a folder should be")
    with pytest.raises(PublishError, match="was not written"):
        write_if_changed(tmp_path / "a" / "atom.xml", DATA)


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    write_if_changed(tmp_path / "feeds" / "atom.xml", DATA)
    write_if_changed(tmp_path / "feeds" / "town" / "feed.json", b"{}")
    (tmp_path / "secret.xml").write_bytes(b"secret")
    (tmp_path / "feeds" / ".atom.xml.tmp").write_bytes(b"half")
    return TestClient(FeedFiles(tmp_path / "feeds"))


def test_a_feed_is_served_with_its_type_and_validators(client: TestClient) -> None:
    answer = client.get("/atom.xml")
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["etag"].startswith('"')
    head = client.head("/atom.xml")
    assert head.content == b""
    assert head.headers["content-length"] == str(len(DATA))


def test_a_reader_that_has_it_gets_a_304(client: TestClient) -> None:
    answer = client.get("/atom.xml")
    again = client.get("/atom.xml", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    since = {"if-modified-since": answer.headers["last-modified"]}
    assert client.get("/atom.xml", headers=since).status_code == 304
    other = {"if-none-match": '"other"', **since}
    assert client.get("/atom.xml", headers=other).status_code == 200


def test_a_changed_file_is_served_at_once(client: TestClient, tmp_path: Path) -> None:
    old = client.get("/atom.xml").headers["etag"]
    write_if_changed(tmp_path / "feeds" / "atom.xml", b"<feed>new</feed>")
    answer = client.get("/atom.xml", headers={"if-none-match": old})
    assert (answer.status_code, answer.content) == (200, b"<feed>new</feed>")


@pytest.mark.parametrize(
    "path",
    [
        "/none/atom.xml", "/../secret.xml", "/%2e%2e/secret.xml", "/..%2fsecret.xml",
        "/.atom.xml.tmp", "//atom.xml", "/town//feed.json", "/town/", "/", "/%00/atom.xml",
        "/" + "a" * 5000 + "/atom.xml",
    ],
)  # fmt: skip
def test_nothing_but_feeds_is_served(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert b"secret" not in answer.content


@pytest.mark.parametrize("value", ["", "yesterday", "Thu, 99 Foo 99999 99:99:99 GMT", '"a", W/"b"'])
def test_a_strange_validator_is_answered_with_the_feed(client: TestClient, value: str) -> None:
    for header in ("if-none-match", "if-modified-since"):
        assert client.get("/atom.xml", headers={header: value}).status_code == 200


def test_a_feed_can_only_be_read(client: TestClient) -> None:
    answer = client.post("/atom.xml")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
