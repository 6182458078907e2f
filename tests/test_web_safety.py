"""Pages keep to themselves, nobody learns how the software works, and nobody can wear it out."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from publisher.pipeline.newsroom import Newsroom
from publisher.web import press as press_module
from publisher.web.errors import TEXTS
from publisher.web.press import Press
from publisher.web.safety import Safety
from tests.sites import Document, browser, newsroom_at, store, story

PATHS = ("/", "/media-center/", "/2018/02/15/", "/articles/one", "/search?q=one", "/nope")


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, web={"max_body_bytes": 1000, "request_seconds": 1}) as made:
        store(made, story("One", slug="one"))
        yield made


@pytest.fixture
def client(newsroom: Newsroom) -> TestClient:
    return browser(newsroom)


@pytest.mark.parametrize("path", [*PATHS, "/healthz", "/favicon.ico", "/static/nope.css"])
def test_every_answer_has_the_headers_that_keep_it_to_itself(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self' https:;")
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert "server" not in headers
    assert "set-cookie" not in headers


def test_a_site_without_https_does_not_promise_it(tmp_path: Path) -> None:
    with newsroom_at(tmp_path, site={"url": "http://127.0.0.1:8000"}) as newsroom:
        headers = browser(newsroom).get("/").headers
        assert "strict-transport-security" not in headers
        assert "img-src 'self' https: http:;" in headers["content-security-policy"]


def test_pages_name_nothing_inline_and_no_script(client: TestClient) -> None:
    for path in PATHS:
        html = client.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html), path
        scripts = Document(html).all("script")
        assert all(one["type"] == "application/ld+json" for one in scripts), path


def test_an_endpoint_may_have_a_policy_of_its_own(newsroom: Newsroom) -> None:
    async def embed(_request: Request) -> Response:
        return PlainTextResponse("x", headers={"Content-Security-Policy": "frame-ancestors *"})

    press = Press(newsroom)
    answer = TestClient(Safety(Starlette(routes=[Route("/", embed)]), press)).get("/")
    assert answer.headers.get_list("content-security-policy") == ["frame-ancestors *"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_media_may_be_shown_elsewhere_but_runs_nothing(newsroom: Newsroom) -> None:
    media = newsroom.config.path("media")
    media.mkdir()
    (media / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    answer = browser(newsroom).get("/media/drawing.svg")
    assert answer.status_code == 200
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nope", 404), ("GET", "/articles/nope", 404), ("GET", "/media/nope.png", 404),
        ("POST", "/", 405), ("DELETE", "/articles/one", 405), ("GET", "/?q=" + "x" * 5000, 414),
        ("GET", "/" + "x" * 5000, 414),
    ],
)  # fmt: skip
def test_an_error_is_a_page_of_the_site(
    client: TestClient, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    document = Document(answer.text)
    assert document.headings == [f"h1 {TEXTS[status][0]}"]
    assert "Harbour Post" in document.text
    assert document.all("html", lang="en", dir="ltr")
    if status == 405:
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_errors_are_in_the_language_of_the_site(tmp_path: Path) -> None:
    with newsroom_at(tmp_path, site={"language": "ar"}) as newsroom:
        document = Document(browser(newsroom).get("/nope").text)
        assert document.all("html", lang="ar", dir="rtl")
        assert document.headings == ["h1 هذه الصفحة غير موجودة"]


def test_a_broken_template_is_no_stack_trace(
    newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    own = newsroom.config.path("email_templates") / "pages"
    own.mkdir(parents=True)
    (own / "article.html").write_text("{{ nothing_of_that_name }}")
    with caplog.at_level(logging.ERROR):
        answer = browser(newsroom).get("/articles/one")
    assert answer.status_code == 500
    assert answer.headers["cache-control"] == "no-store"
    assert Document(answer.text).headings == ["h1 Something went wrong here"]
    assert "nothing_of_that_name" not in answer.text
    assert "article.html:1" in caplog.text


def test_not_even_a_broken_frame_shows_how_it_broke(newsroom: Newsroom) -> None:
    own = newsroom.config.path("email_templates") / "pages"
    own.mkdir(parents=True)
    (own / "base.html").write_text("{{ nothing_of_that_name }}")
    answer = browser(newsroom).get("/articles/one")
    assert answer.status_code == 500
    assert answer.text == "Something went wrong here. It is not your fault. Try again in a while.\n"
    assert "content-security-policy" in answer.headers


def test_an_error_of_ours_is_no_stack_trace(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise RuntimeError("a secret")

    client = browser(newsroom, raise_server_exceptions=False)
    monkeypatch.setattr(press_module, "render_page", fail)
    answer = client.get("/articles/one")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_a_store_that_does_not_answer_is_said_to_come_back(
    newsroom: Newsroom, client: TestClient
) -> None:
    assert client.get("/").status_code == 200
    with newsroom.store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE feed RENAME TO elsewhere")
    answer = client.get("/media-center/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_a_site_may_change_a_template_and_see_it_at_once(
    newsroom: Newsroom, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(press_module, "FILES_SECONDS", 0.0)
    style = re.findall(r'href="(/static/site.*?)"', client.get("/").text)
    own = newsroom.config.path("email_templates")
    (own / "pages").mkdir(parents=True)
    (own / "static").mkdir()
    (own / "static" / "own.css").write_text("h1 { color: teal }")
    (own / "pages" / "offers.html").write_text("<p>Our own offer</p>")
    time.sleep(0.12)
    html = client.get("/").text
    assert "Our own offer" in html
    changed = re.findall(r'href="(/static/site.*?)"', html)
    assert changed != style
    assert "h1 { color: teal }" in client.get(changed[0]).text


def test_a_style_sheet_is_kept_for_ever_under_its_name(client: TestClient) -> None:
    (style,) = re.findall(r'href="(/static/site.*?)"', client.get("/").text)
    answer = client.get(style)
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "--accent:#14507a" in answer.text
    older = client.get("/static/site.000000000000.css")
    assert older.text == answer.text
    assert "immutable" not in older.headers["cache-control"]
    assert client.get("/favicon.ico").headers["location"].startswith("/static/icon.")


def test_the_first_page_is_light(client: TestClient) -> None:
    html = client.get("/", headers={"accept-encoding": "identity"})
    (style,) = re.findall(r'href="(/static/site.*?)"', html.text)
    sheet = client.get(style, headers={"accept-encoding": "identity"})
    assert len(html.content) + len(sheet.content) < 60_000
