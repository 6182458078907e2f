"""An embed fragment made anew, with 1,000,000 stored articles against 10,000, and against Django.

Limit 1.3: the cost does not grow with what is stored, also where a category, a language and a tag
are asked for at once. Django renders the same templates with the same questions to the same
store (its ORM, its Jinja2 backend), in the same process and on the same server; it does not prove
that nobody has touched the articles since they were cleaned, nor asks where the change log ends, so
the limit is 1.5 there; but it keeps nothing, and over HTTP what is kept counts.
"""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack
from functools import partial

from benchmarks import django_embed, django_page
from benchmarks.bench_pages import each_request, make, prepare, words_of
from benchmarks.bench_serving import free_port, running
from benchmarks.measure import Result, in_turns, timed
from benchmarks.newsroom import newsroom
from publisher.web.embed_options import Options
from publisher.web.embeds import fragment
from publisher.web.press import Maker, Press

TURNS = 41
SMALL, LARGE = 10_000, 1_000_000
CATEGORY = "news/desk-0"
WANTED = {
    "an embed of 5 summaries": Options(category=CATEGORY),
    "an embed of 50 full texts": Options(category=CATEGORY, count=50, detail="full"),
    "an embed of a category, language and tag": Options(CATEGORY, "harbour", "en"),
}


def run(large: int = LARGE) -> list[Result]:
    """Both newsrooms, in turns; then the smaller one against Django."""
    with ExitStack() as stack:
        big, small = (prepare(stack.enter_context(newsroom()), size) for size in (large, SMALL))
        results = []
        for name, options in WANTED.items():
            maker = _maker(options)
            for press in (big, small):
                page = make(press, maker, {})
                if page.fleeting or page.html.count("<article") != options.count:
                    raise RuntimeError(f"{name} is not what is to be measured")
            results.append(
                in_turns(
                    f"{name}, {large:,} stored against {SMALL:,}",
                    partial(timed, partial(make, big, maker, {})),
                    partial(timed, partial(make, small, maker, {})),
                    turns=TURNS,
                    limit=1.3,
                )
            )
        return results + against_django(small)


def _maker(options: Options) -> Maker:
    return lambda reading: fragment(reading, options)


def against_django(press: Press) -> list[Result]:
    """A fragment made anew, and one over HTTP, beside Django's."""
    made = press.newsroom
    address = f"/embed/fragment/{CATEGORY}/"
    respond = django_page.handler(made.config, django_embed.URLS, address)
    maker = _maker(Options(category=CATEGORY))
    if words_of(make(press, maker, {}).html) != words_of(respond()):
        raise RuntimeError("Django's fragment does not say the same")
    results = [
        in_turns(
            "an embed of 5 summaries made anew against Django's, same templates and questions",
            partial(timed, partial(make, press, maker, {})),
            partial(timed, respond),
            turns=TURNS,
            limit=1.5,
        )
    ]
    if shutil.which("wrk") is None:
        print("not measured: wrk not installed")
        return results
    port, peer = free_port(), free_port()
    config = made.config.root / "config.toml"
    config.write_text(f"[web]\nport = {port}\n")
    ours = [sys.executable, "-m", "publisher", "--config", str(config), "web"]
    theirs = [sys.executable, "-m", "benchmarks.django_embed", str(made.config.root), str(peer)]
    with running(ours, port), running(theirs, peer):
        each = [partial(each_request, f"http://127.0.0.1:{one}{address}") for one in (port, peer)]
        name = "an embed of 5 summaries over HTTP, ours from memory, Django's made each time"
        return [*results, in_turns(name, *each, turns=5, limit=1, unit="µs")]


if __name__ == "__main__":
    for result in run(int(sys.argv[1]) if len(sys.argv) > 1 else LARGE):
        print(result)
