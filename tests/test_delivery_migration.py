"""An edition that an earlier version was sending goes on, and nobody gets it twice."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, create_engine, text

from publisher.model import KeyUse
from publisher.store import keys
from publisher.store.engine import Store, open_store
from tests.former_store import at_version
from tests.sending import NOW, said, send, smtp, states
from tests.smtp_server import running

STATES = ("accepted", "pending", "sending", "deferred", "failed", "suppressed", "uncertain")
CUT, SENT = 1, 2
MOMENT = "2024-05-02 18:00:00+00:00"
TWO_KEYS = ["11" * 32, "22" * 32]


def former(store_url: str, secrets: Sequence[str] = ()) -> Store:
    """A store of version 0010, opened by this one: a row in each state in two editions, one that is
    being sent and one that was sent to the end; and these keys of mails."""
    engine = create_engine(store_url)
    at_version(engine, store_url, "0010")
    _write(engine, secrets)
    engine.dispose()
    return open_store(store_url)


def _write(engine: Engine, secrets: Sequence[str]) -> None:
    with engine.begin() as connection:

        def add(table: str, **values: object) -> None:
            names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)

        for number, secret in enumerate(secrets, 1):
            add("mail_key", id=number, secret=secret)
        for edition, state in ((CUT, "cut"), (SENT, "sent")):
            add(
                "edition", id=edition, list="daily", date=f"2024-05-0{edition}", cut_at=MOMENT,
                state=state,
            )  # fmt: skip
        for number, state in enumerate(STATES, 1):
            add(
                "subscriber", id=number, email=f"{state}@example.org", name="",
                state="deliverable", handle=number,
            )  # fmt: skip
            add(
                "subscription", list="daily", subscriber_id=number, state="active", since=MOMENT,
                categories="[]", format="html",
            )  # fmt: skip
            for edition in (CUT, SENT):
                add(
                    "delivery", edition_id=edition, subscriber_id=number, variant="v",
                    state=state, due=MOMENT, reply="as it was", changed=MOMENT,
                )  # fmt: skip


def test_an_edition_that_was_being_sent_goes_on_and_nobody_gets_it_twice(store_url: str) -> None:
    store = former(store_url)
    with running() as server:
        outcomes = send(store, CUT, smtp(server.url()))
        arrived = sorted(server.recipients)
    assert arrived == ["deferred@example.org", "pending@example.org"]
    assert [one.state for one in outcomes] == ["accepted", "accepted"]
    assert states(store, CUT) == {"accepted": 3, "failed": 1, "suppressed": 1, "uncertain": 2}
    told = said(store, CUT)
    store.close()
    # What was on its way when the earlier version ended may have arrived: it is held.
    assert told["sending"][0] == told["uncertain"][0] == "uncertain"
    assert told["failed"] == ("failed", "as it was")


def test_an_edition_that_was_sent_stays_sent(store_url: str) -> None:
    store = former(store_url)
    counts, told = states(store, SENT), said(store, SENT)
    with running() as server:
        assert send(store, SENT, smtp(server.url())) == []
        assert server.recipients == []
    store.close()
    assert counts["failed"] == 2
    assert told["deferred"] == ("failed", "as it was"), "nobody will try it again"


def test_mails_that_are_out_are_known_by_the_keys_of_before(store_url: str) -> None:
    store = former(store_url, TWO_KEYS)
    found = keys.secrets_of(store, KeyUse.MAILS, NOW)
    links = keys.secrets_of(store, KeyUse.LINKS, NOW)
    store.close()
    assert [one.hex() for one in found] == TWO_KEYS
    assert len(links) == 1
    assert not set(links) & set(found)
