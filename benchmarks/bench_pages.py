"""Pages made anew, with 1,000,000 stored articles against 10,000, and against Django.

Both newsrooms publish 288 articles a day, so that a day and a month of the calendar hold the same.
Limit 1.3: the cost of a page does not grow with what is stored. Django renders the same templates
with the same questions to the same store (its ORM, its Jinja2 backend), in the same process and on
the same server.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

from benchmarks import django_page
from benchmarks.bench_serving import free_port, running
from benchmarks.measure import Result, in_turns, timed
from benchmarks.newsroom import NOW, contents, fill_quickly, newsroom, store
from publisher.model import seal
from publisher.pipeline.build import syndicate
from publisher.pipeline.newsroom import Newsroom
from publisher.store import articles
from publisher.store.search import number_of
from publisher.store.search_text import FEED, IN_TITLE
from publisher.web.articles import article_page
from publisher.web.lists import day_page, list_page
from publisher.web.press import Maker, Page, Press, Reading, State
from publisher.web.search import search_page
from publisher.web.windows import Place, place_of

TURNS = 41
SECONDS = 2
SMALL, LARGE = 10_000, 1_000_000
MINUTES = 5
DAY = "2024/04/20/"
CATEGORY = "news/desk-0"
# How many articles have the rare word, whatever is stored.
RARE = 20


def _day(reading: Reading) -> Page:
    place = place_of(f"{CATEGORY}/{DAY}")
    assert isinstance(place, Place)
    assert place.day is not None
    return day_page(reading, place.category, place.day)


PAGES: dict[str, tuple[Maker, dict[str, str]]] = {
    "an article page": (lambda reading: article_page(reading, "middle"), {}),
    "a category page": (lambda reading: list_page(reading, CATEGORY), {}),
    "a page far down a category": (
        lambda reading: list_page(reading, CATEGORY), {"before": "2024-04-21"},
    ),
    "a date page": (_day, {}),
    "a search for a rare word": (search_page, {"q": "rare7"}),
    "a search for a word of every article": (search_page, {"q": "harbour"}),
}  # fmt: skip


def make(press: Press, maker: Maker, query: dict[str, str]) -> Page:
    """A page as it is made when nothing is in memory."""
    state = press._read_state()
    return press._made(maker, State(state.position, state.changed, state.files), {}, query)


def prepare(made: Newsroom, number: int) -> Press:
    """Fill a newsroom; what its pages show is sealed, and everything can be searched."""
    store(made, contents(1))
    syndicate(made, NOW)
    fill_quickly(made, number, MINUTES)
    _fill_search(made, number)
    day = number - 10 * 24 * 60 // MINUTES  # ten days before the newest
    rare = range(7, number + 2, number // RARE)
    _seal(made, [*range(day - 700, day + 400), *rare])
    with made.store.write() as session:
        (middle,) = articles.by_ids(session, [day]).values()
        middle.slug = "middle"
    with made.store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM stale_article")
    return Press(made)


def _seal(made: Newsroom, ids: Iterable[int]) -> None:
    with made.store.write() as session:
        for article in articles.by_ids(session, ids).values():
            article.seal = seal(article.content)


def _fill_search(made: Newsroom, number: int) -> None:
    """Rows as indexing makes them, with a dozen words each."""
    first = number_of(datetime.fromtimestamp(0, UTC), 0)
    every = number // RARE
    with made.store.engine.begin() as connection:
        run = connection.exec_driver_sql
        run("DELETE FROM search_text")
        run("DELETE FROM search_row")
        run(
            "INSERT INTO search_row (article_id, newness) "
            f"SELECT id, {first} + (unixepoch(published) << 24) + id FROM article"
        )
        run(
            "INSERT INTO search_text (rowid, title, text, marks) "
            "SELECT r.newness, 'council bridge', 'harbour ferry market river budget storm light "
            f"paper engine garden rare' || (r.article_id % {every}), "
            f"'{IN_TITLE}council {IN_TITLE}bridge {FEED}1 {FEED}2' "
            "FROM search_row r ORDER BY r.newness"
        )
        run("UPDATE search_progress SET position = (SELECT max(position) FROM change)")


def run(large: int = LARGE) -> list[Result]:
    """Both newsrooms, in turns; then the smaller one against Django."""
    with ExitStack() as stack:
        big, small = (prepare(stack.enter_context(newsroom()), size) for size in (large, SMALL))
        results = []
        for name, (maker, query) in PAGES.items():
            for press in (big, small):
                page = make(press, maker, query)
                if page.status != 200 or page.fleeting or "<h1" not in page.html:
                    raise RuntimeError(f"{name} is not what is to be measured")
            results.append(
                in_turns(
                    f"{name}, {large:,} stored against {SMALL:,}",
                    partial(timed, partial(make, big, maker, query)),
                    partial(timed, partial(make, small, maker, query)),
                    turns=TURNS,
                    limit=1.3,
                )
            )
        return results + against_django(small)


def against_django(press: Press) -> list[Result]:
    """An article page made anew, and one over HTTP, beside Django's."""
    made = press.newsroom
    respond = django_page.handler(made.config)
    maker, query = PAGES["an article page"]
    ours, theirs = make(press, maker, query).html, respond()
    if words_of(ours) != words_of(theirs):
        raise RuntimeError("Django's page does not say the same")
    name = "an article page made anew against Django's, same templates and questions"
    results = [
        in_turns(
            name,
            partial(timed, partial(make, press, maker, query)),
            partial(timed, respond),
            turns=TURNS,
            limit=1.3,
        )
    ]
    if shutil.which("wrk") is None:
        print("not measured: wrk not installed")
        return results
    return [*results, *_over_http(made)]


def words_of(html: str) -> list[str]:
    """What a reader sees of a page."""
    body = html[max(html.find("<body"), 0) :]
    return re.sub(r"<[^>]*>", " ", body).split()


def _over_http(made: Newsroom) -> list[Result]:
    port, peer = free_port(), free_port()
    config = made.config.root / "config.toml"
    config.write_text(f"[web]\nport = {port}\n")
    ours = [sys.executable, "-m", "publisher", "--config", str(config), "web"]
    theirs = [sys.executable, "-m", "benchmarks.django_page", str(made.config.root), str(peer)]
    with running(ours, port), running(theirs, peer):
        each = [
            partial(each_request, f"http://127.0.0.1:{one}/articles/middle") for one in (port, peer)
        ]
        name = "an article page over HTTP, ours from memory, Django's made each time"
        return [in_turns(name, *each, turns=5, limit=1, unit="µs")]


def each_request(address: str) -> float:
    """Microseconds a request, over some seconds."""
    command = ["wrk", "-t1", "-c16", f"-d{SECONDS}", address]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if found is None or "Non-2xx" in told:
        raise RuntimeError(told)
    return 1_000_000 / float(found[1])


if __name__ == "__main__":
    for result in run(int(sys.argv[1]) if len(sys.argv) > 1 else LARGE):
        print(result)
