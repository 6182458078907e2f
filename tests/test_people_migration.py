"""A store of an earlier version keeps everybody in the state they were in."""

from __future__ import annotations

from sqlalchemy import create_engine, select, text

from publisher.model import Subscriber
from publisher.store import subscribers, transitions
from publisher.store.engine import open_store
from tests.former_store import at_version

STATES = ("pending", "active", "unsubscribed", "bounced", "complained")


def test_states_from_before_the_log_are_kept(store_url: str) -> None:
    engine = create_engine(store_url)
    at_version(engine, store_url, "0003")
    with engine.begin() as connection:
        for number, name in enumerate(STATES, 1):
            values = {"id": number, "email": f"{name}@example.org", "state": name}
            connection.execute(
                text("INSERT INTO subscriber VALUES (:id, :email, '', :state)"), values
            )
            connection.execute(
                text(
                    "INSERT INTO subscription (list, subscriber_id, categories, format) "
                    "VALUES ('daily', :id, '[]', 'html')"
                ),
                values,
            )
    engine.dispose()
    store = open_store(store_url)
    with store.read() as session:
        found = {row.email: row.state for row in subscribers.listed(session, "daily")}
        handles = set(session.scalars(select(Subscriber.handle)))
        counts = subscribers.count_by_state(session, "daily")
        log = [(one.list_name, one.after) for one in transitions.of(session, 5)]
    store.close()
    assert found == {f"{name}@example.org": name for name in STATES}
    assert counts == dict.fromkeys(STATES, 1)
    assert len(handles) == 5
    assert 0 not in handles
    assert log == [("daily", "unsubscribed"), ("", "complained")]
