"""Nothing runs that came from elsewhere: names of readers, answers of mail servers, files, rows
that another program wrote; neither at the desk nor in pages, feeds' pages or mails."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page
from sqlalchemy import text

from publisher.model import Notice
from publisher.pipeline import imports
from publisher.store import articles
from tests.browser.conftest import Chromium
from tests.browser.test_desk import (  # noqa: F401 - fixtures
    EVASIONS,
    NOW,
    PAGES,
    Desk,
    desks,
    newsrooms,
    today,
    wait_for_feed,
)

ALL = " ".join(EVASIONS)
# Where readers meet what was stored.
PUBLIC = (
    "/", "/town/", "/search?q=Evil", "/articles/evil", "/feeds/", "/feeds/town/", "/sections/",
    "/embed/frame/town/", "/embed/", "/subscribe", "/api/v1/",
)  # fmt: skip


def store_evil(desk: Desk) -> None:
    """What strangers and other programs can put into the store."""
    with desk.newsroom.store.write() as session:
        session.execute(text("UPDATE subscriber SET name = :evil"), {"evil": ALL})
        session.execute(text("UPDATE transition SET note = :evil"), {"evil": ALL})
        session.add(Notice(
            kind="welcome", list_name="daily", subscriber_id=1, key="evil", details={"x": ALL},
            due=NOW, changed=NOW, state="failed", reply=ALL,
        ))  # fmt: skip
        articles.set_aside(session, f"inbox/{ALL}.md", 3, ALL, NOW)
        session.execute(
            text(
                "INSERT INTO article (title, body, summary, sources, authors, tags, category_id, "
                "slug, published) SELECT :title, :body, :title, :sources, "
                ":names, :names, id, 'evil', :now FROM category WHERE path = 'town'"
            ),
            {
                "title": f"Evil {ALL}", "body": f"<p>Evil {ALL}</p>",
                "sources": '[{"name": "<script>window.ran=1</script>", "url": '
                           '"javascript:window.ran=1"}]',
                "names": '["<img src=x onerror=window.ran=1>"]',
                "now": f"{NOW:%Y-%m-%d %H:%M:%S.%f}",
            },
        )  # fmt: skip
    imports.note(desk.newsroom, "articles", f"files of {ALL}", {"new": 1}, NOW)
    wait_for_feed(desk.url, "Evil")


def ran(page: Page) -> list[object]:
    return [frame.evaluate("window.ran") for frame in page.frames if frame.url != "about:blank"]


def test_nothing_runs_that_came_from_elsewhere(
    desks: Callable[..., Desk],  # noqa: F811
    chromium: Chromium,
) -> None:
    desk = desks()
    store_evil(desk)
    page = desk.open("olga")
    desk.watched[-1].allowed = ("Failed to load resource", "failed: ")
    for path in (*PAGES, *PUBLIC):
        page.goto(desk.url + path.replace("@today", today(desk.newsroom)))
        assert set(ran(page)) <= {None}, path
    shown = page.goto(f"{desk.url}/desk/subscribers/1")
    assert shown is not None
    assert "window.ran=1" in page.locator("main").inner_text(), "it is shown, as text"
