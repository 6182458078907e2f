"""Editions at the desk: what is in one, and what a person does before and while it leaves."""

from __future__ import annotations

from datetime import date
from typing import Any

from starlette.exceptions import HTTPException

from publisher.config import MailingList
from publisher.errors import TemplateError, UsageError
from publisher.model import DeliveryState, Edition, EditionState
from publisher.newsletter.budget import HTML_BYTES
from publisher.newsletter.compose import ComposedMail
from publisher.pipeline import editions, pauses
from publisher.pipeline.letters import proof
from publisher.pipeline.remarks import remarks_on
from publisher.store import deliveries, history, subscribers
from publisher.store import editions as stored
from publisher.web.desk.asked import Answer, Asked, Door, Led, Shown
from publisher.web.desk.look import framed
from publisher.web.desk.shapes import with_examples

LATEST = 30
# What can still be held back, and what can still be begun.
STOPPABLE = (EditionState.HELD, EditionState.CUT)
OVER = (EditionState.SENT, EditionState.EMPTY, EditionState.SKIPPED)


def show_lists(asked: Asked) -> Answer:
    """Every list with its latest editions."""
    lists = [_list(asked, one) for one in asked.newsroom.config.lists]
    return Shown("desk/editions/lists.html", "Editions", {"lists": lists})


def show_list(asked: Asked) -> Answer:
    """One list."""
    one = asked.the_list
    return Shown("desk/editions/lists.html", "Editions", {"lists": [_list(asked, one)]})


def _list(asked: Asked, one: MailingList) -> dict[str, Any]:
    with asked.newsroom.store.read() as session:
        latest = history.latest_editions(session, one.name, LATEST)
        states = subscribers.count_by_state(session, one.name)
    return {
        "one": one, "latest": latest, "states": states,
        "today": editions.today(asked.newsroom, one, asked.now),
        "pause": pauses.find(asked.newsroom, one),
        "remarks": remarks_on(asked.newsroom, one, asked.now),
    }  # fmt: skip


def show(asked: Asked) -> Answer:
    """One edition: what it says, its size, how far it is, and what can be done."""
    one, day = asked.the_list, asked.day
    with asked.newsroom.store.read() as session:
        edition = stored.find(session, one.name, day)
        letters = deliveries.count_by_state(session, edition.id) if edition else {}
    today = editions.today(asked.newsroom, one, asked.now)
    if edition is None and day != today:
        raise HTTPException(404)
    mail, trouble = _composed(asked, one, day)
    size = len(mail.html.encode()) if mail else 0
    context = {
        "one": one, "day": day, "edition": edition, "mail": mail, "trouble": trouble,
        "text": with_examples(asked.newsroom, mail.text) if mail else "",
        "size": size, "most": HTML_BYTES, "letters": letters, "states": list(DeliveryState),
        "total": sum(letters.values()), "done": _done(letters),
        "pause": pauses.find(asked.newsroom, one), "acts": _acts(edition, day, today),
        "is_leaving": edition is not None and edition.state == EditionState.CUT,
    }  # fmt: skip
    return Shown("desk/editions/show.html", "Edition", context)


def _acts(edition: Edition | None, day: date, today: date) -> set[str]:
    """What can be done with an edition now. Pure."""
    state = edition.state if edition else ""
    acts = set()
    if (state in STOPPABLE) or not state:
        acts.add("stop")
    if state == EditionState.STOPPED:
        acts.add("resume")
    if edition is not None and state not in OVER:
        acts.add("rebuild")
    if state not in (*OVER, EditionState.CUT) and day <= today:
        acts.add("send")
    return acts


def _done(letters: dict[str, int]) -> int:
    waiting = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.DEFERRED)
    return sum(number for state, number in letters.items() if state not in waiting)


def told(asked_state: str, letters: dict[str, int]) -> dict[str, Any]:
    """How far an edition is, as the page's script reads it."""
    return {
        "state": asked_state, "letters": letters, "total": sum(letters.values()),
        "done": _done(letters),
    }  # fmt: skip


def _composed(asked: Asked, one: MailingList, day: date) -> tuple[ComposedMail | None, str]:
    try:
        composer = editions.composer(asked.newsroom, one, day, asked.now)
        return composer.mail(editions.default_variant(asked.newsroom, one)), ""
    except TemplateError as error:
        return None, str(error)


def show_html(asked: Asked) -> Answer:
    """The mail alone, for a frame."""
    mail, trouble = _composed(asked, asked.the_list, asked.day)
    if mail is None:
        raise UsageError(trouble or "this edition is empty")
    return framed(asked.press, with_examples(asked.newsroom, mail.html))


def send_proof(asked: Asked) -> Answer:
    """Mail the edition to one address, outside of the ledger."""
    one, day = asked.the_list, asked.day
    mail, trouble = _composed(asked, one, day)
    if mail is None:
        raise UsageError(trouble or "this edition is empty")
    proof(asked.newsroom, one, mail, asked.text("to"), asked.now)
    return Led(_address(asked), "proof")


def act(asked: Asked) -> Answer:
    """Stop, let go on, build anew or send."""
    one, day, wanted = asked.the_list, asked.day, asked.text("act")
    newsroom, now = asked.newsroom, asked.now
    if wanted == "stop":
        editions.stop(newsroom, one, day, now)
        said = "stopped"
    elif wanted == "resume":
        editions.resume(newsroom, one, day, now)
        said = "resumed"
    elif wanted == "rebuild":
        editions.rebuild(newsroom, one, day, now)
        said = "rebuilt"
    elif wanted == "send":
        said = _send(asked, one, day)
    else:
        raise HTTPException(400)
    return Led(_address(asked), said)


def _send(asked: Asked, one: MailingList, day: date) -> str:
    """Settle the edition; whoever sends takes it up within seconds."""
    newsroom, now = asked.newsroom, asked.now
    if day > editions.today(newsroom, one, now):
        raise UsageError(f"{day} is still to come; its edition leaves by itself")
    if pauses.find(newsroom, one) is not None:
        raise UsageError("the list waits: say first how it goes on")
    with newsroom.store.read() as session:
        if not subscribers.has_active(session, one.name):
            raise UsageError("there is nobody on this list to send it to")
    editions.cut(newsroom, one, day, now)
    return "cut"


def go_on(asked: Asked) -> Answer:
    """A list that waits goes on: what is due is sent, or counts as sent."""
    one, wanted = asked.the_list, asked.text("act")
    if not asked.who.user.is_operator:
        raise UsageError("only operators can say how a list goes on")
    if wanted == "skip":
        pauses.skip(asked.newsroom, one, None, asked.now)
        return Led(f"{asked.root}/editions/{one.name}/", "skipped")
    if wanted != "send":
        raise HTTPException(400)
    pauses.resume(asked.newsroom, one)
    return Led(f"{asked.root}/editions/{one.name}/", "goes-on")


def _address(asked: Asked) -> str:
    return f"{asked.root}/editions/{asked.the_list.name}/{asked.day}/"


DOORS = (
    Door("/desk/editions/", show_lists),
    Door("/desk/editions/{list}/", show_list, go_on),
    Door("/desk/editions/{list}/{day}/", show, act),
    Door("/desk/editions/{list}/{day}/html", show_html),
    Door("/desk/editions/{list}/{day}/proof", None, send_proof),
)
