"""Builds everything from the config; the only place that knows the concrete classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from publisher.config import Config, Relay
from publisher.config.servers import Server, parse_server
from publisher.delivery.maildir import MaildirTransport
from publisher.delivery.message import Signer
from publisher.delivery.policy import Policy
from publisher.delivery.shared import SharedBucket, SharedPolicy
from publisher.delivery.throttle import Throttle
from publisher.delivery.transport import Transport
from publisher.model import DeliveryState
from publisher.pipeline.newsroom import Newsroom
from publisher.render.environment import Templates
from publisher.store.engine import Store, open_store

if TYPE_CHECKING:
    from publisher.delivery.smtp.opening import Manners


@contextmanager
def opened(config: Config) -> Iterator[Newsroom]:
    """The newsroom of a config, open until the end of the block.

    Raises StoreError, and UsageError where a key that signs mail cannot be used.
    """
    store = open_store(config.store_url)
    newsroom = Newsroom(
        config=config,
        store=store,
        templates=Templates(config.path(config.templates.folder)),
        transport=transport(config, store),
        signer=signer(config),
        policy=policy(config, store),
    )
    try:
        yield newsroom
    finally:
        newsroom.close()


def transport(config: Config, store: Store | None = None) -> Transport:
    """The way out for mail that the config names. Raises UsageError.

    What limits servers have holds for all processes that use the store, if it is one for many.
    """
    url = config.mail.transport
    if url.startswith("maildir:") and not config.relays:
        return MaildirTransport(config.path(url.removeprefix("maildir:")))
    return _smtp(config, config.relays or (Relay(url=url),), store)


def signer(config: Config) -> Signer | None:
    """What signs mail with the keys that the config names. Raises UsageError."""
    if not config.dkim.keys:
        return None
    from publisher.delivery import dkim  # most sites do without it, and it takes a while to load

    named = (one.partition(":") for one in config.dkim.keys)
    keys = tuple(dkim.read_key(name, config.path(file)) for name, _, file in named)
    return dkim.Signer(keys, config.dkim.domain)


def _smtp(config: Config, relays: Sequence[Relay], store: Store | None) -> Transport:
    # Loaded only where it is used: TLS and an event loop take a while.
    from publisher.delivery.smtp.relay import Terms
    from publisher.delivery.smtp.transport import SmtpTransport

    general = config.delivery
    terms = [
        Terms(
            server=_server(config, one),
            weight=one.weight,
            connections=one.connections or general.connections,
            messages_per_connection=(
                general.messages_per_connection
                if one.messages_per_connection is None
                else one.messages_per_connection
            ),
            messages_per_second=one.messages_per_second,
            bucket=_shared_bucket(one, store),
        )
        for one in relays
    ]
    return SmtpTransport(terms, manners(config))


def _shared_bucket(relay: Relay, store: Store | None) -> SharedBucket | None:
    if store is None or store.is_sqlite or not relay.messages_per_second:
        return None
    return SharedBucket(store, parse_server(relay.url).place, relay.messages_per_second)


def manners(config: Config) -> Manners:
    """How we behave towards mail servers. Raises UsageError."""
    from publisher.delivery.smtp.channel import Patience
    from publisher.delivery.smtp.opening import Manners
    from publisher.delivery.smtp.tls import believing, verifying

    mail = config.mail
    return Manners(
        patience=Patience.of(mail.timeout_seconds),
        verifying=verifying(config.path(mail.ca_file) if mail.ca_file else None),
        believing=believing(),
        hello=mail.hello,
    )


def mail_servers(config: Config) -> list[Server]:
    """The mail servers that mail leaves by; none, if it goes into a folder."""
    url = config.mail.transport
    if url.startswith("maildir:") and not config.relays:
        return []
    return [_server(config, one) for one in config.relays or (Relay(url=url),)]


def _server(config: Config, relay: Relay) -> Server:
    server = parse_server(relay.url)
    if not server.password_file:
        return server
    return replace(server, password_file=str(config.path(server.password_file)))


def policy(config: Config, store: Store) -> Policy:
    """How mail may leave, by the config; the limits are those of all who send from the store."""
    delivery = config.delivery
    groups = {
        domain: (one.domains[0], one.messages_per_second)
        for one in config.throttle
        for domain in one.domains
    }
    resend = delivery.after_crash == "resend"
    kind = Policy if store.is_sqlite else partial(SharedPolicy, store)
    return kind(
        in_doubt=delivery.in_doubt,
        give_up=timedelta(hours=delivery.give_up_hours),
        after_crash=DeliveryState.PENDING if resend else DeliveryState.UNCERTAIN,
        per_second=delivery.messages_per_second,
        throttle=Throttle(delivery.per_domain_per_second, groups),
    )
