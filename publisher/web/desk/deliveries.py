"""Deliveries at the desk: what became of whose letter, and another try.

Anybody at the desk can look a reader up by the whole address; only operators see lists of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from urllib.parse import urlencode

from publisher.errors import UsageError
from publisher.model import DeliveryState, Edition, Role
from publisher.pipeline import editions, forgetting
from publisher.store import deliveries, history, letters
from publisher.store import editions as stored
from publisher.store.letters import Line
from publisher.web.desk.asked import Answer, Asked, Door, Led, Shown

ON_A_PAGE = 50
EDITIONS = 60
# What can be tried again, and whether it may then arrive twice.
AGAIN = (DeliveryState.FAILED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN)


def show(asked: Asked) -> Answer:
    """The letters that were looked for."""
    email, wrong = asked.asks("email").strip(), ""
    found: Sequence[Line] = ()
    more = ""
    edition = _edition(asked)
    state = asked.asks("state")
    counts: dict[str, int] = {}
    with asked.newsroom.store.read() as session:
        if edition is not None:
            counts = deliveries.count_by_state(session, edition.id)
        if email:
            try:
                found = letters.of_reader(session, forgetting.known(session, email).id)
            except UsageError as error:
                wrong = str(error)
        elif edition is not None and state in list(DeliveryState) and asked.who.user.is_operator:
            page = letters.in_state(
                session, edition.id, DeliveryState(state), _behind(asked), ON_A_PAGE + 1
            )
            found = page[:ON_A_PAGE]
            more = _more(asked, found[-1]) if len(page) > ON_A_PAGE else ""
        choices = [
            (one, history.latest_editions(session, one.name, EDITIONS))
            for one in asked.newsroom.config.lists
        ]
    context = {
        "email": email, "state": state, "states": list(DeliveryState), "edition": edition,
        "counts": counts, "found": found, "more": more, "choices": choices,
        "again": [one for one in AGAIN if counts.get(one)],
    }  # fmt: skip
    return Shown("desk/deliveries/list.html", "Deliveries", context, wrong=wrong)


def retry(asked: Asked) -> Answer:
    """Let the letters of an edition that are in a state be tried again."""
    one = editions.the_list(asked.newsroom, asked.text("list"))
    state = asked.text("state")
    if state not in AGAIN:
        raise UsageError("only letters that failed, wait or are in doubt can be tried again")
    with asked.newsroom.store.write() as session:
        edition = stored.find(session, one.name, _day(asked.text("day")))
        if edition is None:
            raise UsageError("there is no such edition")
        deliveries.retry(session, edition.id, DeliveryState(state), asked.now)
    return Led(f"{asked.root}/editions/{one.name}/{edition.local_date}/", "retried")


def _edition(asked: Asked) -> Edition | None:
    """The edition that the form names, as `daily/2018-02-15`."""
    name, _, day = asked.asks("edition").partition("/")
    if not name or asked.newsroom.config.list_named(name) is None:
        return None
    with asked.newsroom.store.read() as session:
        try:
            return stored.find(session, name, _day(day))
        except UsageError:
            return None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no date") from None


def _behind(asked: Asked) -> tuple[datetime, int] | None:
    moment, _, number = asked.asks("behind").partition("~")
    try:
        at = datetime.fromisoformat(moment)
        return (at, int(number)) if at.tzinfo else None
    except ValueError:
        return None


def _more(asked: Asked, last: Line) -> str:
    said = {
        "edition": asked.asks("edition"), "state": asked.asks("state"),
        "behind": f"{last.due.isoformat()}~{last.id}",
    }  # fmt: skip
    return f"?{urlencode(said)}"


DOORS = (
    Door("/desk/deliveries/", show),
    Door("/desk/deliveries/retry", None, retry, Role.OPERATOR),
)
