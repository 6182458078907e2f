"""Builds everything from the config; the only place that knows the concrete classes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from publisher.config import Config
from publisher.delivery.maildir import MaildirTransport
from publisher.delivery.message import Signer
from publisher.delivery.smtp import SmtpTransport
from publisher.delivery.transport import Transport
from publisher.pipeline.newsroom import Newsroom
from publisher.render.environment import Templates
from publisher.store.engine import open_store


@contextmanager
def opened(config: Config) -> Iterator[Newsroom]:
    """The newsroom of a config, open until the end of the block.

    Raises StoreError, and UsageError where a key that signs mail cannot be used.
    """
    newsroom = Newsroom(
        config=config,
        store=open_store(config.store_url),
        templates=Templates(config.path(config.templates.folder)),
        transport=transport(config),
        signer=signer(config),
    )
    try:
        yield newsroom
    finally:
        newsroom.close()


def transport(config: Config) -> Transport:
    """The way out for mail that the config names."""
    url = config.mail.transport
    if url.startswith("maildir:"):
        return MaildirTransport(config.path(url.removeprefix("maildir:")))
    return SmtpTransport(url, config.mail.timeout_seconds)


def signer(config: Config) -> Signer | None:
    """What signs mail with the keys that the config names. Raises UsageError."""
    if not config.dkim.keys:
        return None
    from publisher.delivery import dkim  # most sites do without it, and it takes a while to load

    named = (one.partition(":") for one in config.dkim.keys)
    keys = tuple(dkim.read_key(name, config.path(file)) for name, _, file in named)
    return dkim.Signer(keys, config.dkim.domain)
