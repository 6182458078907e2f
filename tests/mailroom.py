"""A newsroom with a local mailbox, for tests about people and their mail."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlalchemy import select

from publisher.bootstrap import opened
from publisher.config import Config, MailingList
from publisher.model import Cause, Transition
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.notices import send_notices
from publisher.store import acts, subscribers
from tests.factories import join

NOW = datetime(2024, 5, 2, 12, 0, tzinfo=UTC)
SITE = "https://news.example"
ADA = "ada@example.org"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@contextmanager
def mailroom(store_url: str, folder: Path, **sections: Any) -> Iterator[Newsroom]:
    """A newsroom with two lists, `daily` and `weekly`."""
    values = {
        "root": folder,
        "site": {"title": "Harbour Post", "url": SITE},
        "store": {"url": store_url},
        "lists": [
            {"name": "daily", "title": "Daily digest"},
            {"name": "weekly", "title": "Week in review", "language": "ar"},
        ],
    }
    with opened(Config.model_validate({**values, **sections})) as newsroom:
        yield newsroom


def the_list(newsroom: Newsroom, name: str = "daily") -> MailingList:
    found = newsroom.config.list_named(name)
    assert found is not None
    return found


def state(newsroom: Newsroom, address: str, list_name: str = "daily") -> str:
    """The state that the list shows the address in; empty where it is not on it."""
    with newsroom.store.read() as session:
        rows = subscribers.listed(session, list_name)
        return next((row.state for row in rows if row.email == address), "")


def tick(newsroom: Newsroom, now: datetime = NOW) -> list[str]:
    """Send the notices that are due; the states they came out in."""
    turns = send_notices(newsroom, lambda: now)
    return [str(o.state) for progress in turns for o in progress.outcomes]


def letters(newsroom: Newsroom, to: str | None = None) -> list[EmailMessage]:
    """What lies in the local mailbox, oldest first."""
    files = (newsroom.config.root / "mailbox" / "new").glob("*.eml")
    found = [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in sorted(files, key=lambda file: file.stat().st_mtime_ns)
    ]
    return [one for one in found if to is None or one["Delivered-To"] == to]


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def token_in(letter: EmailMessage, folder: str) -> str:
    """The token of a link under that folder of the site; the same in both parts of the letter."""
    pattern = rf"{re.escape(SITE)}/{folder}/([A-Za-z0-9._-]+)"
    found = set(re.findall(pattern, text_of(letter)))
    assert len(found) == 1, f"no link to /{folder}/ in the letter"
    if letter.is_multipart():
        assert set(re.findall(pattern, text_of(letter, "html"))) == found
    return str(found.pop())


def put(newsroom: Newsroom, *addresses: str, list_name: str = "daily") -> None:
    """Active readers."""
    with newsroom.store.write() as session:
        join(session, list_name, [*addresses], now=NOW - DAY)


def left_by_link(newsroom: Newsroom) -> str:
    """Ada, who was active, leaves; the token of her way back."""
    put(newsroom, ADA)
    with newsroom.store.write() as session:
        place = subscribers.places(session, "daily", [ADA])[ADA]
        acts.act(session, "daily", place, Cause.ONE_CLICK, NOW)
    tick(newsroom)
    return token_in(letters(newsroom, ADA)[-1], "subscribe")


def stop(newsroom: Newsroom, cause: Cause) -> None:
    with newsroom.store.write() as session:
        person = subscribers.by_email(session, ADA)
        assert person is not None
        acts.stop(session, person.id, cause, NOW, "550 no such person")


def history(newsroom: Newsroom) -> list[tuple[str, str, str, str, str]]:
    with newsroom.store.read() as session:
        rows = session.scalars(select(Transition).order_by(Transition.id))
        return [(one.list_name, one.before, one.after, one.cause, one.note) for one in rows]
