"""Readers of a newsroom who were sent something, for tests of what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from publisher.bootstrap import opened
from publisher.config import Config
from publisher.model import Delivery, Edition
from publisher.pipeline.letters import mail_tokens
from publisher.pipeline.newsroom import Newsroom
from publisher.store import subscribers
from tests.came_back import Sent
from tests.factories import join

NOW = datetime(2024, 5, 20, 9, 0, tzinfo=UTC)
FIRST = date(2024, 5, 1)


def now() -> datetime:
    return NOW


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    config = Config.model_validate({"root": tmp_path, "store": {"url": store_url}})
    with opened(config) as made:
        yield made


@pytest.fixture
def readers(newsroom: Newsroom) -> dict[str, int]:
    """Two readers, who were sent twelve daily editions."""
    with newsroom.store.write() as session:
        join(session, "daily", ["ada@example.org", "ben@example.org"])
        people = {one.email: one.subscriber_id for one in subscribers.listed(session, "daily")}
        for number in range(12):
            cut_at = datetime(2024, 5, 1, 18, tzinfo=UTC) + timedelta(days=number)
            edition = Edition(
                list_name="daily", local_date=FIRST + timedelta(days=number), cut_at=cut_at
            )
            session.add(edition)
            session.flush()
            session.add_all(
                Delivery(
                    edition_id=edition.id, subscriber_id=one, variant="v", state="accepted",
                    due=cut_at, changed=cut_at,
                )
                for one in people.values()
            )  # fmt: skip
    return people


def sent(newsroom: Newsroom, who: int, edition: int = 1) -> Sent:
    """The mail of an edition to a reader, as the newsroom's own keys mark it."""
    tokens = mail_tokens(newsroom, NOW)
    return Sent("ada@example.org", edition, who, tokens=tokens)


def state(newsroom: Newsroom, who: int) -> str:
    with newsroom.store.read() as session:
        rows = subscribers.listed(session, "daily")
        return next(one.state for one in rows if one.subscriber_id == who)
