"""The folder feeds/ alone is complete: nginx and Caddy serve it as our own server does."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import Message
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import pytest

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.pipeline.build import syndicate
from publisher.store import categories
from tests import partner as partners
from tests.conftest import REPOSITORY
from tests.test_change_log import CONTENT, NOW, sql
from tests.test_publishing import store

BROTLI_MODULE = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
Answer = tuple[int, Message, bytes]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def nginx(folder: Path, port: int, name: str = "nginx.conf", behind: str = "") -> list[str]:
    """The command that runs nginx with the deployed file, and nothing else of this machine."""
    text = _placed(name, folder, port, behind)
    module = f"load_module {BROTLI_MODULE};\n" if BROTLI_MODULE.exists() else ""
    if not module:
        text = text.replace("brotli_static on;", "")
    temporary = " ".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"{module}daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n{text}\n}}\n"
    )
    command = ["nginx", "-p", str(folder), "-c", str(config)]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    return command


def caddy(folder: Path, port: int, name: str = "Caddyfile", behind: str = "") -> list[str]:
    """The same for Caddy."""
    text = _placed(name, folder, port, behind)
    config = folder / "Caddyfile"
    config.write_text("{\n\tadmin off\n}\n" + text)
    arguments = ["--config", str(config), "--adapter", "caddyfile"]
    subprocess.run(["caddy", "validate", *arguments], check=True, capture_output=True)
    return ["caddy", "run", *arguments]


def _placed(name: str, folder: Path, port: int, behind: str) -> str:
    """A deployed file for this folder and port, and for our own server `behind` it."""
    text = (REPOSITORY / "deploy" / name).read_text().replace("/srv/newsroom", str(folder))
    text = text.replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    return text.replace("127.0.0.1:8000", behind) if behind else text


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "caddy"])
def address(
    request: pytest.FixtureRequest, tmp_path: Path, missing: Callable[[str], NoReturn]
) -> Iterator[str]:
    make = request.param
    if shutil.which(make.__name__) is None:
        missing(f"{make.__name__} is not installed")
    publish(tmp_path)
    with serving(make, tmp_path) as running:
        yield running


def publish(folder: Path) -> None:
    """Feeds in a site's folder, with some that were renamed and one that has ended."""
    with opened(Config.model_validate({"root": folder})) as newsroom:
        many = [replace(CONTENT, title=f"Story {n}", slug=f"s{n}") for n in range(60)]
        store(newsroom, *many, replace(CONTENT, slug="old", category=("Fête", "Old")))
        store(newsroom, replace(CONTENT, slug="end", category=("End",)), prefix="b")
        syndicate(newsroom, NOW)
        with newsroom.store.write() as session:
            fair = categories.at(session, "fete") or categories.at(session, "fête")
            assert fair is not None
            categories.rename(session, fair, "Fair", "fair")
        sql(newsroom, "DELETE FROM article WHERE slug = 'end'")
        sql(newsroom, "DELETE FROM category WHERE path = 'end'")
        syndicate(newsroom, NOW)
    (folder / "feeds" / ".hidden.xml").write_text("secret")
    folder.chmod(0o755)


@contextlib.contextmanager
def serving(make: Callable[[Path, int], list[str]], folder: Path) -> Iterator[str]:
    """The address of a web server on a site's folder, inside the block."""
    port = free_port()
    process = subprocess.Popen(
        make(folder, port), stderr=subprocess.DEVNULL, env={"HOME": str(folder), "PATH": PATH}
    )
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def get(address: str, method: str = "GET", *, follow: bool = True, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(address, headers=named, method=method)
    opener = urllib.request.build_opener(*([] if follow else [_Stay]))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_a_web_server_serves_feeds_as_ours_does(address: str, tmp_path: Path) -> None:
    for path, media_type in (
        ("atom.xml", "application/atom+xml; charset=utf-8"),
        ("town/rss.xml", "application/rss+xml; charset=utf-8"),
        ("town/roads/feed.json", "application/feed+json; charset=utf-8"),
        ("archive/1.xml", "application/atom+xml; charset=utf-8"),
        ("index.opml", "text/x-opml; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("town/", "text/html; charset=utf-8"),
    ):
        status, headers, body = get(f"{address}/feeds/{path}")
        assert status == 200
        assert headers["Content-Type"] == media_type
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        wanted = "immutable" if "archive" in path else "stale-while-revalidate=300"
        assert wanted in headers["Cache-Control"]
        name = f"{path}index.html" if path.endswith("/") else path
        assert body == (tmp_path / "feeds" / name).read_bytes()


def test_a_web_server_sends_what_was_compressed_and_304(address: str, tmp_path: Path) -> None:
    status, headers, body = get(f"{address}/feeds/atom.xml", Accept_Encoding="gzip")
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert body == (tmp_path / "feeds" / "atom.xml.gz").read_bytes()
    assert "accept-encoding" in headers["Vary"].lower()
    etag = headers["ETag"]
    again = get(f"{address}/feeds/atom.xml", Accept_Encoding="gzip", If_None_Match=etag)
    assert (again[0], again[2]) == (304, b"")
    assert again[1]["Access-Control-Allow-Origin"] == "*"


def test_a_web_server_leads_on_from_what_was_renamed_and_ends_what_was_removed(
    address: str,
) -> None:
    for name in ("atom.xml", "archive/1.xml", ""):
        status, headers, _ = get(f"{address}/feeds/{quote('fête/old')}/{name}", follow=False)
        assert (status, headers["Location"]) == (301, f"/feeds/fair/old/{name}")
        assert headers["Access-Control-Allow-Origin"] == "*"
    assert get(f"{address}/feeds/{quote('fête/old')}/rss.xml")[0] == 200
    status, headers, _ = get(f"{address}/feeds/end/rss.xml")
    assert (status, headers["Access-Control-Allow-Origin"]) == (410, "*")


def test_a_web_server_shows_nothing_else(address: str) -> None:
    for path in (
        "feeds/.hidden.xml",
        "feeds/.former.json",
        "feeds/atom.xml.gz",
        "newsroom.db",
        "config.toml",
        "feeds/x",
    ):
        assert get(f"{address}/{path}")[0] == 404, path
    assert get(f"{address}/feeds/atom.xml", method="POST")[0] in (403, 405)


@pytest.mark.parametrize("make", [nginx, caddy])
def test_a_web_server_names_the_hub_where_that_is_switched_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    missing: Callable[[str], NoReturn],
    make: Callable[[Path, int], list[str]],
) -> None:
    if shutil.which(make.__name__) is None:
        missing(f"{make.__name__} is not installed")
    for name in ("feeds/atom.xml", "feeds/town/feed.json", "feeds/index.opml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    tmp_path.chmod(0o755)
    with contextlib.ExitStack() as stack:
        publisher = stack.enter_context(partners.partner())
        (tmp_path / "deploy").mkdir()
        for name in ("nginx.conf", "Caddyfile"):
            file = REPOSITORY / "deploy" / name
            text = file.read_text().replace("#: ", "")
            text = text.replace("127.0.0.1:8000", publisher.address.removeprefix("http://"))
            (tmp_path / "deploy" / file.name).write_text(text)
        monkeypatch.setattr("tests.test_deploy.REPOSITORY", tmp_path)
        address = stack.enter_context(serving(make, tmp_path))
        for path in ("town/feed.json", "atom.xml"):
            assert get(f"{address}/feeds/{path}")[1]["Link"] == (
                '<https://news.example/hub>; rel="hub", '
                f'<https://news.example/feeds/{path}>; rel="self"'
            )
        assert get(f"{address}/feeds/atom.xml?x=1")[1]["Link"].endswith('/atom.xml>; rel="self"')
        assert get(f"{address}/feeds/index.opml")[1]["Link"] is None
        urllib.request.urlopen(f"{address}/hub", b"hub.mode=subscribe").close()
        (asked,) = publisher.got("POST", "/hub")
        assert asked.body == b"hub.mode=subscribe"
        assert asked.headers["X-Forwarded-For"] == "127.0.0.1"
