"""Subscribers: asked to confirm, taken off, and looked up.

Addresses stand in bodies alone: what is in the address of a request ends up in logs.
"""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, Field

from publisher.errors import UsageError
from publisher.model import Cause, Scope, Subscriber, Subscription, Transition
from publisher.newsletter.addresses import normalised
from publisher.newsletter.subscriptions import STATES, wish_of
from publisher.pipeline import subscribing
from publisher.pipeline.joining import known_categories
from publisher.store import listing as lists
from publisher.store import subscribers, transitions
from publisher.store.acts import standing
from publisher.store.engine import Session
from publisher.store.subscribers import Place
from publisher.web.api.article_shapes import Told
from publisher.web.api.cursors import LARGEST_ID, Listing, Page, listing, number_of
from publisher.web.api.editions import known_address
from publisher.web.api.operation import Answer, AnyOperation, Asked, Nothing, Operation, Shape
from publisher.web.api.problems import ProblemError, wrong
from publisher.web.api.sections import OneList, list_of

TAG = "Subscribers"
Texts = list[str]  # where a field is called list
MOST_HISTORY = 500
ACCEPTED = "If the address is not on the list, its owner is asked by mail to confirm."


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("not a time zone of the tz database, such as Europe/Istanbul")
    return name


# 320 characters: what is left of an address when the white space around it is gone is less.
Email = Annotated[
    str, Field(max_length=320, json_schema_extra={"format": "email"}), AfterValidator(normalised)
]


class Joining(Shape):
    """Who would like to get a list; what is left out is as the list has it."""

    email: Email
    name: Annotated[str, Field(max_length=200)] = ""
    language: Annotated[str | None, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,5}$")] = (
        None
    )
    timezone: Annotated[str | None, AfterValidator(_zone), Field(examples=["Europe/Oslo"])] = None
    categories: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=1000)]],
        Field(max_length=100, description="Paths; all of the list's if empty."),
    ] = []
    format: Annotated[str, Field(pattern=r"^(html|text)$")] = "html"


class Accepted(BaseModel):
    """The same whoever is meant."""

    detail: str


class Leaving(Shape):
    """Who leaves a list."""

    email: Email
    note: Annotated[str, Field(max_length=500, description="How that is known.")] = ""


class Lookup(Shape):
    """Whom it is about."""

    email: Email


class SubscriptionOut(BaseModel):
    """Somebody on a list, with their choices."""

    list: str
    state: str = Field(description="pending, active, unsubscribed, bounced or complained.")
    since: Told
    categories: Texts
    language: str | None
    timezone: str | None
    format: str


class ListedOut(SubscriptionOut):
    """A line of a list."""

    subscriber_id: int
    email: str | None
    name: str


class TransitionOut(BaseModel):
    """That a state has changed."""

    at: Told
    list: str = Field(description="Empty where the address itself is meant.")
    before: str
    after: str
    cause: str
    note: str


class SubscriberOut(BaseModel):
    """An address, its lists, and what has happened to it. `email` is null if it was erased."""

    id: int
    email: str | None
    name: str
    state: str = Field(description="deliverable, bounced, complained or erased.")
    subscriptions: list[SubscriptionOut]
    history: list[TransitionOut]


class OneSubscriber(Shape):
    """Whom it is about."""

    id: Annotated[int, Field(ge=1, le=LARGEST_ID, description="The subscriber's number.")]


class Readers(OneList, Page):
    """Who of a list."""

    state: Annotated[
        str | None,
        Field(pattern=f"^({'|'.join(STATES)})$", description="Only those in this state."),
    ] = None


def join(asked: Asked, params: OneList, body: Joining) -> Answer:
    """Somebody would like to get a list: their own mailbox is asked."""
    newsroom = asked.newsroom
    one = list_of(newsroom.config, params.list)
    cells = {
        "email": body.email, "name": body.name, "language": body.language or "",
        "timezone": body.timezone or "", "categories": "|".join(body.categories),
        "format": body.format,
    }  # fmt: skip
    try:
        wish = wish_of(cells, known_categories(newsroom, one))
    except ValueError as error:
        raise wrong(str(error), pointer="#/categories") from None
    subscribing.sign_up(newsroom, one, wish, asked.now)
    return Answer(Accepted(detail=ACCEPTED), 202)


def leave(asked: Asked, params: OneList, body: Leaving) -> Answer:
    """Somebody is taken off a list; the same where they are not on it."""
    newsroom = asked.newsroom
    one = list_of(newsroom.config, params.list)
    note = " ".join(body.note.replace("\0", "").split()) or f"API: {asked.token.name}"
    try:
        subscribing.unsubscribe_address(
            newsroom, body.email, one.name, Cause.TAKEN_OFF, asked.now, note
        )
    except UsageError:  # nobody has that address, and nobody is told
        return Answer(status=204)
    return Answer(status=204)


def read_list(asked: Asked, params: Readers, _body: Nothing) -> Answer:
    """Who is on a list."""
    one, state = list_of(asked.newsroom.config, params.list), params.state or ""
    with asked.newsroom.store.read() as session:
        rows = lists.subscriptions(session, one.name, state, number_of(params), params.limit + 1)
        own = state in ("pending", "active", "unsubscribed")
        page = listing(rows, params, _listed, lambda row: (row.id if own else row.subscriber_id,))
    return Answer(page)


def read(asked: Asked, params: OneSubscriber, _body: Nothing) -> Answer:
    """One subscriber."""
    with asked.newsroom.store.read() as session:
        return _whole(session, subscribers.by_id(session, params.id))


def look_up(asked: Asked, _params: Nothing, body: Lookup) -> Answer:
    """The subscriber of an address."""
    with asked.newsroom.store.read() as session:
        return _whole(session, subscribers.by_email(session, body.email))


def _whole(session: Session, person: Subscriber | None) -> Answer:
    if person is None:
        raise ProblemError(404, "There is no such subscriber.")
    mine = subscribers.subscriptions_of(session, person.id)
    history = transitions.of(session, person.id)[-MOST_HISTORY:]
    return Answer(
        SubscriberOut(
            id=person.id, email=known_address(person.email, person.state), name=person.name,
            state=person.state, subscriptions=[SubscriptionOut(**_choices(one)) for one in mine],
            history=[_transition(one) for one in history],
        )
    )  # fmt: skip


def _choices(one: Subscription) -> dict[str, object]:
    return {
        "list": one.list_name, "state": standing(Place(one.subscriber, one)).shown,
        "since": one.since, "categories": one.categories, "language": one.language,
        "timezone": one.timezone, "format": one.format,
    }  # fmt: skip


def _listed(one: Subscription) -> ListedOut:
    person = one.subscriber
    return ListedOut(
        subscriber_id=person.id, email=known_address(person.email, person.state), name=person.name,
        **_choices(one),
    )  # fmt: skip


def _transition(one: Transition) -> TransitionOut:
    return TransitionOut(
        at=one.at, list=one.list_name, before=one.before, after=one.after, cause=one.cause,
        note=one.note,
    )  # fmt: skip


OPERATIONS: tuple[AnyOperation, ...] = (
    Operation(
        name="listSubscribers", tag=TAG, summary="List who is on a mailing list",
        method="GET", path="/lists/{list}/subscribers", scope=Scope.READ_SUBSCRIBERS,
        work=read_list, params=Readers, body=Nothing, gives={200: Listing[ListedOut]},
        refuses=(404,),
    ),
    Operation(
        name="addSubscriber", tag=TAG, summary="Ask somebody to confirm that they want a list",
        about="Double opt-in: nobody gets a list before they have said yes from their own mailbox. "
        "The answer is the same whether or not the address is known.",
        method="POST", path="/lists/{list}/subscribers", scope=Scope.WRITE_SUBSCRIBERS, work=join,
        params=OneList, body=Joining, gives={202: Accepted}, refuses=(404,),
    ),
    Operation(
        name="removeSubscriber", tag=TAG, summary="Take somebody off a mailing list",
        about="The same again changes nothing; nor is anybody told whether the address is known.",
        method="POST", path="/lists/{list}/unsubscriptions", scope=Scope.WRITE_SUBSCRIBERS,
        work=leave, params=OneList, body=Leaving, gives={204: None}, refuses=(404,),
    ),
    Operation(
        name="findSubscriber", tag=TAG, summary="Find the subscriber of an address",
        about="A POST, so that no address stands in logs; it changes nothing.",
        method="POST", path="/subscribers/lookup", scope=Scope.READ_SUBSCRIBERS, work=look_up,
        params=Nothing, body=Lookup, gives={200: SubscriberOut}, refuses=(404,),
    ),
    Operation(
        name="getSubscriber", tag=TAG, summary="Read a subscriber, with what has happened to them",
        method="GET", path="/subscribers/{id}", scope=Scope.READ_SUBSCRIBERS, work=read,
        params=OneSubscriber, body=Nothing, gives={200: SubscriberOut}, refuses=(404,),
    ),
)  # fmt: skip
