"""Files, folders, JSON, feeds and addresses: what can be used is, what cannot is named."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.config import Ingest
from publisher.errors import FetchError, RejectedError
from publisher.ingest import feed
from publisher.ingest.documents import Document, discover, read_document
from publisher.ingest.fetch import fetch
from publisher.ingest.jsonfile import read as read_json
from publisher.ingest.jsonfile import read_lines
from publisher.ingest.raw import RawArticle

LIMITS = Ingest()
MARKDOWN = "---\ntitle: T\ndate: 2024-05-02\n---\nText\n"
ATOM = b"""<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><id>urn:f</id><title>F</title>
<entry><id>urn:1</id><title>One</title><updated>2024-05-02T08:00:00Z</updated>
<link href="https://f.example/1"/><author><name>Ada</name></author><category term="c"/>
<link rel="enclosure" href="https://f.example/a.mp3" type="audio/mpeg" length="7"/>
<content type="html">&lt;p&gt;Body&lt;/p&gt;</content></entry></feed>"""


def everything(*paths: Path | str, form: str | None = None, limits: Ingest = LIMITS) -> list[Any]:
    found = discover(tuple(map(str, paths)), form, Path())
    return [
        piece
        for one in found
        for piece in (read_document(one, limits) if isinstance(one, Document) else [one])
    ]


def rejected(*paths: Path | str, **more: Any) -> RejectedError:
    (one,) = everything(*paths, **more)
    assert isinstance(one, RejectedError), one
    return one


def test_a_folder_is_read_with_all_below_it_in_a_fixed_order(tmp_path: Path) -> None:
    for name in ("b/two.md", "a/one.md", ".hidden/no.md", "c.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(MARKDOWN)
    (tmp_path / "picture.png").write_bytes(b"x")
    origins = [str(Path(one.origin).relative_to(tmp_path)) for one in everything(tmp_path)]
    assert origins == ["c.md", "picture.png", "a/one.md", "b/two.md"]


def test_a_file_has_the_same_id_however_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.md").write_text(MARKDOWN)
    monkeypatch.chdir(tmp_path / "a")
    ids = {
        piece.external_id
        for path in (tmp_path, tmp_path / "a" / "one.md", "one.md", "../a")
        for one in discover((str(path),), None, tmp_path)
        if isinstance(one, Document)
        for piece in read_document(one, LIMITS)
        if isinstance(piece, RawArticle)
    }
    assert ids == {"a/one.md"}


@pytest.mark.parametrize(
    ("name", "data", "line", "said"),
    [
        ("a.md", b"", 0, "it is empty"),
        ("a.md", b"---\ntitle: T\ndate: 2024-05-02\n---\ncaf\xe9\n", 5, "0xe9 is not UTF-8"),
        ("a.md", b"x" * 2000, 0, "more than the 1,000"),
        ("a.json", b'[\n{"title": "x",\n}]', 3, "not JSON"),
        ("a.json", b'{"title": ', 1, "not JSON"),
        ("a.xml", b"<rss><channel><title>x", 1, "cannot be read"),
        ("a.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><rss/>', 1, "defines XML entities"),
        ("a.txt", b"1 May 2019 In News\n", 1, "has no text"),
        ("a.jsonl", b'{"title": 1}\xff', 1, "not UTF-8"),
    ],
)
def test_an_unusable_file_is_one_reject_with_its_line(
    tmp_path: Path, name: str, data: bytes, line: int, said: str
) -> None:
    (tmp_path / name).write_bytes(data)
    one = rejected(tmp_path / name, limits=Ingest(max_bytes=1000))
    assert said in one.reason
    assert one.line == line
    assert one.origin == str(tmp_path / name)


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "no such file or folder" in rejected(tmp_path / "none").reason


def test_a_format_is_found_out_from_the_content_of_a_text_file(tmp_path: Path) -> None:
    listing = "1 May 2019 In News\n\nText.\n"
    texts = {"l": listing, "m": MARKDOWN, "j": '[{"title": "T", "date": "2024-05-02"}]'}
    for name, text in texts.items():
        (tmp_path / f"{name}.txt").write_text(text)
        (one,) = everything(tmp_path / f"{name}.txt")
        assert isinstance(one, RawArticle)
    (tmp_path / "f.txt").write_bytes(ATOM)
    (one,) = everything(tmp_path / "f.txt")
    assert one.title == "One"


def test_json_articles_stand_in_a_list_or_in_an_object_and_keep_their_lines() -> None:
    items = '[\n {"id": "a", "title": "A", "date": "2024-05-02"},\n 7,\n {"id": "b"}\n]'
    for text in (items, f'{{"site": "x", "articles": {items}}}'):
        one, two, three = read_json(text, "x.json")
        assert isinstance(one, RawArticle)
        assert (one.external_id, one.line) == ("a", 2)
        assert isinstance(two, RejectedError)
        assert two.line == 3
        assert isinstance(three, RawArticle)
        assert three.line == 4


def test_a_broken_line_of_json_lines_is_one_reject_and_the_rest_goes_on() -> None:
    lines = ['{"id": "a"}', "{", "", '{"id": "b", "authors": [{"name": "Ada"}, "Jo"]}']
    one, two, three = read_lines(lines, "x.jsonl")
    assert isinstance(one, RawArticle)
    assert isinstance(two, RejectedError)
    assert two.where == "x.jsonl:2"
    assert isinstance(three, RawArticle)
    assert three.authors == ("Ada", "Jo")


def test_a_feed_gives_its_entries_with_all_they_carry() -> None:
    (one,) = feed.read(ATOM, "x.xml")
    assert isinstance(one, RawArticle)
    assert (one.external_id, one.title, one.url) == ("urn:f#urn:1", "One", "https://f.example/1")
    assert (one.authors, one.tags, one.language) == (("Ada",), ("c",), "en")
    assert one.body == "<p>Body</p>"
    assert (one.media[0].url, one.media[0].size) == ("https://f.example/a.mp3", 7)


def test_a_feed_that_breaks_off_keeps_what_was_read_and_says_where() -> None:
    found = list(feed.read(ATOM.replace(b"</entry></feed>", b"</entry><entry><id>urn:2</i"), "x"))
    assert isinstance(found[0], RawArticle)
    assert isinstance(found[-1], RejectedError)
    assert "breaks off here" in found[-1].reason


def test_a_json_feed_gives_its_items() -> None:
    data = {
        "version": "https://jsonfeed.org/version/1.1",
        "feed_url": "https://f.example/feed.json",
        "items": [{"id": "1", "title": "A", "content_html": "<p>x</p>"}, {"title": "no id"}],
    }
    one, two = feed.read(json.dumps(data).encode(), "x.json")
    assert isinstance(one, RawArticle)
    assert one.external_id == "https://f.example/feed.json#1"
    assert isinstance(two, RejectedError)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_give_articles_or_rejects(tmp_path_factory: Any, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("x.json", "x.jsonl", "x.xml", "x.md", "x.txt"):
        (folder / name).write_bytes(data)
        everything(folder / name)


class Answers(BaseHTTPRequestHandler):
    """A small web server with good and bad manners."""

    def do_GET(self) -> None:
        body, status, headers = ATOM, 200, {}
        if self.path == "/bomb":
            body, headers = gzip.compress(b"\0" * 5_000_000), {"Content-Encoding": "gzip"}
        elif self.path == "/loop":
            status, headers = 302, {"Location": "/loop"}
        elif self.path == "/to-feed":
            status, headers = 301, {"Location": "/feed"}
        elif self.path == "/to-file":
            status, headers = 302, {"Location": "file:///etc/passwd"}
        elif self.path == "/gone":
            status = 410
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


TRUSTED = Ingest(private_addresses=True, max_bytes=1_000_000, fetch_seconds=5)


def test_an_address_is_fetched_and_redirects_are_followed(server: str) -> None:
    assert fetch(f"{server}/to-feed", TRUSTED) == ATOM
    (one,) = everything(f"{server}/feed", limits=TRUSTED)
    assert one.title == "One"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/bomb", "larger than 1,000,000 bytes"),
        ("/loop", "redirects more than"),
        ("/to-file", "not an http or https address"),
        ("/gone", "answered 410"),
    ],
)
def test_a_bad_answer_is_an_error_that_says_why(server: str, path: str, said: str) -> None:
    with pytest.raises(FetchError, match=said):
        fetch(server + path, TRUSTED)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
     "[::ffff:127.0.0.1]", "2130706433", "224.0.0.1", "[fe80::1]"],
)  # fmt: skip
def test_an_address_of_the_local_network_is_refused(host: str) -> None:
    with pytest.raises(FetchError, match=r"local network|cannot be found"):
        fetch(f"http://{host}:9/x", Ingest(fetch_seconds=2))
