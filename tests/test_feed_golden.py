"""A small newsroom's feeds, to the byte: `make golden` writes them anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.model import Content, Medium, Source
from publisher.pipeline.build import syndicate
from publisher.pipeline.newsroom import Newsroom
from tests.feed_rules import problems
from tests.test_publishing import sql, store

GOLDEN = Path(__file__).parent / "golden" / "feeds"
FILES = ("atom.xml", "rss.xml", "feed.json", "archive/1.xml")
NOON = datetime(2024, 5, 2, 12, 0, tzinfo=UTC)
SETTINGS = {
    "site": {
        "title": "Saltmere Courier",
        "description": "What happens between the two piers",
        "url": "https://courier.example",
        "rights": "© Saltmere Courier & its authors",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "icon": "https://courier.example/media/icon.png",
        "logo": "https://courier.example/media/logo.png",
    },
    "feeds": {"kinds": ["everything"]},
    "websub": {"hubs": ["https://hub.example/"]},
}
FERRY = Content(
    title="Night ferry: “two & a half” hours",
    body="<h2>When</h2><p>At <em>nine</em>, from the north pier.</p>",
    summary="The night ferry is back; fares < last year's.",
    published=NOON - timedelta(hours=6),
    category=("Town", "Harbour"),
    language="en",
    sources=(Source("Harbour Office"), Source("Wire", "https://wire.example/ferry")),
    authors=("Mara Lind", "Tom Field"),
    tags=("ferries", "timetables"),
    media=(
        Medium("https://courier.example/media/f.png", "image/png", "A ferry", 81234, 640, 480),
        Medium("https://courier.example/media/horn.mp3", "audio/mpeg", "Its horn", 120000),
    ),
    slug="night-ferry",
)
ARTICLES = (
    FERRY,
    Content(
        title="أربعون قارباً في سباق الأحد",
        body="<p>ينطلق السباق عند الساعة العاشرة صباحاً.</p>",
        published=NOON - timedelta(hours=5),
        category=("Sport",),
        language="ar",
        sources=(Source("نادي الإبحار"),),
        authors=("ليلى حداد",),
        slug="regatta",
    ),
    Content(
        title="Library opens on Mondays",
        body="<p>The reading room opens at ten.</p>",
        published=NOON - timedelta(hours=4),
        category=("Town", "Council"),
        language="en",
        url="https://townhall.example/notices/7?lang=en&v=2",
        slug="library",
    ),
    Content(
        title="Market moves to the square",
        body="<p>It does not.</p>",
        published=NOON - timedelta(hours=3),
        category=("Town",),
        language="en",
        slug="market",
    ),
)


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    """Four articles and 46 edits of one fill an archive; then a correction and a retraction."""
    config = Config.model_validate({"root": tmp_path, "store": {"url": store_url}, **SETTINGS})
    with opened(config) as made:
        store(made, *ARTICLES)
        syndicate(made, NOON)
        for minute in range(1, 47):
            body = f"<p>At nine, from the north pier. Seats left: {60 - minute}.</p>"
            sql(made, "UPDATE article SET body = :body WHERE slug = 'night-ferry'", body=body)
            syndicate(made, NOON + timedelta(minutes=minute))
        note = "The reading room opens at ten, not at nine."
        sql(made, "UPDATE article SET correction = :note WHERE slug = 'library'", note=note)
        syndicate(made, NOON + timedelta(hours=1))
        sql(made, "UPDATE article SET retracted = published WHERE slug = 'market'")
        syndicate(made, NOON + timedelta(hours=2))
        yield made


def test_the_feeds_of_the_small_newsroom_are_the_golden_ones(newsroom: Newsroom) -> None:
    root = newsroom.config.root / "feeds"
    found = {name: (root / name).read_bytes() for name in FILES}
    if os.environ.get("REFRESH_GOLDEN"):
        for name, data in found.items():
            (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / name).write_bytes(data)
    assert found == {name: (GOLDEN / name).read_bytes() for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_the_golden_feeds_keep_the_rules_of_their_formats(name: str) -> None:
    assert problems(name, (GOLDEN / name).read_bytes()) == []
