"""Celery: the steps of the pipeline on many machines. No rule of its own.

Tasks are short and safe to do twice: the store decides what is to be done, and a queue only
carries. So nothing is lost with a message, and no result is kept.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from celery import Celery, signals
from kombu.exceptions import OperationalError

from publisher import logs
from publisher.config import Config
from publisher.errors import BrokerError, PublisherError
from publisher.model import Edition
from publisher.pipeline import sending
from publisher.pipeline.build import build
from publisher.pipeline.carrying import AGAIN
from publisher.pipeline.newsroom import Newsroom

# A message that nobody has taken by then is handed out anew anyway.
EXPIRES = 2 * AGAIN.total_seconds()
# Longer than a task takes; what a worker had when it died comes back after it.
VISIBLE_SECONDS = 120
# A shard that limits hold up gives its worker back after so long; the rest is handed out anew.
LONGEST_SHARD = 60.0
# How long a broker may take to answer.
PATIENCE = 5.0
QUEUES = {"deliver_shard": "letters", "build_feed": "feeds"}

# Celery says of each task that it came and went, with all that it is about; we say it shorter.
TALKATIVE = ("celery.worker.strategy", "celery.app.trace")

log = logging.getLogger(__name__)


def app_of(config: Config) -> Celery:
    """Celery as we use it, with the broker of the config."""
    app = Celery("publisher", broker=config.cluster.broker, set_as_current=False)
    options: dict[str, Any] = {"visibility_timeout": VISIBLE_SECONDS}
    if config.cluster.broker.startswith("redis"):
        options |= {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_routes={name: {"queue": f"publisher.{queue}"} for name, queue in QUEUES.items()},
        broker_transport_options=options,
        broker_connection_timeout=PATIENCE,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_prefetch_multiplier=1,
        worker_concurrency=config.cluster.tasks_at_once,
        worker_pool="threads",
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_redirect_stdouts=False,
        enable_utc=True,
    )
    return app


class CeleryCarrier:
    """Carries work to whoever runs `work`; see `pipeline.carrying.Carrier`."""

    def __init__(self, config: Config) -> None:
        self._app = app_of(config)

    def deliver_shard(self, edition_id: int, shard: tuple[int, ...]) -> None:
        """See `Carrier.deliver_shard`."""
        self._send("deliver_shard", edition_id, list(shard))

    def build_feed(self, feed_id: int) -> None:
        """See `Carrier.build_feed`."""
        self._send("build_feed", feed_id)

    def close(self) -> None:
        """Give the connections back."""
        self._app.close()

    def _send(self, name: str, *arguments: Any) -> None:
        try:
            self._app.send_task(name, arguments, expires=EXPIRES, retry=False, ignore_result=True)
        except (OperationalError, OSError) as error:
            raise BrokerError(f"cluster.broker does not take work: {error}") from error


class Tasks:
    """What a worker does; each is one step of the pipeline."""

    def __init__(self, newsroom: Newsroom, stopping: Callable[[], bool]) -> None:
        self._newsroom, self._stopping = newsroom, stopping

    def deliver_shard(self, edition_id: int, shard: list[int]) -> None:
        """Send these rows of an edition's ledger, as far as they are due and nobody's."""
        with self._newsroom.store.read() as session:
            edition = session.get(Edition, edition_id)
        if edition is None or edition.prepared_at is None:
            return
        one = self._newsroom.config.list_named(edition.list_name)
        if one is None:
            return
        end = time.monotonic() + LONGEST_SHARD
        turns = sending.deliver(
            self._newsroom, one, edition, _now,
            lambda: self._stopping() or time.monotonic() > end,
            shard=shard,
        )  # fmt: skip
        with logs.bound(edition=f"{one.name}/{edition.local_date}"):
            number = sum(len(progress.outcomes) for progress in turns)
            log.info("list %s, edition of %s: %d letters", one.name, edition.local_date, number)

    def build_feed(self, feed_id: int) -> None:
        """Build the files of a feed that is out of date."""
        for address in build(self._newsroom, only=feed_id):
            log.info("wrote feeds/%s", address)


def work(newsroom: Newsroom) -> None:
    """Do what is handed out, until SIGTERM or SIGINT; letters on their way then arrive."""
    app, ending = app_of(newsroom.config), threading.Event()
    tasks = Tasks(newsroom, ending.is_set)
    for name in QUEUES:
        app.task(name=name)(_told(name, getattr(tasks, name)))

    def end(**_told: object) -> None:
        ending.set()

    for talker in TALKATIVE:
        logging.getLogger(talker).setLevel(logging.WARNING)
    signals.setup_logging.connect(_logs_are_ours, weak=False)
    signals.worker_shutting_down.connect(end, weak=False)
    worker = app.Worker(
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        queues=[f"publisher.{queue}" for queue in QUEUES.values()],
    )
    worker.start()


def _told(name: str, step: Callable[..., None]) -> Callable[..., None]:
    """The step, whose trouble is said in our words: the store knows what is left to be done."""

    def task(*arguments: Any) -> None:
        try:
            step(*arguments)
        except PublisherError as error:
            log.error("%s: %s", name, error)
        except Exception:  # a traceback once, by our own log
            log.exception("%s", name)

    return task


def _logs_are_ours(**_told: object) -> None:
    """Celery sets no logging up where somebody says that it has been done."""


def _now() -> datetime:
    return datetime.now(UTC)
