"""`publisher run`, `web`, `clock` and `worker`: what stays running."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from types import ModuleType

import click

from publisher.cli.common import log_as_told, newsroom_of, now, read_config, until_a_signal
from publisher.clock import Clock
from publisher.errors import UsageError
from publisher.leader import Leader
from publisher.mirror import Mirror
from publisher.pipeline.carrying import Carrier
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.remarks import remarks
from publisher.pipeline.shelf import is_shared
from publisher.pusher import Pusher
from publisher.syndicator import Syndicator
from publisher.web.app import application
from publisher.web.server import server as server_of


@click.command("run")
@click.pass_context
def run_command(context: click.Context) -> None:
    """Serve, watch, build feeds, tell partners, send editions: all in one, until Ctrl-C."""
    log_as_told(context)
    with newsroom_of(context) as newsroom:
        serve_all(newsroom)


@click.command("web")
@click.pass_context
def web_command(context: click.Context) -> None:
    """Only serve over HTTP, until Ctrl-C or SIGTERM."""
    log_as_told(context)
    with newsroom_of(context) as newsroom, mirroring(newsroom):
        serve(newsroom)


@click.command("clock")
@click.pass_context
def clock_command(context: click.Context) -> None:
    """Build feeds, tell partners, send what is due: all but the web, until Ctrl-C.

    With PostgreSQL several may run: one leads, and another takes over when it is gone.
    """
    log_as_told(context)
    with newsroom_of(context) as newsroom, working(newsroom), until_a_signal() as ended:
        ended.wait()


@click.command("worker")
@click.pass_context
def worker_command(context: click.Context) -> None:
    """Only send what is due, until Ctrl-C or SIGTERM; any number of workers share the work.

    With a broker (`[cluster]`) they do what the clock that leads hands out, feeds too.
    """
    log_as_told(context)
    if read_config(context).cluster.broker:
        with newsroom_of(context) as newsroom:
            cluster_of().work(newsroom)
        return
    with (
        newsroom_of(context) as newsroom,
        ticking(newsroom, cuts=False),
        until_a_signal() as ended,
    ):
        ended.wait()


def serve_all(newsroom: Newsroom) -> None:
    """Everything at once, until a signal ends it."""
    with working(newsroom):
        serve(newsroom)


def serve(newsroom: Newsroom) -> None:
    """HTTP until a signal ends it. Raises UsageError where the address cannot be listened on."""
    web = newsroom.config.web
    app = application(newsroom)
    server = server_of(app, web, app.feeds)
    # In a thread of its own uvicorn leaves the signals to us; it would raise them again, and so
    # end the process before the clock and the syndicator have come to rest.
    thread = threading.Thread(target=server.run, name="web", daemon=True)
    with until_a_signal() as ended:
        thread.start()
        while thread.is_alive() and not ended.wait(0.1):
            pass
        server.should_exit = True
        thread.join()
    if not server.started:
        raise UsageError(
            f"port {web.port} of {web.host} cannot be listened on; is another program using it? "
            "Set web.port to another one"
        )


@contextlib.contextmanager
def working(newsroom: Newsroom) -> Iterator[None]:
    """All but the web runs inside the block."""
    with (
        carrying(newsroom) as carrier,
        leading(newsroom) as leader,
        ticking(newsroom, leads=leader.leads, carrier=carrier),
        pushing(newsroom),
        syndicating(newsroom, leader.leads, carrier),
        mirroring(newsroom),
    ):
        yield


@contextlib.contextmanager
def mirroring(newsroom: Newsroom) -> Iterator[None]:
    """This machine's folder of feeds follows the store inside the block, if the config says so."""
    if not is_shared(newsroom):
        yield
        return
    mirror = Mirror(newsroom)
    mirror.start()
    try:
        yield
    finally:
        mirror.stop()


@contextlib.contextmanager
def carrying(newsroom: Newsroom) -> Iterator[Carrier | None]:
    """What carries work to workers inside the block; None where the config names no broker."""
    if not newsroom.config.cluster.broker:
        yield None
        return
    carrier = cluster_of().CeleryCarrier(newsroom.config)
    try:
        yield carrier
    finally:
        carrier.close()


def cluster_of() -> ModuleType:
    """The module that knows Celery, which most sites do without. Raises UsageError."""
    try:
        from publisher import cluster
    except ModuleNotFoundError:
        raise UsageError("cluster.broker needs Celery: pip install 'publisher[cluster]'") from None
    return cluster


@contextlib.contextmanager
def leading(newsroom: Newsroom) -> Iterator[Leader]:
    """This process seeks the lead among several clocks inside the block."""
    leader = Leader(newsroom)
    leader.start()
    try:
        yield leader
    finally:
        leader.stop()


@contextlib.contextmanager
def ticking(
    newsroom: Newsroom,
    *,
    cuts: bool = True,
    leads: Callable[[], bool] = lambda: True,
    carrier: Carrier | None = None,
) -> Iterator[None]:
    """The clock runs inside the block; see `Clock`."""
    for line in remarks(newsroom, now()):
        logging.getLogger(__name__).warning("%s", line)
    clock = Clock(newsroom, cuts=cuts, leads=leads, carrier=carrier)
    clock.start()
    try:
        yield
    finally:
        clock.stop()


@contextlib.contextmanager
def syndicating(
    newsroom: Newsroom,
    leads: Callable[[], bool] = lambda: True,
    carrier: Carrier | None = None,
) -> Iterator[None]:
    """The feeds are kept up to date inside the block."""
    syndicator = Syndicator(newsroom, leads, carrier)
    syndicator.start()
    try:
        yield
    finally:
        syndicator.stop()


@contextlib.contextmanager
def pushing(newsroom: Newsroom) -> Iterator[None]:
    """Partners and webhooks are told of changes inside the block."""
    pusher = Pusher(newsroom)
    pusher.start()
    try:
        yield
    finally:
        pusher.stop()
