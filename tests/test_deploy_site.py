"""nginx and Caddy before the whole site: feeds from the folder, the rest from our own server."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.web.app import application
from tests import http_server, test_deploy
from tests.conftest import REPOSITORY
from tests.test_deploy import caddy, get, nginx, publish, serving


@pytest.fixture(params=["nginx-site.conf", "Caddyfile.site"])
def address(
    request: pytest.FixtureRequest, tmp_path: Path, missing: Callable[[str], NoReturn]
) -> Iterator[str]:
    make = nginx if request.param.startswith("nginx") else caddy
    if shutil.which(make.__name__) is None:
        missing(f"{make.__name__} is not installed")
    publish(tmp_path)
    with (
        opened(Config.model_validate({"root": tmp_path})) as newsroom,
        http_server.serving(application(newsroom)) as ours,
    ):
        behind = ours.address.removeprefix("http://")
        with serving(partial(make, name=request.param, behind=behind), tmp_path) as running:
            yield running


def test_feeds_are_served_as_without_the_rest(address: str, tmp_path: Path) -> None:
    test_deploy.test_a_web_server_serves_feeds_as_ours_does(address, tmp_path)
    test_deploy.test_a_web_server_sends_what_was_compressed_and_304(address, tmp_path)
    test_deploy.test_a_web_server_leads_on_from_what_was_renamed_and_ends_what_was_removed(address)
    test_deploy.test_a_web_server_shows_nothing_else(address)


def test_what_is_no_feed_is_handed_on(address: str) -> None:
    for path in (
        "",
        "town/roads/",
        "articles/s1",
        "search?q=story",
        "subscribe",
        "editions/daily/",
        "favicon.ico",
        "robots.txt",
        "sitemap.xml",
        "sitemaps/articles-1.xml",
        "news-sitemap.xml",
        "healthz",
    ):
        assert get(f"{address}/{path}")[0] == 200, path
    assert get(f"{address}/metrics")[0] == 404, "numbers are for the operator"
    headers = get(f"{address}/healthz")[1]
    assert headers["Access-Control-Allow-Origin"] is None, "that is for feeds"


def test_both_files_of_a_web_server_serve_feeds_by_the_same_rules() -> None:
    def rules(name: str) -> list[str]:
        text = (REPOSITORY / "deploy" / name).read_text()
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        return [line for line in lines if line]

    for alone, site in (("nginx.conf", "nginx-site.conf"), ("Caddyfile", "Caddyfile.site")):
        lacking = set(rules(alone)) - set(rules(site)) - {"location / { return 404; }"}
        assert not lacking
