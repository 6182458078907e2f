"""An edition stands on the web as it was sent, with what was corrected since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from publisher import config as settings
from publisher.bootstrap import opened
from publisher.cli import main
from publisher.web.app import application


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("demo") / "demo"
    result = CliRunner().invoke(main, ["demo", "--once", str(folder)])
    assert result.exit_code == 0, result.output
    with opened(settings.load(folder / "config.toml", {})) as newsroom:
        yield TestClient(application(newsroom))


def addresses(client: TestClient) -> list[str]:
    page = client.get("/editions/daily/").text
    return [part.split('"')[0] for part in page.split('href="')[1:] if "/editions/daily/2" in part]


def test_a_list_names_its_editions_newest_first_with_their_feed(client: TestClient) -> None:
    page = client.get("/editions/daily/")
    assert page.status_code == 200
    found = addresses(client)
    assert len(found) == 2
    assert found == sorted(found, reverse=True)
    assert 'feeds/editions/daily/atom.xml"' in page.text
    assert client.get("/feeds/editions/daily/atom.xml").status_code == 200


def test_an_edition_shows_its_articles_and_what_was_corrected_since(client: TestClient) -> None:
    newest, oldest = addresses(client)
    page = client.get(oldest)
    assert page.status_code == 200
    assert 'class="correction"' in page.text
    assert f'href="{newest}"' in page.text, "and the way to the next one"
    assert "@@" not in page.text
    assert f'href="{oldest}"' in client.get(newest).text


@pytest.mark.parametrize(
    "path",
    ["none/", "none/2018-02-15/", "daily/2018-02-30/", "daily/1999-01-01/", "daily/x/", "daily/9/"],
)
def test_what_is_no_edition_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(f"/editions/{path}").status_code == 404
