"""The benchmarks there are, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks import (
    bench_compose,
    bench_delivery,
    bench_dkim,
    bench_embed,
    bench_feed_build,
    bench_full_build,
    bench_help,
    bench_import,
    bench_latency,
    bench_one_article,
    bench_pages,
    bench_serving,
    bench_sitemap,
    bench_subscribers,
    bench_websub,
)
from benchmarks.measure import Result


@dataclass(frozen=True)
class Bench:
    """One benchmark: its name, the part of the page it belongs to, what runs it.

    One that `is_quick` takes some seconds.
    """

    name: str
    part: str
    run: Callable[[], Iterable[Result]]
    is_quick: bool = False

    def results(self) -> list[Result]:
        """All that it gives."""
        return list(self.run())


SUITE = (
    Bench("help", "Commands", bench_help.run, is_quick=True),
    Bench("import", "Commands", bench_import.run),
    Bench("one-article", "Commands", bench_one_article.run),
    Bench("feed-build", "Feeds", bench_feed_build.run, is_quick=True),
    Bench("full-build", "Feeds", bench_full_build.run),
    Bench("serving", "Feeds", bench_serving.run, is_quick=True),
    Bench("latency", "Feeds", bench_latency.run),
    Bench("websub", "Feeds", bench_websub.run, is_quick=True),
    Bench("pages", "Pages", bench_pages.run),
    Bench("embed", "Pages", bench_embed.run),
    Bench("sitemap", "Pages", bench_sitemap.run),
    Bench("subscribers", "Newsletter", bench_subscribers.run),
    Bench("compose", "Newsletter", bench_compose.run),
    Bench("delivery", "Delivery", bench_delivery.run),
    Bench("dkim", "Delivery", bench_dkim.run, is_quick=True),
)
