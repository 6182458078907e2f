"""Subscribers at the desk: looked up, with their history; taken off and put back; imported."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from publisher.config import MailingList
from publisher.errors import UsageError
from publisher.model import Cause, Role, Subscriber, Upload
from publisher.pipeline import editions, imports, subscribing
from publisher.store import desk_subscribers, letters, subscribers, transitions
from publisher.web.desk.asked import Answer, Asked, Door, Led, Shown

ON_A_PAGE = 50
STATES = ("pending", "active", "unsubscribed", "bounced", "complained")


def show_many(asked: Asked) -> Answer:
    """Those that were looked for, or those of a list."""
    text = asked.asks("q").strip().lower()[:254]
    name, state, behind = asked.asks("list"), asked.asks("state"), asked.asks("behind")
    state = state if state in STATES else ""
    more = ""
    with asked.newsroom.store.read() as session:
        if text:
            found = desk_subscribers.beginning_with(session, text, ON_A_PAGE)
        elif asked.newsroom.config.list_named(name) is not None:
            after = int(behind) if behind.isascii() and behind.isdigit() else 0
            page = desk_subscribers.on_list(session, name, state, after, ON_A_PAGE + 1)
            found = page[:ON_A_PAGE]
            if len(page) > ON_A_PAGE:
                said = {"list": name, "state": state, "behind": found[-1].id}
                more = f"?{urlencode(said)}"
        else:
            found = []
        counts = [
            (one, subscribers.count_by_state(session, one.name))
            for one in asked.newsroom.config.lists
        ]
    context = {
        "q": text, "list_name": name, "state": state, "states": STATES, "found": found,
        "more": more, "counts": counts, "is_asked": bool(text or name),
    }  # fmt: skip
    return Shown("desk/subscribers/list.html", "Subscribers", context)


def show(asked: Asked) -> Answer:
    """One subscriber: where they are, what happened, and what became of their mail."""
    person = _existing(asked)
    with asked.newsroom.store.read() as session:
        context = {
            "person": person,
            "subscriptions": subscribers.subscriptions_of(session, person.id),
            "history": list(reversed(transitions.of(session, person.id))),
            "letters": letters.of_reader(session, person.id),
            "reports": desk_subscribers.reports_on(session, person.id, ON_A_PAGE),
            "titles": {one.name: one.title for one in asked.newsroom.config.lists},
        }
    return Shown("desk/subscribers/show.html", "Subscriber", context)


def act(asked: Asked) -> Answer:
    """Take somebody off a list, or reverse what has stopped their mail."""
    person = _existing(asked)
    note = " ".join(asked.text("note").split())
    if not note:
        raise UsageError("say why, and who has asked for it: it is kept in the history")
    note = f"{note} ({asked.who.user.name})"
    name = asked.text("list") or None
    if name is not None:
        editions.the_list(asked.newsroom, name)
    if asked.text("act") == "off":
        subscribing.unsubscribe_address(
            asked.newsroom, person.email, name, Cause.TAKEN_OFF, asked.now, note
        )
        said = "off"
    elif asked.text("act") == "restore":
        subscribing.restore(asked.newsroom, person.email, name, note, asked.now)
        said = "restored"
    else:
        raise HTTPException(400)
    return Led(f"{asked.root}/subscribers/{person.id}", said)


def _existing(asked: Asked) -> Subscriber:
    with asked.newsroom.store.read() as session:
        found = desk_subscribers.by_id(session, asked.path["id"])
    if found is None or found.state == "erased":
        raise HTTPException(404)
    return found


def show_import(asked: Asked) -> Answer:
    """The form for a file of people."""
    return Shown(
        "desk/subscribers/import.html", "Import subscribers", {"lists": asked.newsroom.config.lists}
    )


def upload(asked: Asked) -> Answer:
    """Take a file, which is only looked at first."""
    file = asked.file("file")
    if file is None:
        raise UsageError("choose a file: CSV, with a first line that names its columns")
    one = editions.the_list(asked.newsroom, asked.text("list"))
    consent = " ".join(asked.text("consent").split())
    number = imports.keep(
        asked.newsroom,
        Upload(
            user_id=asked.who.user.id, at=asked.now, list_name=one.name, consent=consent,
            name=(file.filename or "people.csv")[:200], data=file.file.read(),
        ),
    )  # fmt: skip
    return Led(f"{asked.root}/subscribers/import/{number}")


def show_upload(asked: Asked) -> Answer:
    """What would become of a file."""
    found, one = _upload(asked)
    outcome = imports.look(asked.newsroom, one, found, asked.now)
    context = {"upload": found, "one": one, "outcome": outcome}
    return Shown("desk/subscribers/look.html", "Import subscribers", context)


def take_in(asked: Asked) -> Answer:
    """Take a file in that was looked at."""
    found, one = _upload(asked)
    imports.take_in(asked.newsroom, one, found, asked.who.user.name, asked.now)
    return Led(f"{asked.root}/imports/", "imported")


def _upload(asked: Asked) -> tuple[Upload, MailingList]:
    """The file of that number, if whoever asks has sent it. Raises HTTPException (404)."""
    with asked.newsroom.store.read() as session:
        found = desk_subscribers.upload_of(session, asked.path["number"], asked.who.user.id)
    if found is None or _is_old(found, asked.now):
        raise HTTPException(404)
    return found, editions.the_list(asked.newsroom, found.list_name)


def _is_old(found: Upload, now: datetime) -> bool:
    return now - found.at > imports.KEPT


DOORS = (
    Door("/desk/subscribers/", show_many, None, Role.OPERATOR),
    Door("/desk/subscribers/{id:int}", show, act, Role.OPERATOR),
    Door("/desk/subscribers/import", show_import, upload, Role.OPERATOR),
    Door("/desk/subscribers/import/{number:int}", show_upload, take_in, Role.OPERATOR),
)
