"""What a visitor finds: the newest by day, categories, days with a calendar, and the way on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from publisher.pipeline.newsroom import Newsroom
from tests.sites import (
    NOW,
    URL,
    Document,
    browser,
    fresh,
    newsroom_at,
    page,
    store,
    story,
    titles,
)

DAY = datetime(2018, 2, 15, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, store_url) as made:
        yield made


@pytest.fixture
def client(newsroom: Newsroom) -> TestClient:
    return browser(newsroom)


def test_an_empty_newsroom_has_a_front_page(client: TestClient) -> None:
    assert "Nothing yet." in page(client, "/").text


def test_the_front_page_shows_the_newest_under_their_days(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(
        newsroom,
        story("Old", published=DAY - timedelta(days=3)),
        story("Morning", published=DAY),
        story("Evening", published=DAY + 9 * HOUR, category=("Sport",)),
    )
    assert page(client, "/").headings == [
        "h1 Harbour Post", "h2 Thursday, 15 February 2018", "h3 Evening", "h3 Morning",
        "h2 Monday, 12 February 2018", "h3 Old", "h2 Stay informed",
    ]  # fmt: skip


def test_a_category_shows_what_is_in_it_and_below_it(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, story("Deep"), story("Elsewhere", category=("Sport",)))
    assert titles(page(client, "/media-center/")) == ["Deep"]
    below = page(client, "/media-center/coalition-news/")
    assert titles(below) == ["Deep"]
    assert "Home › Media Center › Coalition News" in below.text
    assert "/media-center/coalition-news/" in page(client, "/media-center/").links


def test_a_day_is_titled_as_its_breadcrumb_says(newsroom: Newsroom, client: TestClient) -> None:
    store(newsroom, story("Deep"))
    answer = client.get("/media-center/coalition-news/2018/02/15/")
    title = "Items filtered by date: Thursday, 15 February 2018"
    document = Document(answer.text)
    assert document.headings[0] == f"h1 {title}"
    assert f"Home › Media Center › Coalition News › {title}" in document.text
    assert f"<title>{title} – Coalition News – Harbour Post</title>" in answer.text
    assert Document(client.get("/2018/02/15/").text).headings[0] == f"h1 {title}"


def test_a_day_leads_to_the_nearest_days_that_have_articles(
    newsroom: Newsroom, client: TestClient
) -> None:
    days = (-400, -3, 0, 5, 700)
    store(newsroom, *(story(f"{n}", published=DAY + timedelta(days=n)) for n in days))
    links = page(client, "/media-center/2018/02/15/").links
    for day in ("2018/02/12", "2018/02/20", "2017/01/11", "2020/01/16"):
        assert f"/media-center/{day}/" in links
    assert "/media-center/2018/02/14/" not in links


def test_the_calendar_counts_the_articles_of_each_day(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(
        newsroom,
        *(story(f"{n}", published=DAY + n * HOUR) for n in range(3)),
        story("Other", published=DAY - timedelta(days=1), category=("Sport",)),
    )
    assert calendar(client, "/2018/02/15/") == {"14": "1 article", "15": "3 articles"}
    assert calendar(client, "/media-center/2018/02/15/") == {"15": "3 articles"}


def calendar(client: TestClient, path: str) -> dict[str, str]:
    """The days that are links, and what they say to somebody who does not see the table."""
    cells = re.findall(r"<td>(<a .*?)</td>", client.get(path).text)
    days = [re.match(r"<a [^>]*>(\d+)<.*<span class=\"hidden\">, (.*?)</span>", c) for c in cells]
    return {day[1]: day[2] for day in days if day}


def test_the_day_of_an_article_is_the_newsrooms(store_url: str, tmp_path: Path) -> None:
    late = datetime(2018, 2, 14, 22, 30, tzinfo=UTC)  # half past midnight in Istanbul
    with newsroom_at(tmp_path, store_url, site={"timezone": "Europe/Istanbul"}) as newsroom:
        store(newsroom, story("Late", published=late))
        client = browser(newsroom)
        assert "Late" in page(client, "/2018/02/15/").text
        assert page(client, "/2018/02/14/", 404).links.count("/2018/02/15/") >= 1


def test_pages_of_a_list_go_on_by_date_and_show_everything_once(
    newsroom: Newsroom, client: TestClient
) -> None:
    moments = [DAY - timedelta(hours=7 * n) for n in range(100)]
    store(newsroom, *(story(f"n{n}", published=moment) for n, moment in enumerate(moments)))
    seen: list[str] = []
    path = "/media-center/"
    for _ in range(20):
        document = page(client, path)
        seen += titles(document)
        older = [link for link in document.links if "before=" in link]
        if not older:
            break
        assert re.fullmatch(r"/media-center/\?before=\d{4}-\d\d-\d\d", older[0])
        path = older[0]
    assert seen == [f"n{n}" for n in range(100)]


def test_the_way_back_is_as_complete_as_the_way_down(
    newsroom: Newsroom, client: TestClient
) -> None:
    moments = [DAY - timedelta(hours=7 * n) for n in range(100)]
    store(newsroom, *(story(f"n{n}", published=moment) for n, moment in enumerate(moments)))
    path = "/media-center/?before=2018-01-18"
    seen: list[str] = []
    for _ in range(20):
        newer = [link for link in page(client, path).links if "after=" in link]
        if not newer:
            break
        path = newer[0]
        seen = titles(page(client, path)) + seen
    assert "/media-center/" in page(client, path).links, "at the end it leads to the newest"
    shown = titles(page(client, "/media-center/?before=2018-01-18"))
    rest = seen[: seen.index(f"n{int(shown[0][1:]) - 1}") + 1]
    first = int(rest[0][1:])
    assert rest == [f"n{n}" for n in range(first, int(shown[0][1:]))]
    assert first <= 25


def test_an_address_of_a_list_keeps_its_meaning_when_articles_come_in(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, *(story(f"n{n}", published=DAY - timedelta(days=n)) for n in range(40)))
    before = titles(page(client, "/?before=2018-02-01"))
    store(newsroom, *(story(f"new {n}", published=NOW - n * HOUR) for n in range(9)), prefix="b")
    assert titles(fresh(newsroom, "/?before=2018-02-01")) == before


def test_a_day_that_does_not_fit_on_a_page_goes_on_behind_its_last_article(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, *(story(f"n{n:03}") for n in range(150)))
    seen: list[str] = []
    path = "/media-center/2018/02/15/"
    for _ in range(5):
        document = page(client, path)
        seen += [text.removeprefix("h2 ") for text in document.headings if text.startswith("h2 n")]
        more = [link for link in document.links if "before=" in link]
        if not more:
            break
        path = more[0]
    assert seen == [f"n{n:03}" for n in reversed(range(150))]
    first, second = page(client, "/"), None
    assert len(titles(first)) == 25
    (older,) = {link for link in first.links if "before=" in link}
    second = page(client, older)
    assert titles(second) == [f"n{n:03}" for n in reversed(range(100, 125))]


def test_pages_announce_their_own_feed_and_the_main_one(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, story("x", slug="x"))
    for path in ("/media-center/coalition-news/", "/articles/x"):
        feeds = [link["href"] for link in page(client, path).all("link", rel="alternate")]
        own = f"{URL}/feeds/media-center/coalition-news"
        assert feeds[:3] == [f"{own}/atom.xml", f"{own}/rss.xml", f"{own}/feed.json"]
        assert f"{URL}/feeds/atom.xml" in feeds


def test_an_address_without_its_last_slash_leads_to_the_one_with_it(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, story("x", category=("Été",)))
    for path, leads in (
        ("/%C3%A9t%C3%A9", "/%C3%A9t%C3%A9/"),
        ("/%C3%A9t%C3%A9/2018/02/15", "/%C3%A9t%C3%A9/2018/02/15/"),
        ("/2018/02/15", "/2018/02/15/"),
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (301, leads)
        assert client.get(leads).status_code == 200
    assert client.get("//evil.example/x").status_code == 404


def test_all_sections_are_on_one_page_in_order(newsroom: Newsroom, client: TestClient) -> None:
    for n, titles_of in enumerate((("Town",), ("Town", "Roads"), ("Arts",), ("Town-hall",))):
        store(newsroom, story("x", category=titles_of), prefix=str(n))
    html = client.get("/sections/").text
    tree = re.findall(r'<li(?: class="depth-(\d)")?><a href="(.*?)"', html.partition("<main")[2])
    assert tree[:4] == [("", "/arts/"), ("", "/town/"), ("1", "/town/roads/"), ("", "/town-hall/")]
