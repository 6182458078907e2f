"""Signs of life and numbers, for those who watch: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import ipaddress
import logging
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from publisher import logs
from publisher.errors import StoreError
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.watching import Numbers, not_ready, numbers_of

log = logging.getLogger(__name__)

NO_STORE = {"cache-control": "no-store"}
TYPE = "text/plain; version=0.0.4; charset=utf-8"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Watching:
    """Counts what is answered, and tells who may ask."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._networks = [ipaddress.ip_network(one) for one in newsroom.config.web.metrics_from]
        # (kind, status) → how many. A plain count: feeds are answered thousands of times a second.
        self.answers: Counter[tuple[str, int]] = Counter()
        self._registry = CollectorRegistry()
        self._registry.register(_Numbers(newsroom, self.answers))
        ProcessCollector(registry=self._registry)

    @property
    def routes(self) -> list[Route]:
        """The three addresses."""
        return [
            Route("/healthz", self._alive),
            Route("/readyz", self._ready),
            Route("/metrics", self._metrics),
        ]

    async def _alive(self, request: Request) -> Response:
        if "ready" in request.query_params:
            return await self._ready(request)
        return PlainTextResponse("ok\n", headers=NO_STORE)

    async def _ready(self, request: Request) -> Response:
        reason = await run_in_threadpool(not_ready, self._newsroom)
        if not reason:
            return PlainTextResponse("ready\n", headers=NO_STORE)
        log.error("not ready: %s", reason)
        # A reason names machines and files, which are nobody else's business.
        text = f"not ready: {reason}\n" if self._may_see(request) else "not ready\n"
        return PlainTextResponse(text, 503, headers=NO_STORE)

    async def _metrics(self, request: Request) -> Response:
        if not self._may_see(request):
            text = "Only the networks of web.metrics_from may see this.\n"
            return PlainTextResponse(text, 403, headers=NO_STORE)
        data = await run_in_threadpool(generate_latest, self._registry)
        return Response(data, media_type=TYPE, headers=NO_STORE)

    def _may_see(self, request: Request) -> bool:
        # What came through a proxy that the config does not name could be from anywhere.
        if not self._newsroom.config.web.trusted_proxies and "x-forwarded-for" in request.headers:
            return False
        try:
            address = ipaddress.ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in one for one in self._networks)

    def counting(self, application: ASGIApp, kind: str) -> ASGIApp:
        """The same application, whose answers are counted.

        Each request has an id in the log; an answer that is an error of ours tells it, too.
        """

        async def count(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await application(scope, receive, send)
                return
            name = secrets.token_hex(8)

            async def note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self.answers[kind, message["status"]] += 1
                    if message["status"] >= 500:
                        told = (b"x-request-id", name.encode())
                        message["headers"] = [*message["headers"], told]
                await send(message)

            with logs.bound(request=name):
                await application(scope, receive, note)

        return count


class _Numbers(Collector):
    """Asks the store when it is asked itself, and at no other time."""

    def __init__(self, newsroom: Newsroom, answers: Counter[tuple[str, int]]) -> None:
        self._newsroom, self._answers = newsroom, answers

    def collect(self) -> Iterable[Metric]:
        """Every metric of ours."""
        yield _answered(self._answers)
        begun = time.perf_counter()
        try:
            found = numbers_of(self._newsroom, datetime.now(UTC))
        except StoreError:
            yield _gauge("publisher_store_up", "Whether the database answers.", 0)
            return
        yield _gauge("publisher_store_up", "Whether the database answers.", 1)
        yield from _feeds(found)
        yield from _lists(found)
        yield from _others(found)
        yield _gauge(
            "publisher_numbers_seconds",
            "How long the database took for these numbers.",
            time.perf_counter() - begun,
        )


def _answered(answers: Counter[tuple[str, int]]) -> Metric:
    metric = CounterMetricFamily(
        "publisher_http_answers", "Answers since the start.", labels=["kind", "status"]
    )
    for (kind, status), number in sorted(answers.items()):
        metric.add_metric([kind, str(status)], number)
    return metric


def _feeds(found: Numbers) -> Iterator[Metric]:
    changed = GaugeMetricFamily(
        "publisher_feed_changed_timestamp_seconds",
        "When the feed last changed (at most 100 feeds).",
        labels=["feed"],
    )
    current = GaugeMetricFamily(
        "publisher_feed_current", "Whether the feed's files say what is stored.", labels=["feed"]
    )
    for one in found.feeds:
        name = f"{one.kind}/{one.key}" if one.key else one.kind
        changed.add_metric([name], one.changed.timestamp())
        current.add_metric([name], float(one.is_current))
    yield changed
    yield current
    yield _gauge("publisher_feeds_out_of_date", "Feeds whose files are behind.", found.feeds_late)
    text = "Age of the oldest change that is in no feed yet."
    yield _gauge("publisher_change_waiting_seconds", text, found.waiting)


def _lists(found: Numbers) -> Iterator[Metric]:
    late = GaugeMetricFamily(
        "publisher_edition_late_seconds",
        "How long ago the edition that is not sent to the end was due.",
        labels=["list"],
    )
    waits = GaugeMetricFamily(
        "publisher_list_waits", "Whether the list waits for a person's word.", labels=["list"]
    )
    letters = GaugeMetricFamily(
        "publisher_deliveries", "Letters of the latest edition.", labels=["list", "state"]
    )
    queue = GaugeMetricFamily(
        "publisher_letters_waiting", "Letters that could leave now.", labels=["list"]
    )
    for one in found.lists:
        late.add_metric([one.name], one.late)
        queue.add_metric([one.name], one.queue)
        waits.add_metric([one.name], float(one.waits))
        for state, number in sorted(one.letters.items()):
            letters.add_metric([one.name, state], number)
    yield late
    yield waits
    yield letters
    yield queue


def _others(found: Numbers) -> Iterator[Metric]:
    yield _by("publisher_notices", "Other mails on their way.", "state", found.notices)
    text = "What WebSub has to do: documents and requests of callbacks, news for hubs elsewhere."
    yield _by("publisher_websub_waiting", text, "kind", found.websub)
    if found.backup is not None:
        text = "When the newest backup in the site's folder was made."
        yield _gauge("publisher_backup_timestamp_seconds", text, found.backup.timestamp())


def _by(name: str, text: str, label: str, numbers: dict[str, int]) -> Metric:
    metric = GaugeMetricFamily(name, text, labels=[label])
    for value, number in sorted(numbers.items()):
        metric.add_metric([value], number)
    return metric


def _gauge(name: str, text: str, value: float) -> Metric:
    metric = GaugeMetricFamily(name, text)
    metric.add_metric([], value)
    return metric
