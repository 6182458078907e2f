"""WebSub (W3C Recommendation, 23 January 2018): what is said to whom, and when again. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from urllib.parse import quote, unquote, urlencode

from publisher.errors import FetchError
from publisher.model import HubMode
from publisher.outbound import target_of
from publisher.store.websub import Try
from publisher.syndication.document import FILES

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
# A callback that does not answer when it is asked whether it has subscribed is asked so often.
VERIFICATIONS = 3
# The kinds of feed whose folder begins with the kind; no category begins so (publisher.names).
KINDS = ("language", "tag", "author", "source")


def address_of(topic: str, site_url: str) -> str:
    """The address of a topic; a topic is a live document by its path below `feeds/`."""
    return f"{site_url}/feeds/{quote(topic)}"


def topic_of(address: str, site_url: str) -> str | None:
    """The topic that an address names, in whichever spelling (section 5.1.1); None for what is no
    live document of this site."""
    root = unquote(_in_ascii(f"{site_url}/feeds/"))
    path = unquote(_in_ascii(address))
    if not path.startswith(root):
        return None
    topic = path.removeprefix(root)
    return topic if topic.rpartition("/")[2] in FILES.values() else None


def _in_ascii(address: str) -> str:
    """An address as headers can hold it."""
    if address.isascii():
        return address
    try:
        return target_of(address).url
    except FetchError:
        return ""


def feed_of(topic: str) -> tuple[tuple[str, str], str]:
    """The feed (kind, key) and the format of a topic."""
    folder, _, file = topic.rpartition("/")
    form = next(form for form, name in FILES.items() if name == file)
    if not folder:
        return ("everything", ""), form
    kind, _, key = folder.partition("/")
    return ((kind, key) if key and kind in KINDS else ("category", folder)), form


def link_header(hubs: Iterable[str], address: str) -> str:
    """The Link header of a document and of what carries it to callbacks (sections 4 and 7)."""
    named = [f'<{_in_ascii(hub)}>; rel="hub"' for hub in hubs]
    return ", ".join([*named, f'<{_in_ascii(address)}>; rel="self"'])


def signature(secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature (section 7.1)."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def question(
    callback: str, mode: HubMode, topic: str, *, challenge: str, lease_seconds: int
) -> str:
    """Where a callback is asked whether it means a request (section 5.3)."""
    values = {"hub.mode": mode, "hub.topic": topic, "hub.challenge": challenge}
    if mode is HubMode.SUBSCRIBE:
        values["hub.lease_seconds"] = str(lease_seconds)
    return _with_query(callback, values)


def denial(callback: str, topic: str, reason: str) -> str:
    """Where a callback is told that it has no subscription (section 5.2)."""
    return _with_query(
        callback, {"hub.mode": HubMode.DENIED, "hub.topic": topic, "hub.reason": reason}
    )


def _with_query(address: str, values: dict[str, str]) -> str:
    """The address with more in its query; what it has there already stays as it is."""
    if "?" not in address:
        return f"{address}?{urlencode(values)}"
    return f"{address}{'' if address[-1] in '?&' else '&'}{urlencode(values)}"


def ping_body(addresses: Iterable[str]) -> bytes:
    """What a hub elsewhere is told (PubSubHubbub Core 0.3, section 7.1)."""
    return urlencode([("hub.mode", "publish"), *(("hub.url", one) for one in addresses)]).encode()


def lease(asked: int | None, *, default: int, shortest: int, longest: int) -> int:
    """For how many seconds a subscription is given."""
    return default if asked is None else min(max(asked, shortest), longest)


def back_off(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: twice as long each time."""
    return min(FIRST_WAIT * (1 << min(attempts - 1, 20)), LONGEST_WAIT)


def after_failure(attempts: int, failing_since: datetime | None, now: datetime, answer: str) -> Try:
    """What follows a failure; `attempts` and `failing_since` are those before it."""
    attempts += 1
    return Try(now + back_off(attempts), attempts, failing_since or now, answer)


def given_up(tried: Try, now: datetime, patience: timedelta) -> Try:
    """The same, or the end of it once it has failed for so long.

    The subscription stays until its lease ends, and the next change gets chances of its own
    (section 7).
    """
    if tried.failing_since is None or now - tried.failing_since < patience:
        return tried
    return Try(None, 0, None, f"given up after {tried.attempts} attempts: {tried.answer}")


class AtHost(Protocol):
    """Something to be sent to a host."""

    @property
    def host(self) -> str: ...


T = TypeVar("T", bound=AtHost)


@dataclass(frozen=True, slots=True)
class Room:
    """How much more may be under way: in all, and at one host beside what is there already."""

    free: int
    per_host: int
    busy: Counter[str]

    @property
    def full(self) -> list[str]:
        """The hosts at which nothing more may begin."""
        return [host for host, number in self.busy.items() if number >= self.per_host]

    def choose(self, waiting: Sequence[T]) -> list[T]:
        """Those that may begin now, in their order."""
        chosen: list[T] = []
        busy = self.busy.copy()
        for one in waiting:
            if len(chosen) < self.free and busy[one.host] < self.per_host:
                busy[one.host] += 1
                chosen.append(one)
        return chosen
