"""Who comes by a former address is led on, or told that there is nothing any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.pipeline.newsroom import Newsroom
from publisher.store import categories
from tests.sites import NOW, browser, newsroom_at, sql, store, story, update


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, store_url) as made:
        yield made


def leads(newsroom: Newsroom, path: str) -> tuple[int, str]:
    answer = browser(newsroom).get(path)
    return answer.status_code, answer.headers.get("location", "")


def rename(newsroom: Newsroom, before: str, title: str, path: str) -> None:
    with newsroom.store.write() as session:
        category = categories.at(session, before)
        assert category is not None
        categories.rename(session, category, title, path)
    update(newsroom)


def test_a_former_slug_leads_to_the_article(newsroom: Newsroom) -> None:
    store(newsroom, story("Old", slug="old"))
    sql(newsroom, "UPDATE article SET slug = 'neu-ü' WHERE slug = 'old'")
    update(newsroom)
    assert leads(newsroom, "/articles/old") == (301, "/articles/neu-%C3%BC")
    assert leads(newsroom, "/articles/neu-%C3%BC")[0] == 200
    assert leads(newsroom, "/articles/never")[0] == 404


def test_the_slug_of_a_deleted_article_is_gone(newsroom: Newsroom) -> None:
    store(newsroom, story("Old", slug="old"))
    sql(newsroom, "DELETE FROM article")
    update(newsroom)
    assert leads(newsroom, "/articles/old")[0] == 410


def test_the_new_name_of_what_is_not_public_yet_is_not_told(newsroom: Newsroom) -> None:
    store(newsroom, story("Plan", slug="plan", published=NOW + timedelta(days=1)))
    sql(newsroom, "UPDATE article SET slug = 'secret-plan' WHERE slug = 'plan'")
    update(newsroom)
    assert leads(newsroom, "/articles/plan") == (404, "")


def test_a_renamed_category_leads_on_with_its_days_and_what_is_below_it(
    newsroom: Newsroom,
) -> None:
    store(newsroom, story("x"))
    rename(newsroom, "media-center", "Presse", "presse")
    for path in ("/media-center/", "/media-center"):
        assert leads(newsroom, path) == (301, "/presse/")
    assert leads(newsroom, "/media-center/coalition-news/") == (301, "/presse/coalition-news/")
    assert leads(newsroom, "/media-center/2018/02/15/") == (301, "/presse/2018/02/15/")
    assert leads(newsroom, "/presse/2018/02/15/")[0] == 200
    assert leads(newsroom, "/presse/coalition-news/")[0] == 200


def test_a_removed_category_is_gone(newsroom: Newsroom) -> None:
    store(newsroom, story("x", category=("Town",)), story("y", category=("Sport",)))
    sql(newsroom, "UPDATE article SET category_id = 1")
    update(newsroom)
    assert leads(newsroom, "/sport/")[0] == 200, "as long as it is only empty"
    with newsroom.store.write() as session:
        category = categories.at(session, "sport")
        assert category is not None
        categories.remove(session, category)
    update(newsroom)
    update(newsroom)
    assert leads(newsroom, "/sport/")[0] == 410
    assert leads(newsroom, "/sport/2018/02/15/")[0] == 410
