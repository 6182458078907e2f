"""What a visitor reads: lists by day, days, articles, and what stands in the place of others."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from publisher.model import Medium, Source
from publisher.pipeline.newsroom import Newsroom
from tests.sites import (
    NOW,
    URL,
    Document,
    browser,
    counted_statements,
    newsroom_at,
    sql,
    store,
    story,
    update,
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


def page(client: TestClient, path: str, status: int = 200) -> Document:
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return Document(answer.text)


def fresh(newsroom: Newsroom, path: str, status: int = 200) -> Document:
    """The page as a server that has just started makes it."""
    return page(browser(newsroom), path, status)


def titles(document: Document) -> list[str]:
    return [text.removeprefix("h3 ") for text in document.headings if text.startswith("h3 ")]


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


def test_an_article_has_everything_that_belongs_to_it(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(
        newsroom,
        story("Before", published=DAY - HOUR),
        story(
            "Bridge & river", slug="bridge", summary="It is open.", body="<h2>How</h2><p>Well.</p>",
            sources=(Source("Town Hall"), Source("Agencies", "https://agencies.example/")),
            authors=("A. Writer", "B. Writer"), tags=("bridges",), correction="It was Tuesday.",
            media=(Medium("https://example.org/b.png", "image/png", "The bridge", 1, 30, 40),),
        ),
        story("After", published=DAY + HOUR),
    )  # fmt: skip
    answer = client.get("/articles/bridge")
    document = Document(answer.text)
    for words in (
        "It is open.", "Town Hall + Agencies", "A. Writer, B. Writer", "bridges", "Thursday, 15",
        "Correction: It was Tuesday.", "Next article After", "Previous article Before",
        "Home › Media Center › Coalition News › Bridge & river", "09:00",
    ):  # fmt: skip
        assert words in document.text, words
    assert document.headings[:2] == ["h1 Bridge & river", "h2 How"]
    assert document.all("img", src="https://example.org/b.png", alt="The bridge")
    assert document.all("link", rel="canonical", href=f"{URL}/articles/bridge")
    for name in ("og:title", "og:description", "og:url", "og:image", "article:published_time"):
        assert document.all("meta", property=name), name


def test_an_article_tells_programs_what_it_is(newsroom: Newsroom, client: TestClient) -> None:
    bad = "</script><script>alert(1)</script><!--"
    store(newsroom, story("x", slug="x"))
    sql(newsroom, "UPDATE article SET title = :bad, tags = :tags", bad="Fine", tags='["a&b"]')
    update(newsroom)
    store(newsroom, story("Ampersand & Co", slug="b", authors=("O’Neill <o>",)), prefix="b")
    html = fresh_html(newsroom, "/articles/b")
    (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    article, crumbs = json.loads(data)["@graph"]
    assert article["@type"] == "NewsArticle"
    assert article["headline"] == "Ampersand & Co"
    assert article["author"] == [{"@type": "Person", "name": "O’Neill <o>"}]
    assert article["datePublished"] == "2018-02-15T09:00:00+00:00"
    assert crumbs["itemListElement"][1]["item"] == f"{URL}/media-center/"
    assert bad not in html
    assert not re.search(r"[<>&]", data)


def fresh_html(newsroom: Newsroom, path: str) -> str:
    return browser(newsroom).get(path).text


def test_pages_announce_their_own_feed_and_the_main_one(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, story("x", slug="x"))
    for path in ("/media-center/coalition-news/", "/articles/x"):
        feeds = [link["href"] for link in page(client, path).all("link", rel="alternate")]
        own = f"{URL}/feeds/media-center/coalition-news"
        assert feeds[:3] == [f"{own}/atom.xml", f"{own}/rss.xml", f"{own}/feed.json"]
        assert f"{URL}/feeds/atom.xml" in feeds


def test_a_page_is_in_the_language_and_direction_of_what_it_shows(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, story("خبر", slug="khabar", language="ar"))
    article = page(client, "/articles/khabar")
    assert article.all("html", lang="ar", dir="rtl")
    assert "الرئيسية › Media Center" in article.text
    front = page(client, "/")
    assert front.all("html", lang="en", dir="ltr")
    assert front.all("article", lang="ar", dir="rtl")


def test_translations_know_each_other(newsroom: Newsroom, client: TestClient) -> None:
    key = {"translation_key": "ferry"}
    store(newsroom, story("Ferry", slug="en", **key), story("Alone", slug="alone"))
    assert not page(client, "/articles/en").all("link", hreflang="en")
    store(newsroom, story("عبارة", slug="ar", language="ar", **key), prefix="b")
    for slug in ("en", "ar"):
        document = fresh(newsroom, f"/articles/{slug}")
        for language in ("en", "ar"):
            address = f"{URL}/articles/{language}"
            assert document.all("link", rel="alternate", hreflang=language, href=address)
    assert "In other languages: العربية" in fresh(newsroom, "/articles/en").text
    sql(newsroom, "UPDATE article SET translation_key = NULL WHERE slug = 'ar'")
    update(newsroom)
    assert not fresh(newsroom, "/articles/en").all("link", hreflang="ar")


def test_what_is_not_public_yet_is_not_there(newsroom: Newsroom, client: TestClient) -> None:
    store(newsroom, story("Secret", slug="secret", published=NOW + HOUR, category=("Plans",)))
    for path in ("/articles/secret", "/plans/", "/2024/05/02/"):
        assert "Secret" not in page(client, path, 404).text
    update(newsroom, NOW + 2 * HOUR)
    assert "Secret" in fresh(newsroom, "/articles/secret").text
    assert "Secret" in fresh(newsroom, "/plans/").text


def test_what_has_expired_is_gone(newsroom: Newsroom, client: TestClient) -> None:
    store(newsroom, story("Sale", slug="sale", expires=NOW + HOUR))
    assert "Sale" in page(client, "/articles/sale").text
    update(newsroom, NOW + 2 * HOUR)
    assert "no longer here" in fresh(newsroom, "/articles/sale", 410).text


def test_what_was_withdrawn_says_why_and_nothing_of_what_it_said(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, story("Wrong", slug="wrong", body="<p>Slander.</p>"))
    zone = "" if newsroom.store.is_sqlite else "+00"
    sql(
        newsroom,
        f"UPDATE article SET retracted = '2024-05-01 12:00:00{zone}', retraction = 'The <b>source'",
    )
    update(newsroom)
    document = fresh(newsroom, "/articles/wrong", 410)
    assert "This article was withdrawn. Wednesday, 1 May 2024 The <b>source" in document.text
    assert "Slander" not in document.text
    assert document.all("meta", name="robots", content="noindex")
    assert "Wrong" not in fresh(newsroom, "/").text


def test_what_was_withdrawn_before_anybody_saw_it_was_never_there(newsroom: Newsroom) -> None:
    store(newsroom, story("Plan", slug="plan", published=NOW + HOUR))
    sql(newsroom, "UPDATE article SET retracted = '2024-05-01 00:00:00'")
    update(newsroom, NOW + 2 * HOUR)
    assert "Plan" not in fresh(newsroom, "/articles/plan", 404).text


def test_what_another_program_has_written_is_not_shown_before_it_is_cleaned(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, story("Fine", slug="fine"), story("Other", slug="other"))
    hostile = "UPDATE article SET body = '<script>alert(1)</script>', title = 'Evil' WHERE id = 1"
    sql(newsroom, hostile)
    other = fresh(newsroom, "/articles/other").text
    assert "Evil" not in other
    answer = browser(newsroom).get("/articles/fine")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    for path in ("/", "/media-center/2018/02/15/", "/search?q=fine"):
        answer = browser(newsroom).get(path)
        assert answer.status_code == 200
        assert "alert" not in answer.text
        assert answer.headers["cache-control"] == "no-store"
    update(newsroom)
    cleaned = fresh(newsroom, "/articles/fine")
    assert "Evil" in cleaned.text
    assert "alert" not in cleaned.text


def test_a_row_that_makes_no_sense_takes_no_page_down(newsroom: Newsroom) -> None:
    store(newsroom, story("Fine", slug="fine"), story("Odd", slug="odd"))
    sql(newsroom, "UPDATE article SET sources = '[3]' WHERE slug = 'odd'")
    assert "Fine" in fresh(newsroom, "/").text
    assert browser(newsroom).get("/articles/odd").status_code == 503
    update(newsroom)
    assert "Odd" not in fresh(newsroom, "/").text
    assert browser(newsroom).get("/articles/odd").status_code == 404


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


def test_pages_in_memory_follow_every_change(newsroom: Newsroom, client: TestClient) -> None:
    store(newsroom, story("One"))
    assert titles(page(client, "/")) == ["One"]
    store(newsroom, story("Two", published=DAY + HOUR), prefix="b")
    time.sleep(0.12)  # the log is looked at ten times a second
    assert titles(page(client, "/")) == ["Two", "One"]


def test_a_page_in_memory_asks_the_store_for_nothing_but_the_log(
    newsroom: Newsroom, client: TestClient
) -> None:
    store(newsroom, story("One"))
    client.get("/")
    time.sleep(0.12)  # the log is looked at ten times a second
    with counted_statements(newsroom) as seen:
        for _ in range(5):
            client.get("/?utm_source=elsewhere")
    assert len(seen) <= 5
    assert all("FROM change" in one for one in seen), seen


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/", 8), ("/media-center/", 9), ("/media-center/2018/02/15/", 9),
        ("/?before=2018-02-10", 9), ("/?after=2018-02-10", 9), ("/articles/story-50", 10),
        ("/search?q=story", 7), ("/sections/", 3), ("/nope", 5),
    ],
)  # fmt: skip
def test_a_page_asks_the_store_as_often_whatever_is_stored(
    newsroom: Newsroom, path: str, most: int
) -> None:
    def number() -> int:
        with counted_statements(newsroom) as seen:
            browser(newsroom).get(path)
        return len(seen)

    def some(numbers: range) -> None:
        stories = (
            story(
                f"story {n}",
                category=("Media Center", f"Desk {n % 9}"),
                published=DAY - n * HOUR,
            )
            for n in numbers
        )
        store(newsroom, *stories, prefix=str(numbers[0]))

    some(range(200))
    few = number()
    some(range(200, 600))
    assert number() == few
    assert few <= most


def test_equal_pages_are_not_sent_twice(newsroom: Newsroom, client: TestClient) -> None:
    store(newsroom, story("One", slug="one"))
    answer = client.get("/articles/one", headers={"accept-encoding": "identity"})
    tag = answer.headers["etag"]
    assert tag.startswith('"')
    assert client.get("/articles/one", headers={"if-none-match": tag}).status_code == 200, (
        "another coding is another form"
    )
    plain = {"accept-encoding": "identity"}
    again = client.get("/articles/one", headers={"if-none-match": tag, **plain})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    since = {"if-modified-since": answer.headers["last-modified"]}
    assert client.get("/articles/one", headers=since).status_code == 304
    assert "max-age=60" in answer.headers["cache-control"]
    for coding in ("br", "gzip"):
        coded = client.get("/articles/one", headers={"accept-encoding": coding})
        assert coded.headers["content-encoding"] == coding
        assert coded.headers["etag"] != tag
        assert coded.text == answer.text
    assert client.head("/articles/one").content == b""


def test_all_sections_are_on_one_page_in_order(newsroom: Newsroom, client: TestClient) -> None:
    for n, titles_of in enumerate((("Town",), ("Town", "Roads"), ("Arts",), ("Town-hall",))):
        store(newsroom, story("x", category=titles_of), prefix=str(n))
    html = client.get("/sections/").text
    tree = re.findall(r'<li(?: class="depth-(\d)")?><a href="(.*?)"', html.partition("<main")[2])
    assert tree[:4] == [("", "/arts/"), ("", "/town/"), ("1", "/town/roads/"), ("", "/town-hall/")]
