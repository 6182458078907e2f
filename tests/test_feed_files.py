"""Feed files are written in one step and served with validators."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from publisher.errors import PublishError
from publisher.syndication.publish import publish, write_if_changed
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


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.web.feed_documents.LOOK_SECONDS", 0.0)


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


@pytest.mark.parametrize(
    ("asked", "coding"),
    [
        ("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip;q=0.5", "gzip"), ("identity", None),
        ("", None), ("GZIP", "gzip"), ("gzip;q=0", None), ("zstd", None),
    ],
)  # fmt: skip
def test_a_reader_gets_the_smallest_form_that_it_takes(
    tmp_path: Path, asked: str, coding: str | None
) -> None:
    data = b"<feed>" + b"word " * 5000 + b"</feed>"
    publish(tmp_path / "atom.xml", data)
    client = TestClient(FeedFiles(tmp_path))
    answer = client.get("/atom.xml", headers={"accept-encoding": asked})
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.content == data
    assert (int(answer.headers["content-length"]) < 1000) == (coding is not None)
    tags = {
        client.get("/atom.xml", headers={"accept-encoding": one}).headers["etag"]
        for one in ("br", "gzip", "identity")
    }
    assert len(tags) == 3, "each form has a validator of its own"


def test_a_compressed_form_from_before_the_last_change_is_not_served(tmp_path: Path) -> None:
    publish(tmp_path / "atom.xml", DATA)
    old = {name: (tmp_path / name).read_bytes() for name in ("atom.xml.br", "atom.xml.gz")}
    write_if_changed(tmp_path / "atom.xml", b"<feed>new</feed>")
    client = TestClient(FeedFiles(tmp_path))
    assert client.get("/atom.xml").content == b"<feed>new</feed>"
    assert publish(tmp_path / "atom.xml", b"<feed>new</feed>") is False
    assert client.get("/atom.xml").headers["content-encoding"] == "br"
    assert all((tmp_path / name).read_bytes() != data for name, data in old.items())


def test_an_archive_may_be_kept_for_ever(tmp_path: Path) -> None:
    publish(tmp_path / "town" / "archive" / "1.xml", DATA)
    client = TestClient(FeedFiles(tmp_path))
    answer = client.get("/town/archive/1.xml")
    assert answer.content == DATA
    assert "immutable" in answer.headers["cache-control"]
    for path in ("/town/archive/0.xml", "/town/archive/x.xml", "/town/1.xml"):
        assert client.get(path).status_code == 404


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
